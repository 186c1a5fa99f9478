// JSON Schema to SchemaSpec, one node a schema, by walking down from the root.
//
// A schema is refused unless its spec can be shown to allow nothing that it forbids. Three steps
// keep that easy to see: first every keyword is looked up in the table, and one that is unknown,
// unsupported or of the wrong kind ends the work; then enum and const, if there, settle the whole
// schema; and only then the type chooses the node and the few keywords that speak about it.
// Keywords for other types have no effect in JSON Schema, so they have none here.

#include "schemas/schema_compiler.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "schemas/json_schema.h"
#include "schemas/keywords.h"
#include "schemas/limits.h"

namespace schemas {
namespace {

using Kind = JsonValue::Kind;

// Steps of inserting, deleting or changing one letter from `a` to `b`, whatever their case.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (lower(a[i]) == lower(b[j]) ? 0U : 1U);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

// The keyword that `name` was probably meant to be, or nothing.
std::optional<std::string_view> nearest_keyword(std::string_view name) {
  constexpr std::size_t kNameMax = 40;
  if (name.size() > kNameMax) return std::nullopt;
  std::optional<std::string_view> nearest;
  std::size_t distance_best = 3;  // further away is a different word
  for (const Keyword& keyword : keywords()) {
    const std::size_t distance = edit_distance(name, keyword.name);
    if (distance < distance_best && distance * 2 < keyword.name.size()) {
      distance_best = distance;
      nearest = keyword.name;
    }
  }
  return nearest;
}

[[noreturn]] void refuse_unknown(const std::string& pointer, const std::string& name,
                                 const JsonValue& value) {
  std::string reason = "unknown keyword";
  if (const auto nearest = nearest_keyword(name)) {
    reason += "; did you mean " + quote(*nearest) + "?";
  } else if (value.is(Kind::Array)) {
    reason += "; if the shorthand was meant: none of its keys may be named like a keyword";
  }
  refuse_keyword(pointer, name, reason);
}

void check_keywords(const JsonValue& schema, const std::string& pointer) {
  for (std::size_t i = 0; i < schema.keys.size(); ++i) {
    const std::string& name = schema.keys[i];
    const JsonValue& value = schema.items[i];
    if (is_vendor_annotation(name)) continue;
    const Keyword* keyword = find_keyword(name);
    if (keyword == nullptr) refuse_unknown(pointer, name, value);
    // The one refused keyword with a value that is common and asks for nothing.
    if (name == "uniqueItems" && value.is(Kind::Boolean) && !value.boolean) continue;
    if (keyword->use == KeywordUse::Refused) {
      refuse_keyword(pointer, name, "not supported; " + std::string(keyword->advice));
    }
    if (!has_kind(value, keyword->kind)) {
      refuse_keyword(
          pointer, name,
          "found " + describe(value) + ", wanted " + std::string(describe(keyword->kind)));
    }
  }
}

// What to add to a schema that names no type, judged by the keywords it has.
std::string type_advice(const JsonValue& schema) {
  const auto has = [&](std::initializer_list<const char*> names) {
    return std::any_of(names.begin(), names.end(),
                       [&](const char* name) { return schema.find(name) != nullptr; });
  };
  if (has({"properties", "required", "additionalProperties"})) return "\"type\":\"object\"";
  if (has({"items", "minItems", "maxItems"})) return "\"type\":\"array\"";
  if (has({"minLength", "maxLength"})) return "\"type\":\"string\"";
  if (has({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})) {
    return "\"type\":\"number\"";
  }
  return "a type or an enum";
}

class Compiler {
 public:
  SchemaSpec take() { return std::move(spec_); }

  NodeId compile(const JsonValue& schema, const std::string& pointer, std::size_t level) {
    if (schema.is(Kind::Boolean)) {
      throw SchemaError(pointer, schema.boolean ? "true" : "false",
                        schema.boolean ? "allows any JSON, which has no end; name a type"
                                       : "allows nothing; leave it out");
    }
    if (!schema.is(Kind::Object)) {
      throw SchemaError(pointer, "schema", "found " + describe(schema) + ", wanted a schema");
    }
    if (level > Limits::nesting_max) {
      throw SchemaError(pointer, "nesting",
                        "deeper than " + std::to_string(Limits::nesting_max) + " levels");
    }
    check_keywords(schema, pointer);
    spec_.nodes.emplace_back();
    const auto id = static_cast<NodeId>(spec_.nodes.size() - 1);
    Node node = make_node(schema, pointer, level);  // grows spec_.nodes
    spec_.nodes[id] = std::move(node);
    return id;
  }

 private:
  Node make_node(const JsonValue& schema, const std::string& pointer, std::size_t level) {
    if (schema.find("enum") != nullptr || schema.find("const") != nullptr) {
      return enum_node(schema, pointer);
    }
    const JsonValue* type = schema.find("type");
    if (type == nullptr) {
      refuse_keyword(pointer, "type", "missing, which allows any JSON; add " + type_advice(schema));
    }
    const std::set<std::string> names = type_names(*type);
    if (names == std::set<std::string>{"boolean", "null"}) {
      return EnumNode{{"false", "true", "null"}};
    }
    if (names == std::set<std::string>{"integer", "number"}) {
      return number_node(schema, pointer);  // every integer is a number
    }
    if (names.size() > 1) {
      refuse_keyword(pointer, "type", "more than one type is supported only beside an enum");
    }
    return typed_node(*names.begin(), schema, pointer, level);
  }

