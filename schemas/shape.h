#pragma once

// What a schema says about one value, with all branches worked out: a union of shapes, each of
// which is a plain conjunction. Schemas of the parts of a value stay references.
// Thread safety: plain data.

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schemas/decimal.h"
#include "schemas/json_value.h"
#include "schemas/schema_spec.h"

namespace schemas {

// A schema of the text, or its contrary.
struct SchemaRef {
  const JsonValue* schema = nullptr;
  bool negated = false;

  // By place in the text, never by address: what comes of a schema must be the same in every run.
  std::pair<std::uint32_t, bool> order() const { return {schema ? schema->place : 0, negated}; }
  auto operator<=>(const SchemaRef& other) const { return order() <=> other.order(); }
  bool operator==(const SchemaRef& other) const { return order() == other.order(); }
};

// All of them must hold. Sorted, without repetitions.
using SchemaSet = std::vector<SchemaRef>;

// Types as bits. An integer is a number that has no fraction, whatever its text.
enum TypeBits : unsigned {
  kNullBit = 1,
  kBooleanBit = 2,
  kIntegerBit = 4,
  kFractionBit = 8,
  kStringBit = 16,
  kArrayBit = 32,
  kObjectBit = 64,
  kNumberBits = kIntegerBit | kFractionBit,
  kAllBits = 127
};

// What one schema says about keys: declared ones and patterns, and of what is neither, additional.
struct ObjectRule {
  std::vector<std::pair<std::string, SchemaRef>> properties;
  std::vector<std::pair<std::string, SchemaRef>> patterns;
  std::optional<SchemaRef> additional;
};

struct ArrayRule {
  std::vector<SchemaRef> prefix;
  std::optional<SchemaRef> items;
};

struct Shape {
  static constexpr std::uint32_t kNoMaximum = 0xFFFFFFFF;

  unsigned types = kAllBits;
  std::optional<std::vector<const JsonValue*>> values;  // enum, const
  bool copy = false;                                    // x-picolm-copy
  std::string words;  // title and description of the one value, by line
  std::vector<const JsonValue*> excluded;

  DecimalInterval interval;
  std::vector<Decimal> multiples;

  std::uint32_t min_length = 0;
  std::uint32_t max_length = kNoMaximum;
  std::vector<TextCheck> checks;

  std::vector<std::shared_ptr<const ArrayRule>> arrays;  // shared by the shapes of a union
  std::uint32_t min_items = 0;
  std::uint32_t max_items = kNoMaximum;
  bool unique = false;

  std::vector<std::shared_ptr<const ObjectRule>> objects;  // as well
  std::vector<std::string> required;                       // in order, without repetitions
  std::uint32_t min_properties = 0;
  std::uint32_t max_properties = kNoMaximum;
  SchemaSet names;
};

using Shapes = std::vector<Shape>;

// What satisfies both; nothing if the types or the listed values have nothing in common.
std::optional<Shape> meet(const Shape& a, const Shape& b);

void add_ref(SchemaRef ref, SchemaSet* set);
// Lines more, but for those that are there or would exceed the limit.
void add_words(const std::string& more, std::string* words);
void add_required(const std::string& name, Shape* shape);

}  // namespace schemas
