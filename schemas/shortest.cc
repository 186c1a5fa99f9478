// The length of the shortest document, by rounds: a node's length follows from its parts', and each
// round may only make lengths shorter. Nodes that stay without a length have no document.

#include <algorithm>
#include <optional>

#include "schemas/json_schema.h"
#include "schemas/json_value.h"
#include "schemas/limits.h"
#include "schemas/schema_compiler.h"

namespace schemas {
namespace {

constexpr std::uint64_t kNone = std::uint64_t{1} << 40;
constexpr std::uint64_t kClip = std::uint64_t{1} << 31;  // so that sums do not wrap

struct Lengths {
  const SchemaSpec& spec;
  std::vector<std::uint64_t> known;  // [nodes]

  std::uint64_t operator()(const NeverNode&) const { return kNone; }
  std::uint64_t operator()(const BooleanNode&) const { return 4; }
  std::uint64_t operator()(const NullNode&) const { return 4; }
  std::uint64_t operator()(const IntegerNode&) const { return 1; }
  std::uint64_t operator()(const NumberNode&) const { return 1; }
  std::uint64_t operator()(const StringNode& node) const {
    return std::uint64_t{node.min_length} + 2;
  }
  std::uint64_t operator()(const EnumNode& node) const {
    std::uint64_t bytes = kNone;
    for (const std::string& value : node.values)
      bytes = std::min<std::uint64_t>(bytes, value.size());
    return bytes;
  }
  std::uint64_t operator()(const AnyOfNode& node) const {
    std::uint64_t bytes = kNone;
    for (const NodeId branch : node.branches) bytes = std::min(bytes, known[branch]);
    return bytes;
  }
  std::uint64_t operator()(const ArrayNode& node) const {
    std::uint64_t bytes = 2;
    for (std::uint32_t i = 0; i < node.min_items; ++i) {
      const std::uint64_t item = known[i < node.prefix.size() ? node.prefix[i] : node.items];
      if (item == kNone) return kNone;
      bytes = std::min(bytes + 1 + item, kClip);
    }
    return bytes;
  }
  std::uint64_t operator()(const ObjectNode& node) const {
    std::uint64_t bytes = 2;
    for (const Property& property : node.properties) {
      if (!property.required) continue;
      if (known[property.node] == kNone) return kNone;
      bytes = std::min(bytes + quote(property.name).size() + 2 + known[property.node], kClip);
    }
    return bytes;
  }
};

}  // namespace

void refuse_oversized(const SchemaSpec& spec) {
  Lengths lengths{spec, std::vector<std::uint64_t>(spec.nodes.size(), kNone)};
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t id = spec.nodes.size(); id-- > 0;) {
      const std::uint64_t bytes = std::visit(lengths, spec.nodes[id]);
      if (bytes >= lengths.known[id]) continue;
      lengths.known[id] = bytes;
      changed = true;
    }
  }
  const std::uint64_t bytes = lengths.known[spec.root];
  if (bytes >= kNone) throw SchemaError("", "schema", "no document satisfies it");
  if (bytes > Limits::shortest_output_bytes_max) {
    throw SchemaError("", "size",
                      "the shortest document takes " + std::to_string(bytes) +
                          " bytes, wanted at most " +
                          std::to_string(Limits::shortest_output_bytes_max));
  }
}

}  // namespace schemas
