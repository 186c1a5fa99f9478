#include "schemas/keywords.h"

#include <algorithm>
#include <array>
#include <optional>

#include "schemas/decimal.h"

namespace schemas {
namespace {

using Kind = KeywordKind;
using Use = KeywordUse;

constexpr std::string_view kInline = "write the schema out where it is used";

constexpr Keyword kKeywords[] = {
    {"type", Kind::Type, Use::Enforced, ""},
    {"enum", Kind::List, Use::Enforced, ""},
    {"const", Kind::Any, Use::Enforced, ""},
    {"properties", Kind::SchemaMap, Use::Enforced, ""},
    {"required", Kind::Names, Use::Enforced, ""},
    {"additionalProperties", Kind::Schema, Use::Enforced, ""},
    {"minimum", Kind::Number, Use::Enforced, ""},
    {"maximum", Kind::Number, Use::Enforced, ""},
    {"exclusiveMinimum", Kind::Number, Use::Enforced, ""},
    {"exclusiveMaximum", Kind::Number, Use::Enforced, ""},
    {"minLength", Kind::Count, Use::Enforced, ""},
    {"maxLength", Kind::Count, Use::Enforced, ""},
    {"items", Kind::Items, Use::Enforced, ""},
    {"minItems", Kind::Count, Use::Enforced, ""},
    {"maxItems", Kind::Count, Use::Enforced, ""},

    {"title", Kind::String, Use::Annotation, ""},
    {"description", Kind::String, Use::Annotation, ""},
    {"default", Kind::Any, Use::Annotation, ""},
    {"examples", Kind::Any, Use::Annotation, ""},
    {"example", Kind::Any, Use::Annotation, ""},
    {"deprecated", Kind::Boolean, Use::Annotation, ""},
    {"readOnly", Kind::Boolean, Use::Annotation, ""},
    {"writeOnly", Kind::Boolean, Use::Annotation, ""},
    {"$schema", Kind::String, Use::Annotation, ""},
    {"$id", Kind::String, Use::Annotation, ""},
    {"id", Kind::String, Use::Annotation, ""},
    {"$anchor", Kind::String, Use::Annotation, ""},
    {"$comment", Kind::String, Use::Annotation, ""},
    // Definitions are reached through references only.
    {"$defs", Kind::SchemaMap, Use::Annotation, ""},
    {"definitions", Kind::SchemaMap, Use::Annotation, ""},

    {"$ref", Kind::String, Use::Enforced, ""},
    {"$dynamicRef", Kind::String, Use::Refused, kInline},
    {"$dynamicAnchor", Kind::String, Use::Refused, kInline},
    {"$recursiveRef", Kind::String, Use::Refused, kInline},
    {"$vocabulary", Kind::Any, Use::Refused, "leave it out"},
    {"allOf", Kind::SchemaList, Use::Enforced, ""},
    {"anyOf", Kind::SchemaList, Use::Enforced, ""},
    {"oneOf", Kind::SchemaList, Use::Enforced, ""},
    {"not", Kind::Schema, Use::Enforced, ""},
    {"if", Kind::Schema, Use::Enforced, ""},
    {"then", Kind::Schema, Use::Enforced, ""},
    {"else", Kind::Schema, Use::Enforced, ""},
    {"dependentSchemas", Kind::SchemaMap, Use::Enforced, ""},
    {"dependentRequired", Kind::Any, Use::Enforced, ""},
    {"dependencies", Kind::Any, Use::Enforced, ""},
    {"patternProperties", Kind::SchemaMap, Use::Enforced, ""},
    {"propertyNames", Kind::Schema, Use::Enforced, ""},
    {"minProperties", Kind::Count, Use::Enforced, ""},
    {"maxProperties", Kind::Count, Use::Enforced, ""},
    {"unevaluatedProperties", Kind::Schema, Use::Refused, "use additionalProperties"},
    {"prefixItems", Kind::SchemaList, Use::Enforced, ""},
    {"additionalItems", Kind::Schema, Use::Enforced, ""},
    {"unevaluatedItems", Kind::Schema, Use::Refused, "use items"},
    {"contains", Kind::Schema, Use::Refused, "use items"},
    {"minContains", Kind::Count, Use::Refused, "use minItems"},
    {"maxContains", Kind::Count, Use::Refused, "use maxItems"},
    {"uniqueItems", Kind::Boolean, Use::Enforced, ""},
    {"multipleOf", Kind::Number, Use::Enforced, ""},
    {"pattern", Kind::String, Use::Enforced, ""},
    {"format", Kind::String, Use::Enforced, ""},
    {"contentEncoding", Kind::String, Use::Annotation, ""},
    {"contentMediaType", Kind::String, Use::Annotation, ""},
    {"contentSchema", Kind::Schema, Use::Annotation, ""},
    {"nullable", Kind::Boolean, Use::Refused, "use an optional property"},
};

constexpr std::array<std::string_view, 7> kTypeNames = {"null",   "boolean", "integer", "number",
                                                        "string", "array",   "object"};

bool is_schema(const JsonValue& value) {
  return value.is(JsonValue::Kind::Object) || value.is(JsonValue::Kind::Boolean);
}

bool is_string(const JsonValue& value) { return value.is(JsonValue::Kind::String); }

bool names_type(const JsonValue& value) { return is_string(value) && is_type_name(value.text); }

bool is_count(const JsonValue& value) {
  if (!value.is(JsonValue::Kind::Number)) return false;
  const std::optional<Decimal> decimal = parse_decimal(value.text);
  return decimal && decimal->is_integer() && !decimal->negative;
}

}  // namespace

std::span<const Keyword> keywords() { return kKeywords; }

const Keyword* find_keyword(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kKeywords), std::end(kKeywords),
                                         [&](const Keyword& k) { return k.name == name; });
  return found == std::end(kKeywords) ? nullptr : found;
}

