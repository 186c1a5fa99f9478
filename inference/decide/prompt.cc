#include "inference/decide/prompt.h"

#include <limits>

namespace inference {
namespace {

using schemas::NodeId;
using schemas::SchemaSpec;

void append_separated(std::string& out, std::string_view text, std::string_view separator) {
  if (!out.empty()) out += separator;
  out += text;
}

std::string describe_integer(const schemas::IntegerNode& node) {
  const bool low = node.minimum != std::numeric_limits<std::int64_t>::min();
  const bool high = node.maximum != std::numeric_limits<std::int64_t>::max();
  std::string out = node.copy ? "an integer of the message" : "an integer";
  if (low) out += " from " + std::to_string(node.minimum);
  if (high) out += (low ? " to " : " up to ") + std::to_string(node.maximum);
  return out;
}

std::string describe_number(const schemas::NumberNode& node) {
  std::string out = node.copy ? "a number of the message" : "a number";
  if (node.minimum) out += (node.minimum->exclusive ? " above " : " from ") + node.minimum->text;
  if (node.maximum) out += (node.maximum->exclusive ? " below " : " up to ") + node.maximum->text;
  return out;
}

// One line for the value of a field that is not an object.
std::string describe(const SchemaSpec& spec, NodeId id) {
  const schemas::Node& node = spec.nodes.at(id);
  if (const auto* set = std::get_if<schemas::EnumNode>(&node)) {
    std::string out;
    for (const std::string& value : set->values) append_separated(out, value, ", ");
    return out;
  }
  if (std::holds_alternative<schemas::BooleanNode>(node)) return "true, false";
  if (std::holds_alternative<schemas::NullNode>(node)) return "null";
  if (const auto* integer = std::get_if<schemas::IntegerNode>(&node)) {
    return describe_integer(*integer);
  }
  if (const auto* number = std::get_if<schemas::NumberNode>(&node)) return describe_number(*number);
  if (const auto* text = std::get_if<schemas::StringNode>(&node)) {
    return text->copy ? "a text of the message" : "a text";
  }
  if (const auto* array = std::get_if<schemas::ArrayNode>(&node)) {
    return "a list of " + describe(spec, array->items);
  }
  return "an object";
}

void append_fields(const SchemaSpec& spec, NodeId id, const std::string& path, std::string& out) {
  const schemas::Node& node = spec.nodes.at(id);
  if (const auto* object = std::get_if<schemas::ObjectNode>(&node)) {
    for (const schemas::Property& property : object->properties) {
      append_fields(spec, property.node, path.empty() ? property.name : path + "." + property.name,
                    out);
    }
    return;
  }
  append_separated(out, path.empty() ? describe(spec, id) : path + ": " + describe(spec, id), "; ");
}

}  // namespace

std::string make_system_text(std::string_view instructions, const SchemaSpec& spec) {
  std::string fields;
  append_fields(spec, spec.root, "", fields);
  std::string out(instructions);
  append_separated(out, "Answer with JSON.", " ");
  if (!fields.empty()) out += " " + fields + ".";
  return out;
}

}  // namespace inference
