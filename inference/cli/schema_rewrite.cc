// The order of keys is the schema's. Where a value may follow one of several branches, the keys of
// all of them count, in the order in which they are first declared.

#include "inference/cli/schema_rewrite.h"

#include <algorithm>
#include <set>
#include <vector>

namespace picolm {
namespace {

using schemas::JsonValue;
using schemas::NodeId;

class Rewriter {
 public:
  explicit Rewriter(const schemas::SchemaSpec& spec) : spec_(spec) {}

  void write(const JsonValue& value, const std::vector<NodeId>& nodes, std::string* out) const {
    if (value.is(JsonValue::Kind::Array)) return write_array(value, flat(nodes), out);
    if (value.is(JsonValue::Kind::Object)) return write_object(value, flat(nodes), out);
    *out += schemas::write_compact(value);
  }

 private:
  // The nodes without AnyOfNodes, their branches in their place.
  std::vector<NodeId> flat(const std::vector<NodeId>& nodes) const {
    std::vector<NodeId> all = nodes;
    std::vector<NodeId> out;
    std::set<NodeId> seen;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!seen.insert(all[i]).second) continue;
      const auto* any = std::get_if<schemas::AnyOfNode>(&spec_.nodes[all[i]]);
      if (any == nullptr) {
        out.push_back(all[i]);
      } else {
        all.insert(all.end(), any->branches.begin(), any->branches.end());
      }
    }
    return out;
  }

  void write_array(const JsonValue& value, const std::vector<NodeId>& nodes,
                   std::string* out) const {
    *out += '[';
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      std::vector<NodeId> inner;
      for (const NodeId id : nodes) {
        const auto* array = std::get_if<schemas::ArrayNode>(&spec_.nodes[id]);
        if (array != nullptr) {
          inner.push_back(i < array->prefix.size() ? array->prefix[i] : array->items);
        }
      }
      if (i > 0) *out += ',';
      write(value.items[i], inner, out);
    }
    *out += ']';
  }

  void write_object(const JsonValue& value, const std::vector<NodeId>& nodes,
                    std::string* out) const {
    std::vector<std::string> order;
    std::set<std::string> known;
    const auto add = [&](const std::string& name) {
      if (value.find(name) != nullptr && known.insert(name).second) order.push_back(name);
    };
    std::vector<const schemas::ObjectNode*> objects;
    for (const NodeId id : nodes) {
      const auto* object = std::get_if<schemas::ObjectNode>(&spec_.nodes[id]);
      if (object == nullptr) continue;
      objects.push_back(object);
      for (const schemas::Property& property : object->properties) add(property.name);
    }
    for (const std::string& name : value.keys) add(name);
    *out += '{';
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (i > 0) *out += ',';
      *out += schemas::quote(order[i]) + ":";
      write(*value.find(order[i]), nodes_of(objects, order[i]), out);
    }
    *out += '}';
  }

  static std::vector<NodeId> nodes_of(const std::vector<const schemas::ObjectNode*>& objects,
                                      const std::string& name) {
    std::vector<NodeId> nodes;
    for (const schemas::ObjectNode* object : objects) {
      const auto& all = object->properties;
      const auto found =
          std::find_if(all.begin(), all.end(), [&](const auto& p) { return p.name == name; });
      if (found != all.end()) {
        nodes.push_back(found->node);
      } else {
        for (const schemas::KeyClass& one : object->classes) nodes.push_back(one.node);
      }
    }
    return nodes;
  }

  const schemas::SchemaSpec& spec_;
};

}  // namespace

std::string rewrite(const schemas::SchemaSpec& spec, const JsonValue& value) {
  std::string out;
  Rewriter(spec).write(value, {spec.root}, &out);
  return out;
}

}  // namespace picolm
