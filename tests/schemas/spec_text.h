#pragma once

// A SchemaSpec as one line of text, so that a test can state the whole of what it expects:
//   {a:enum("x","y"), b?:int(0..9), c:[str(0..64)](0..8), d:num(>=0.5 <3), e:bool, f:null}
// Thread safety: free functions without state.

#include <string>

#include "schemas/schema_spec.h"

namespace schemas::testing {

inline std::string text_of(const SchemaSpec& spec, NodeId id);

struct SpecWriter {
  const SchemaSpec& spec;

  std::string operator()(const NeverNode&) const { return "never"; }
  std::string operator()(const AnyOfNode& node) const {
    std::string text;
    for (const NodeId branch : node.branches) {
      text += (text.empty() ? "" : " | ") + text_of(spec, branch);
    }
    return "(" + text + ")";
  }
  std::string operator()(const BooleanNode&) const { return "bool"; }
  std::string operator()(const NullNode&) const { return "null"; }
  std::string operator()(const EnumNode& node) const {
    std::string text;
    for (const std::string& value : node.values) text += (text.empty() ? "" : ",") + value;
    return "enum(" + text + ")";
  }
  std::string operator()(const IntegerNode& node) const {
    return "int(" + std::to_string(node.minimum) + ".." + std::to_string(node.maximum) + ")";
  }
  std::string operator()(const NumberNode& node) const {
    std::string text;
    if (node.minimum) text += (node.minimum->exclusive ? ">" : ">=") + node.minimum->text;
    if (node.minimum && node.maximum) text += " ";
    if (node.maximum) text += (node.maximum->exclusive ? "<" : "<=") + node.maximum->text;
    return "num(" + text + ")";
  }
  std::string operator()(const StringNode& node) const {
    return "str(" + range(node.min_length, node.max_length) + ")";
  }
  std::string operator()(const ArrayNode& node) const {
    return "[" + text_of(spec, node.items) + "](" + range(node.min_items, node.max_items) + ")";
  }
  std::string operator()(const ObjectNode& node) const {
    std::string text;
    for (const Property& property : node.properties) {
      text += (text.empty() ? "" : ", ") + property.name + (property.required ? ":" : "?:") +
              text_of(spec, property.node);
    }
    return "{" + text + "}";
  }

  static std::string range(std::uint32_t minimum, std::uint32_t maximum) {
    return std::to_string(minimum) + ".." + std::to_string(maximum);
  }
};

inline std::string text_of(const SchemaSpec& spec, NodeId id) {
  return std::visit(SpecWriter{spec}, spec.nodes.at(id));
}

inline std::string text_of(const SchemaSpec& spec) { return text_of(spec, spec.root); }

}  // namespace schemas::testing
