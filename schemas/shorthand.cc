// The shorthand {"status":["ok","error"]}: an object in which every key is a required property
// and every value lists what it may be. Small enough to type on a command line; whatever it
// cannot say is said in JSON Schema.

#include <algorithm>

#include "schemas/json_schema.h"
#include "schemas/keywords.h"
#include "schemas/limits.h"
#include "schemas/schema_compiler.h"

namespace schemas {
namespace {

using Kind = JsonValue::Kind;

bool is_scalar(const JsonValue& value) { return !value.is(Kind::Array) && !value.is(Kind::Object); }

bool is_scalar_list(const JsonValue& value) {
  return value.is(Kind::Array) && !value.items.empty() &&
         std::all_of(value.items.begin(), value.items.end(), is_scalar);
}

[[noreturn]] void refuse(const std::string& pointer, const std::string& reason) {
  throw SchemaError(pointer, "shorthand", reason);
}

class ShorthandCompiler {
 public:
  SchemaSpec take() { return std::move(spec_); }

  NodeId compile_object(const JsonValue& object, const std::string& pointer, std::size_t level) {
    if (object.keys.empty()) refuse(pointer, "found an empty object, wanted properties");
    if (level > 1 && looks_like_json_schema(object)) {
      refuse(pointer, "JSON Schema inside the shorthand; write the whole schema as JSON Schema");
    }
    if (level >= Limits::nesting_max) {
      refuse(pointer, "nested deeper than " + std::to_string(Limits::nesting_max) + " levels");
    }
    const NodeId id = add();
    ObjectNode node;
    for (std::size_t i = 0; i < object.keys.size(); ++i) {
      const std::string at = pointer_to(pointer, object.keys[i]);
      node.properties.push_back({object.keys[i], compile_value(object.items[i], at, level), true});
    }
    spec_.nodes[id] = std::move(node);
    return id;
  }

 private:
  NodeId add() {
    spec_.nodes.emplace_back();
    return static_cast<NodeId>(spec_.nodes.size() - 1);
  }

  NodeId compile_value(const JsonValue& value, const std::string& pointer, std::size_t level) {
    if (value.is(Kind::Object)) return compile_object(value, pointer, level + 1);
    if (!is_scalar_list(value)) {
      refuse(pointer, "found " + describe(value) +
                          ", wanted a list of scalars such as [\"ok\",\"error\"], or an object of "
                          "such lists; for anything else write JSON Schema, which has a type");
    }
    std::vector<const JsonValue*> values;
    for (const JsonValue& item : value.items) values.push_back(&item);
    const NodeId id = add();
    spec_.nodes[id] = unique_values(values);
    return id;
  }

  SchemaSpec spec_;
};

}  // namespace

bool looks_like_json_schema(const JsonValue& object) {
  for (std::size_t i = 0; i < object.keys.size(); ++i) {
    const Keyword* keyword = find_keyword(object.keys[i]);
    if (keyword != nullptr && has_kind(object.items[i], keyword->kind)) return true;
  }
  return false;
}

bool is_shorthand(const JsonValue& object) {
  return object.is(Kind::Object) && !object.keys.empty() && !looks_like_json_schema(object) &&
         std::all_of(object.items.begin(), object.items.end(), [](const JsonValue& value) {
           return is_scalar_list(value) || is_shorthand(value);
         });
}

bool may_be_either(const JsonValue& object) {
  const auto says = [&](const char* key) { return object.find(key) != nullptr; };
  return object.is(Kind::Object) && (says("required") || says("items")) && !says("enum") &&
         !says("type") && !says("const") &&
         std::all_of(object.items.begin(), object.items.end(), is_scalar_list);
}

SchemaSpec compile_shorthand(const JsonValue& object) {
  ShorthandCompiler compiler;
  compiler.compile_object(object, "", 1);
  return compiler.take();
}

}  // namespace schemas