  static std::set<std::string> type_names(const JsonValue& type) {
    if (type.is(Kind::String)) return {type.text};
    std::set<std::string> names;
    for (const JsonValue& name : type.items) names.insert(name.text);
    return names;
  }

  Node typed_node(const std::string& type, const JsonValue& schema, const std::string& pointer,
                  std::size_t level) {
    if (type == "null") return NullNode{};
    if (type == "boolean") return BooleanNode{};
    if (type == "integer") return integer_node(schema, pointer);
    if (type == "number") return number_node(schema, pointer);
    if (type == "string") return string_node(schema, pointer);
    if (type == "array") return compile_array(schema, pointer, level);
    return compile_object(schema, pointer, level);
  }

  ArrayNode compile_array(const JsonValue& schema, const std::string& pointer, std::size_t level) {
    ArrayNode node = array_node(schema, pointer);
    const JsonValue* items = schema.find("items");
    if (items == nullptr) {
      refuse_keyword(pointer, "items", "missing, which allows any JSON as an element");
    }
    node.items = compile(*items, pointer_to(pointer, "items"), level + 1);
    return node;
  }

  ObjectNode compile_object(const JsonValue& schema, const std::string& pointer,
                            std::size_t level) {
    static const JsonValue kNone;
    const JsonValue* found = schema.find("properties");
    const JsonValue& properties = found == nullptr ? kNone : *found;
    const std::set<std::string_view> declared(properties.keys.begin(), properties.keys.end());
    const std::set<std::string_view> required = required_names(schema, pointer, declared);
    const std::string at = pointer_to(pointer, "properties");
    ObjectNode node;
    for (std::size_t i = 0; i < properties.keys.size(); ++i) {
      const std::string& name = properties.keys[i];
      const NodeId id = compile(properties.items[i], pointer_to(at, name), level + 1);
      node.properties.push_back({name, id, required.count(name) > 0});
    }
    return node;
  }

  static std::set<std::string_view> required_names(const JsonValue& schema,
                                                   const std::string& pointer,
                                                   const std::set<std::string_view>& declared) {
    std::set<std::string_view> names;
    const JsonValue* required = schema.find("required");
    if (required == nullptr) return names;
    for (std::size_t i = 0; i < required->items.size(); ++i) {
      const std::string& name = required->items[i].text;
      if (declared.count(name) == 0) {
        throw SchemaError(pointer_to(pointer_to(pointer, "required"), i), "required",
                          quote(name) + " is not declared in properties");
      }
      names.insert(name);
    }
    return names;
  }

  SchemaSpec spec_;
};

// Bytes of the shortest document, or more; clipped so that products cannot overflow.
std::uint64_t shortest_bytes(const SchemaSpec& spec, NodeId id) {
  constexpr std::uint64_t kClip = std::uint64_t{1} << 31;
  struct Visitor {
    const SchemaSpec& spec;
    std::uint64_t operator()(const BooleanNode&) const { return 4; }
    std::uint64_t operator()(const NullNode&) const { return 4; }
    std::uint64_t operator()(const IntegerNode&) const { return 20; }
    std::uint64_t operator()(const NumberNode&) const { return Limits::number_digits_max + 2; }
    std::uint64_t operator()(const StringNode& node) const { return node.min_length + 2; }
    std::uint64_t operator()(const EnumNode& node) const {
      std::size_t bytes = node.values.front().size();
      for (const std::string& value : node.values) bytes = std::min(bytes, value.size());
      return bytes;
    }
    std::uint64_t operator()(const ArrayNode& node) const {
      if (node.min_items == 0) return 2;
      return 2 + node.min_items * (shortest_bytes(spec, node.items) + 1);
    }
    std::uint64_t operator()(const ObjectNode& node) const {
      std::uint64_t bytes = 2;
      for (const Property& property : node.properties) {
        if (!property.required) continue;
        bytes += quote(property.name).size() + 2 + shortest_bytes(spec, property.node);
      }
      return bytes;
    }
  };
  return std::min(std::visit(Visitor{spec}, spec.nodes[id]), kClip);
}

}  // namespace

SchemaSpec compile_json_schema(const JsonValue& schema) {
  Compiler compiler;
  compiler.compile(schema, "", 1);
  return compiler.take();
}

void refuse_oversized(const SchemaSpec& spec) {
  const std::uint64_t bytes = shortest_bytes(spec, spec.root);
  if (bytes > Limits::shortest_output_bytes_max) {
    throw SchemaError("", "size",
                      "the shortest document may take " + std::to_string(bytes) +
                          " bytes, wanted at most " +
                          std::to_string(Limits::shortest_output_bytes_max));
  }
}

void refuse_keyword(const std::string& pointer, const std::string& keyword,
                    const std::string& reason) {
  throw SchemaError(pointer_to(pointer, keyword), keyword, reason);
}

}  // namespace schemas
