#include "inference/decide/closed_fields.h"

#include <charconv>

#include "inference/check.h"
#include "inference/decide/json_text.h"

namespace inference {
namespace {

using schemas::NodeId;
using schemas::SchemaSpec;

std::string integer_text(std::int64_t value) {
  char buffer[24];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return {buffer, end};
}

// The options of a node that is a finite set within the limits, else an empty list.
std::vector<std::string> options_of(const schemas::Node& node, const ClosedLimits& limits) {
  if (const auto* set = std::get_if<schemas::EnumNode>(&node)) {
    if (set->values.size() <= limits.options_max) return set->values;
  } else if (std::holds_alternative<schemas::BooleanNode>(node)) {
    return {"true", "false"};
  } else if (std::holds_alternative<schemas::NullNode>(node)) {
    return {"null"};
  } else if (const auto* integer = std::get_if<schemas::IntegerNode>(&node)) {
    const auto span =
        static_cast<std::uint64_t>(integer->maximum) - static_cast<std::uint64_t>(integer->minimum);
    std::vector<std::string> values;
    if (integer->copy) return values;  // what the message holds is not known yet
    if (span >= limits.integer_values_max) return values;
    for (std::int64_t v = integer->minimum;; ++v) {
      values.push_back(integer_text(v));
      if (v == integer->maximum) return values;
    }
  }
  return {};
}

struct Walk {
  const SchemaSpec& spec;
  const ClosedLimits& limits;
  std::vector<ClosedField> fields;

  // Depth is bounded by the schema parser's nesting limit.
  void visit(NodeId id, const std::string& pointer, const std::string& branch) {
    const schemas::Node& node = spec.nodes.at(id);
    if (const auto* object = std::get_if<schemas::ObjectNode>(&node)) {
      for (const schemas::Property& property : object->properties) {
        if (!property.required) continue;
        visit(property.node, pointer_append(pointer, property.name),
              branch + "{" + json_quote(property.name) + ":");
      }
      return;
    }
    std::vector<std::string> options = options_of(node, limits);
    if (options.empty()) return;
    // A document that is nothing but the value ends with the line.
    const char terminator = branch.empty() ? '\n' : ',';
    fields.push_back({pointer, branch, terminator, id, std::move(options)});
    if (const auto* set = std::get_if<schemas::EnumNode>(&node)) fields.back().words = set->words;
  }
};

bool append_only(const SchemaSpec& spec, NodeId id, std::string& out) {
  const schemas::Node& node = spec.nodes.at(id);
  if (const auto* set = std::get_if<schemas::EnumNode>(&node)) {
    if (set->values.size() != 1) return false;
    out += set->values.front();
    return true;
  }
  if (std::holds_alternative<schemas::NullNode>(node)) {
    out += "null";
    return true;
  }
  const auto* object = std::get_if<schemas::ObjectNode>(&node);
  if (object == nullptr) return false;
  out += '{';
  for (const schemas::Property& property : object->properties) {
    if (!property.required) return false;
    if (out.back() != '{') out += ',';
    out += json_quote(property.name) + ':';
    if (!append_only(spec, property.node, out)) return false;
  }
  out += '}';
  return true;
}

}  // namespace

std::vector<ClosedField> find_closed_fields(const SchemaSpec& spec, const ClosedLimits& limits) {
  Walk walk{spec, limits, {}};
  walk.visit(spec.root, "", "");
  return std::move(walk.fields);
}

SchemaSpec narrow(SchemaSpec spec, std::span<const Choice> choices) {
  for (const Choice& choice : choices) {
    PICOLM_CHECK(choice.node < spec.nodes.size());
    spec.nodes[choice.node] = schemas::EnumNode{{choice.value}};
  }
  return spec;
}

std::optional<std::string> only_document(const SchemaSpec& spec) {
  std::string out;
  if (!append_only(spec, spec.root, out)) return std::nullopt;
  return out;
}

}  // namespace inference
