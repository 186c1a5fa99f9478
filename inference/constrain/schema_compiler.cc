// From the nodes of a SchemaSpec to machines, children before parents, so that every parent knows
// the length of its children's shortest documents.
//
// A node may have no member: an integer between 2 and 1, an object that requires such a value. That
// is no error by itself: an optional property of that kind is left out, an array of such items can
// only be empty. Only a root without members is refused.

#include <algorithm>
#include <type_traits>

#include "inference/constrain/automaton.h"
#include "inference/error.h"

namespace inference {

class SchemaCompiler {
 public:
  SchemaCompiler(const schemas::SchemaSpec& spec, CompiledSchema* out) : spec_(spec), out_(out) {}

  void run() {
    const std::size_t count = spec_.nodes.size();
    if (count > kNodesMax) {
      throw LoadError("schema: " + std::to_string(count) + " nodes, at most " +
                      std::to_string(kNodesMax) + " wanted");
    }
    out_->machines_.resize(count);
    out_->shortest_bytes_.assign(count, kNoMember);
    marks_.assign(count, Mark::New);
    nesting_.assign(count, 0);
    compile(spec_.root, 0);
    if (out_->shortest_bytes_[spec_.root] == kNoMember) {
      throw LoadError("schema: no document satisfies it");
    }
    if (nesting_[spec_.root] > kFramesMax) refuse_nesting();
    out_->root_ = spec_.root;
  }

 private:
  static constexpr std::uint64_t kNoMember = 0;  // every document has at least one byte
  enum class Mark : std::uint8_t { New, Open, Done };

  [[noreturn]] void refuse_nesting() const {
    throw LoadError("schema: " + place() + " nests deeper than " + std::to_string(kFramesMax) +
                    " values");
  }

  // Where in the document the compiler stands, for messages.
  std::string place() const { return path_.empty() ? "the root" : path_; }

  // Compiles `node` once. Returns whether it has a member.
  bool compile(schemas::NodeId node, std::uint32_t level) {
    if (node >= spec_.nodes.size()) {
      throw LoadError("schema: " + place() + " refers to node " + std::to_string(node) + " of " +
                      std::to_string(spec_.nodes.size()));
    }
    if (marks_[node] == Mark::Open) throw LoadError("schema: " + place() + " contains itself");
    if (level >= kFramesMax) refuse_nesting();
    if (marks_[node] == Mark::New) {
      marks_[node] = Mark::Open;
      const std::uint64_t shortest = std::visit(
          [&](const auto& kind) { return compile_node(kind, node, level); }, spec_.nodes[node]);
      if (shortest > kShortestBytesMax) {
        throw LoadError("schema: the shortest value of " + place() + " has " +
                        std::to_string(shortest) + " bytes, at most " +
                        std::to_string(kShortestBytesMax) + " wanted");
      }
      out_->shortest_bytes_[node] = shortest;
      nesting_[node] = std::max(nesting_[node], 1u);
      marks_[node] = Mark::Done;
    }
    return out_->shortest_bytes_[node] != kNoMember;
  }

  bool compile_child(schemas::NodeId parent, schemas::NodeId child, std::uint32_t level,
                     const std::string& step) {
    const std::size_t length = path_.size();
    path_ += "/" + step;
    const bool has_member = compile(child, level + 1);
    path_.resize(length);
    nesting_[parent] = std::max(nesting_[parent], nesting_[child] + 1);
    return has_member;
  }

  void count_literal(std::size_t bytes) {
    literal_bytes_ += bytes;
    if (literal_bytes_ > kLiteralBytesMax) {
      throw LoadError("schema: keys and enum values over " + std::to_string(kLiteralBytesMax) +
                      " bytes");
    }
  }

  std::uint64_t compile_enum(std::vector<std::string> values, schemas::NodeId node) {
    for (const std::string& value : values) {
      if (value.empty()) throw LoadError("schema: " + place() + " has an empty enum value");
      count_literal(value.size());
    }
    if (values.empty()) return kNoMember;
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    CompiledSchema::EnumMachine machine{ByteTrie(values)};
    const std::uint64_t shortest = machine.values.shortest_bytes(ByteTrie::kRoot);
    out_->machines_[node] = std::move(machine);
    return shortest;
  }

