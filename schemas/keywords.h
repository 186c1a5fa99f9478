#pragma once

// The table of JSON Schema keywords: what kind of value each takes, and what becomes of it here.
// Thread safety: constant.

#include <cstdint>
#include <span>
#include <string_view>

#include "schemas/json_value.h"

namespace schemas {

enum class KeywordKind : std::uint8_t {
  Any,
  String,
  Boolean,
  Number,
  Count,      // a non-negative integer; 2.0 is one
  Type,       // a type name or a list of them
  List,       // a list with at least one value
  Names,      // a list of strings
  Schema,     // an object or a boolean
  Items,      // a schema; draft-07 also has a list of them, which is recognised and refused
  SchemaMap,  // an object of schemas
  SchemaList  // a list of schemas
};

enum class KeywordUse : std::uint8_t {
  Enforced,
  Annotation,  // never narrows or widens what is valid, so it may be ignored
  Refused
};

struct Keyword {
  std::string_view name;
  KeywordKind kind;
  KeywordUse use;
  std::string_view advice;  // refused keywords: what to write instead; else empty
};

// All keywords known here, in the order of the README's table.
std::span<const Keyword> keywords();

// The keyword called `name`, or null. Names that start with "x-" are annotations by convention
// and are not in the table; see is_vendor_annotation.
const Keyword* find_keyword(std::string_view name);
bool is_vendor_annotation(std::string_view name);

// Ours: an annotation of a string or number whose value is to be copied from the message. It says
// nothing about which documents are valid.
inline constexpr std::string_view kOwnPrefix = "x-picolm-";
inline constexpr std::string_view kCopyKeyword = "x-picolm-copy";

// Is `value` of the kind that the keyword takes? Looks one level deep only.
bool has_kind(const JsonValue& value, KeywordKind kind);

// "a number", "a list of strings": what the kind wants, for messages.
std::string_view describe(KeywordKind kind);

// One of null boolean integer number string array object.
bool is_type_name(std::string_view name);

}  // namespace schemas
