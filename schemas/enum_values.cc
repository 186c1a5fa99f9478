// enum and const: a finite set, so every other keyword beside them can be settled at load by
// keeping the values it allows. What is left is a plain list and nothing remains to be enforced.

#include <algorithm>
#include <set>

#include "schemas/decimal.h"
#include "schemas/json_schema.h"
#include "schemas/limits.h"
#include "schemas/schema_compiler.h"

namespace schemas {
namespace {

using Kind = JsonValue::Kind;

bool has_allowed_type(const JsonValue& schema, const JsonValue& value) {
  const JsonValue* type = schema.find("type");
  if (type == nullptr) return true;
  if (type->is(Kind::String)) return has_type(value, type->text);
  return std::any_of(type->items.begin(), type->items.end(),
                     [&](const JsonValue& name) { return has_type(value, name.text); });
}

bool has_required(const JsonValue& schema, const JsonValue& value) {
  const JsonValue* required = schema.find("required");
  if (required == nullptr || !value.is(Kind::Object)) return true;
  return std::all_of(required->items.begin(), required->items.end(),
                     [&](const JsonValue& name) { return value.find(name.text) != nullptr; });
}

// Schemas for the parts of a value are not applied to values that are written out anyway.
void refuse_schemas_beside(const JsonValue& schema, const std::string& pointer,
                           const JsonValue& value) {
  const auto refuse_if_there = [&](const std::string& keyword) {
    if (schema.find(keyword) == nullptr) return;
    refuse_keyword(pointer, keyword, "not supported beside enum or const with such values");
  };
  if (value.is(Kind::Array) && !value.items.empty()) refuse_if_there("items");
  if (value.is(Kind::Object) && !value.items.empty()) {
    refuse_if_there("properties");
    refuse_if_there("additionalProperties");
  }
}

}  // namespace

EnumNode unique_values(const std::vector<const JsonValue*>& values) {
  EnumNode node;
  std::set<std::string> seen;
  for (const JsonValue* value : values) {
    if (seen.insert(write_canonical(*value)).second) node.values.push_back(write_compact(*value));
  }
  return node;
}

EnumNode enum_node(const JsonValue& schema, const std::string& pointer) {
  const JsonValue* listed = schema.find("enum");
  const JsonValue* constant = schema.find("const");
  const std::string constant_text = constant == nullptr ? "" : write_canonical(*constant);
  std::vector<const JsonValue*> candidates;
  if (listed == nullptr) {
    candidates.push_back(constant);
  } else {
    for (const JsonValue& value : listed->items) candidates.push_back(&value);
  }
  std::vector<const JsonValue*> kept;
  for (const JsonValue* value : candidates) {
    const bool allowed = has_allowed_type(schema, *value) && has_required(schema, *value) &&
                         within_bounds(schema, pointer, *value) &&
                         (constant == nullptr || write_canonical(*value) == constant_text);
    if (!allowed) continue;
    refuse_schemas_beside(schema, pointer, *value);
    kept.push_back(value);
  }
  if (kept.empty()) {
    refuse_keyword(pointer, listed != nullptr ? "enum" : "const",
                   "no value satisfies the other keywords of the schema");
  }
  return unique_values(kept);
}

bool has_type(const JsonValue& value, std::string_view name) {
  switch (value.kind) {
    case Kind::Null:
      return name == "null";
    case Kind::Boolean:
      return name == "boolean";
    case Kind::String:
      return name == "string";
    case Kind::Array:
      return name == "array";
    case Kind::Object:
      return name == "object";
    case Kind::Number:
      break;
  }
  if (name == "number") return true;
  if (name != "integer") return false;
  const auto decimal = parse_decimal(value.text);
  return decimal && decimal->is_integer();
}

}  // namespace schemas