bool is_vendor_annotation(std::string_view name) { return name.substr(0, 2) == "x-"; }

bool has_kind(const JsonValue& value, KeywordKind kind) {
  const auto all_items = [&](auto test) {
    return std::all_of(value.items.begin(), value.items.end(), test);
  };
  const bool list = value.is(JsonValue::Kind::Array);
  switch (kind) {
    case Kind::Any:
      return true;
    case Kind::String:
      return is_string(value);
    case Kind::Boolean:
      return value.is(JsonValue::Kind::Boolean);
    case Kind::Number:
      return value.is(JsonValue::Kind::Number);
    case Kind::Count:
      return is_count(value);
    case Kind::Type:
      return names_type(value) || (list && !value.items.empty() && all_items(names_type));
    case Kind::List:
      return list && !value.items.empty();
    case Kind::Names:
      return list && all_items(is_string);
    case Kind::Schema:
      return is_schema(value);
    case Kind::Items:
      return is_schema(value) || has_kind(value, Kind::SchemaList);
    case Kind::SchemaMap:
      return value.is(JsonValue::Kind::Object);
    case Kind::SchemaList:
      return list && !value.items.empty() && all_items(is_schema);
  }
  return false;
}

std::string_view describe(KeywordKind kind) {
  switch (kind) {
    case Kind::Any:
      return "any value";
    case Kind::String:
      return "a string";
    case Kind::Boolean:
      return "true or false";
    case Kind::Number:
      return "a number";
    case Kind::Count:
      return "a non-negative integer";
    case Kind::Type:
      return "a type name or a list of them (null boolean integer number string array object)";
    case Kind::List:
      return "a list of at least one value";
    case Kind::Names:
      return "a list of strings";
    case Kind::Schema:
    case Kind::Items:
      return "a schema";
    case Kind::SchemaMap:
      return "an object of schemas";
    case Kind::SchemaList:
      return "a list of schemas";
  }
  return "nothing";
}

bool is_type_name(std::string_view name) {
  return std::find(kTypeNames.begin(), kTypeNames.end(), name) != kTypeNames.end();
}

}  // namespace schemas