  std::uint64_t compile_node(const schemas::BooleanNode&, schemas::NodeId node, std::uint32_t) {
    return compile_enum({"false", "true"}, node);
  }
  std::uint64_t compile_node(const schemas::NullNode&, schemas::NodeId node, std::uint32_t) {
    return compile_enum({"null"}, node);
  }
  std::uint64_t compile_node(const schemas::EnumNode& kind, schemas::NodeId node, std::uint32_t) {
    return compile_enum(kind.values, node);
  }

  std::uint64_t compile_range(const DecimalRange& range, schemas::NodeId node) {
    if (range.empty()) return kNoMember;
    const std::uint64_t shortest = range.shortest_bytes(DecimalState{});
    out_->machines_[node] = range;
    return shortest;
  }

  std::uint64_t compile_node(const schemas::IntegerNode& kind, schemas::NodeId node,
                             std::uint32_t) {
    return compile_range(DecimalRange(kind), node);
  }
  std::uint64_t compile_node(const schemas::NumberNode& kind, schemas::NodeId node, std::uint32_t) {
    return compile_range(DecimalRange(kind), node);
  }

  std::uint64_t compile_node(const schemas::StringNode& kind, schemas::NodeId node, std::uint32_t) {
    if (kind.min_length > kind.max_length) return kNoMember;
    out_->machines_[node] = CompiledSchema::StringMachine{kind.min_length, kind.max_length};
    return std::uint64_t{kind.min_length} + 2;
  }

  std::uint64_t compile_node(const schemas::ArrayNode& kind, schemas::NodeId node,
                             std::uint32_t level) {
    const bool has_items = compile_child(node, kind.items, level, "items");
    CompiledSchema::ArrayMachine machine{kind.items, kind.min_items, kind.max_items};
    if (!has_items) machine.count_max = 0;
    if (machine.count_min > machine.count_max) return kNoMember;
    out_->machines_[node] = machine;
    if (machine.count_min == 0) return 2;
    return machine.count_min * (out_->shortest_bytes_[kind.items] + 1) + 1;
  }

  std::uint64_t compile_node(const schemas::ObjectNode& kind, schemas::NodeId node,
                             std::uint32_t level) {
    CompiledSchema::ObjectMachine machine;
    std::vector<bool> required;
    for (const schemas::Property& property : kind.properties) {
      if (!is_utf8(property.name)) {
        throw LoadError("schema: a property name of " + place() + " is not UTF-8");
      }
      if (!compile_child(node, property.node, level, property.name)) {
        if (property.required) return kNoMember;
        continue;
      }
      std::string key;
      append_json_string(property.name, &key);
      key.push_back(':');
      count_literal(key.size());
      machine.key_texts.push_back(std::move(key));
      machine.nodes.push_back(property.node);
      required.push_back(property.required);
    }
    refuse_duplicates(machine.key_texts);
    machine.keys = ByteTrie(machine.key_texts);
    return finish_object(std::move(machine), required, node);
  }

  void refuse_duplicates(std::vector<std::string> keys) const {
    std::sort(keys.begin(), keys.end());
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice != keys.end())
      throw LoadError("schema: " + place() + " has the key " + *twice + " twice");
  }

  std::uint64_t finish_object(CompiledSchema::ObjectMachine machine,
                              const std::vector<bool>& required, schemas::NodeId node) {
    const auto count = static_cast<std::uint32_t>(machine.nodes.size());
    machine.next_required.assign(count + 1, count);
    machine.tail_bytes.assign(count + 1, 1);
    bool has_required = false;
    for (std::uint32_t i = count; i-- > 0;) {
      machine.next_required[i] = required[i] ? i : machine.next_required[i + 1];
      machine.tail_bytes[i] = machine.tail_bytes[i + 1];
      if (!required[i]) continue;
      has_required = true;
      machine.tail_bytes[i] +=
          1 + machine.key_texts[i].size() + out_->shortest_bytes_[machine.nodes[i]];
    }
    // The brace that opens stands where the first comma would.
    const std::uint64_t shortest = machine.tail_bytes[0] + (has_required ? 0 : 1);
    out_->machines_[node] = std::move(machine);
    return shortest;
  }

  const schemas::SchemaSpec& spec_;
  CompiledSchema* out_;
  std::vector<Mark> marks_;             // [nodes]
  std::vector<std::uint32_t> nesting_;  // [nodes]; values on the longest way down
  std::size_t literal_bytes_ = 0;
  std::string path_;
};

CompiledSchema::CompiledSchema(const schemas::SchemaSpec& spec) {
  SchemaCompiler(spec, this).run();
}

}  // namespace inference
