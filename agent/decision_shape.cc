#include "agent/decision_shape.h"

#include <algorithm>

#include "agent/json_scan.h"
#include "schemas/validator.h"

namespace agent {
namespace {

const schemas::ObjectNode* root_object(const schemas::SchemaSpec& spec) {
  return std::get_if<schemas::ObjectNode>(&spec.nodes[spec.root]);
}

}  // namespace

const schemas::Property* find_property(const schemas::SchemaSpec& spec, std::string_view name) {
  const schemas::ObjectNode* object = root_object(spec);
  if (object == nullptr) return nullptr;
  for (const schemas::Property& property : object->properties) {
    if (property.name == name) return &property;
  }
  return nullptr;
}

schemas::SchemaSpec without_properties(const schemas::SchemaSpec& spec,
                                       const std::vector<std::string>& names) {
  schemas::SchemaSpec pruned = spec;
  auto& properties = std::get<schemas::ObjectNode>(pruned.nodes[pruned.root]).properties;
  std::erase_if(properties, [&](const schemas::Property& property) {
    return std::find(names.begin(), names.end(), property.name) != names.end();
  });
  return pruned;
}

std::optional<std::string> bound_value(const schemas::SchemaSpec& spec, schemas::NodeId node,
                                       std::string_view text) {
  schemas::SchemaSpec alone = spec;
  alone.root = node;
  std::string quoted = json_quote(text);
  if (schemas::validate(alone, quoted).valid) return quoted;
  const auto* closed = std::get_if<schemas::EnumNode>(&alone.nodes[alone.root]);
  if (closed == nullptr) return std::nullopt;
  const auto found = std::find(closed->values.begin(), closed->values.end(), text);
  if (found == closed->values.end()) return std::nullopt;
  return *found;
}

std::string add_bound(const schemas::SchemaSpec& spec, std::string_view open_json,
                      const std::vector<std::pair<std::string, std::string>>& bound) {
  const schemas::ObjectNode* object = root_object(spec);
  const auto members = json_members(open_json);
  if (object == nullptr || !members || bound.empty()) return std::string(open_json);
  std::string out = "{";
  const auto append = [&](const std::string& name, std::string_view value) {
    if (out.size() > 1) out += ',';
    out += json_quote(name);
    out += ':';
    out += value;
  };
  for (const schemas::Property& property : object->properties) {
    const auto named = [&](const auto& pair) { return pair.first == property.name; };
    const auto member = std::find_if(members->begin(), members->end(), named);
    const auto filled = std::find_if(bound.begin(), bound.end(), named);
    if (member != members->end()) {
      append(property.name, member->second);
    } else if (filled != bound.end()) {
      append(property.name, filled->second);
    }
  }
  return out + "}";
}

}  // namespace agent
