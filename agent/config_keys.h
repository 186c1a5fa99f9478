#pragma once

// Every key of the configuration: its place, kind, default, unit and bounds. The parser refuses
// what is not in this table, and the JSON Schema and the table in deploy/config are written from
// it, so that the three cannot differ.
// Thread safety: constant data.

#include <span>
#include <string>
#include <string_view>

namespace agent {

enum class KeyKind {
  Object,        // keys below "PATH."
  ObjectList,    // list of objects; keys below "PATH[]."
  String,        // minimum and maximum count bytes
  StringList,    // list of strings
  StringOrList,  // a string, or a list of at least one
  StringMap,     // object of strings under free names
  Integer,
  Number,
  Size,          // integer or "256M"
  Choice,        // one of `choices`, separated by |
  ChoiceList,    // list of them
  Json,          // any value of JSON
  PathOrObject,  // file name, or the content inline
  PathOrList,    // file name of JSON lines, or the rows inline
};

struct KeySpec {
  std::string_view path;  // "broker.tls.ca", "routes[].fields[].name"
  KeyKind kind;
  bool required;
  std::string_view initial;  // default in JSON, empty if there is none
  double minimum;            // of a number, or of a string's bytes, or of a list's length
  double maximum;
  std::string_view unit;
  std::string_view choices;
  std::string_view text;  // what it does, one sentence
};

std::span<const KeySpec> config_keys();

// Names that are part of the product's contract and not of this version, as key paths or, for a
// value of a choice, "PATH=VALUE". They are refused with a message of their own.
std::span<const std::string_view> unbuilt_keys();

// The spec at `path`, or nullptr.
const KeySpec* find_key(std::string_view path);

// The JSON Schema (draft 2020-12) of the configuration, and the table of its keys in Markdown.
std::string config_json_schema();
std::string config_key_table();

}  // namespace agent
