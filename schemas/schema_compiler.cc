// JSON Schema to SchemaSpec: from the root, every set of schemas that must hold for one value
// becomes a node, once. Since a set is known by its members, a schema that refers to itself comes
// back to a node that is there already, and the graph is finite.
//
// A schema is refused unless its spec allows exactly what it allows: expander.cc works out what the
// keywords mean together, and this file writes one node for each type of each shape that is left.

#include "schemas/schema_compiler.h"

#include <algorithm>
#include <deque>
#include <map>

#include "schemas/expander.h"
#include "schemas/json_schema.h"
#include "schemas/keywords.h"
#include "schemas/limits.h"
#include "schemas/node_writer.h"

namespace schemas {
namespace {

class Compiler {
 public:
  explicit Compiler(const JsonValue& schema)
      : references_(schema), expander_(references_, tables_) {
    spec_.root = node_of({SchemaRef{&schema, false}});
    while (!waiting_.empty()) {
      const auto [set, id] = std::move(waiting_.front());
      waiting_.pop_front();
      write(set, id);
    }
  }

  SchemaSpec take() { return std::move(spec_); }

 private:
  NodeId add(Node node) {
    if (spec_.nodes.size() >= Limits::nodes_max) {
      throw SchemaError("", "size", "more than " + std::to_string(Limits::nodes_max) + " nodes");
    }
    spec_.nodes.push_back(std::move(node));
    return static_cast<NodeId>(spec_.nodes.size() - 1);
  }

  NodeId node_of(const SchemaSet& set) {
    const auto known = nodes_.find(set);
    if (known != nodes_.end()) return known->second;
    const NodeId id = add(NeverNode{});
    nodes_.emplace(set, id);
    waiting_.emplace_back(set, id);
    return id;
  }

  void write(const SchemaSet& set, NodeId id) {
    NodeWriter writer(expander_, set, [this](const SchemaSet& part) { return node_of(part); });
    std::vector<Node> branches = writer.take();
    if (branches.empty()) {
      if (id == spec_.root) refuse_empty(*set.front().schema);
      return;  // it stays a NeverNode
    }
    if (branches.size() == 1) {
      spec_.nodes[id] = std::move(branches.front());
      return;
    }
    AnyOfNode any;
    for (Node& branch : branches) any.branches.push_back(add(std::move(branch)));
    spec_.nodes[id] = std::move(any);
  }

  // At the keyword that most likely is at fault.
  [[noreturn]] static void refuse_empty(const JsonValue& root) {
    if (root.is(JsonValue::Kind::Boolean)) throw SchemaError("", "false", "allows nothing");
    for (const char* keyword : {"enum", "const", "minimum", "exclusiveMinimum", "maximum",
                                "exclusiveMaximum", "minLength", "minItems", "minProperties"}) {
      if (root.find(keyword) != nullptr) {
        refuse_keyword("", keyword, "no value satisfies it and the other keywords of the schema");
      }
    }
    throw SchemaError("", "schema", "no document satisfies it");
  }

  References references_;
  TextTables tables_;
  Expander expander_;
  SchemaSpec spec_;
  std::map<SchemaSet, NodeId> nodes_;
  std::deque<std::pair<SchemaSet, NodeId>> waiting_;
};

// Gives every required property, and what it requires in turn, a node of its own: callers narrow
// such nodes one by one, and a schema may use one definition for several.
void unshare_required(SchemaSpec* spec, NodeId id, std::vector<bool>* taken) {
  (*taken)[id] = true;
  const auto* object = std::get_if<ObjectNode>(&spec->nodes[id]);
  if (object == nullptr) return;
  for (std::size_t i = 0; i < object->properties.size(); ++i) {
    if (!object->properties[i].required) continue;
    NodeId child = object->properties[i].node;
    if ((*taken)[child]) {
      if (spec->nodes.size() >= Limits::nodes_max) return;
      Node copy = spec->nodes[child];
      spec->nodes.push_back(std::move(copy));
      taken->push_back(false);
      child = static_cast<NodeId>(spec->nodes.size() - 1);
      std::get<ObjectNode>(spec->nodes[id]).properties[i].node = child;
    }
    if (taken->size() > Limits::nodes_max / 2) return;
    unshare_required(spec, child, taken);
    object = std::get_if<ObjectNode>(&spec->nodes[id]);
  }
}

}  // namespace

SchemaSpec compile_json_schema(const JsonValue& schema) {
  SchemaSpec spec = Compiler(schema).take();
  refuse_oversized(spec);
  std::vector<bool> taken(spec.nodes.size(), false);
  unshare_required(&spec, spec.root, &taken);
  return spec;
}

void refuse_keyword(const std::string& pointer, const std::string& keyword,
                    const std::string& reason) {
  throw SchemaError(pointer_to(pointer, keyword), keyword, reason);
}

}  // namespace schemas
