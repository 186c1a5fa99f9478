#pragma once

// A SchemaSpec as one line of text, so that a test can state the whole of what it expects:
//   {a:enum("x","y"), b?:int(0..9), c:[str(0..64)](0..8), d:num(>=0.5 <3), e:bool, f:null}
// Thread safety: free functions without state.

#include <algorithm>
#include <string>
#include <vector>

#include "schemas/json_value.h"
#include "schemas/schema_spec.h"

namespace schemas::testing {

inline std::string text_of(const SchemaSpec& spec, NodeId id);

// A node inside itself is written as `^`.
struct SpecWriter {
  const SchemaSpec& spec;
  mutable std::vector<NodeId> around = {};

  std::string text_of(const SchemaSpec&, NodeId id) const {
    if (std::find(around.begin(), around.end(), id) != around.end()) return "^";
    around.push_back(id);
    std::string text = std::visit(*this, spec.nodes.at(id));
    around.pop_back();
    return text;
  }

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
    std::string text = "str(" + range(node.min_length, node.max_length);
    for (const TextCheck& check : node.checks) {
      text += (check.negated ? " not " : " ") + quote(check.text);
    }
    return text + ")";
  }
  std::string operator()(const ArrayNode& node) const {
    std::string prefix;
    for (const NodeId item : node.prefix) prefix += text_of(spec, item) + ", ";
    return "[" + prefix + text_of(spec, node.items) + "](" + range(node.min_items, node.max_items) +
           ")";
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
  return SpecWriter{spec}.text_of(spec, id);
}

inline std::string text_of(const SchemaSpec& spec) { return text_of(spec, spec.root); }

}  // namespace schemas::testing
