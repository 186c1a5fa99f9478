// From the nodes of a SchemaSpec to machines. Every node but AnyOfNode is one machine or none; an
// AnyOfNode has those of its branches. Nodes may refer to each other in circles, so the lengths of
// shortest documents are found in rounds: first all nodes count as having none, and each round
// works out what follows, until nothing gets shorter.
//
// A node may have no member: an integer between 2 and 1, an object that requires such a value. That
// is no error by itself: an optional property of that kind is left out, an array of such items can
// only be empty. Only a root without members is refused.

#include <algorithm>
#include <set>

#include "inference/constrain/automaton.h"
#include "inference/constrain/filler_keys.h"
#include "inference/constrain/unfold_values.h"
#include "inference/error.h"

namespace inference {

class SchemaCompiler {
 public:
  SchemaCompiler(const schemas::SchemaSpec& spec, SchemaUse use, CompiledSchema* out)
      : write_(use == SchemaUse::Write),
        unfolded_(write_ ? schemas::SchemaSpec() : unfold_values(spec)),
        spec_(write_ ? spec : unfolded_),
        out_(out) {
    out->use_ = use;
  }

  void run() {
    const std::size_t count = spec_.nodes.size();
    if (count > kNodesMax) {
      throw LoadError("schema: " + std::to_string(count) + " nodes, at most " +
                      std::to_string(kNodesMax) + " wanted");
    }
    out_->alternatives_.resize(count);
    find_reachable();
    for (const schemas::NodeId id : reachable_) {
      std::visit([&](const auto& kind) { make(kind, id); }, spec_.nodes[id]);
    }
    for (const schemas::NodeId id : reachable_) {
      const auto* any = std::get_if<schemas::AnyOfNode>(&spec_.nodes[id]);
      if (any != nullptr) join(id);
    }
    out_->root_ = spec_.root;
    if (write_) {
      find_shortest();
    } else {
      out_->machine_bytes_.assign(out_->machines_.size(), 1);
    }
  }

 private:
  using Compiled = CompiledSchema;
  static constexpr std::uint64_t kNoMember = Compiled::kNoMember;

  // The nodes that documents can have, the root first.
  void find_reachable() {
    std::vector<bool> seen(spec_.nodes.size(), false);
    const auto visit = [&](schemas::NodeId id) {
      if (id >= spec_.nodes.size()) {
        throw LoadError("schema: refers to node " + std::to_string(id) + " of " +
                        std::to_string(spec_.nodes.size()));
      }
      if (!seen[id]) reachable_.push_back(id);
      seen[id] = true;
    };
    visit(spec_.root);
    for (std::size_t i = 0; i < reachable_.size(); ++i) {
      const schemas::Node& node = spec_.nodes[reachable_[i]];
      if (const auto* any = std::get_if<schemas::AnyOfNode>(&node)) {
        for (const schemas::NodeId branch : any->branches) visit(branch);
      } else if (const auto* array = std::get_if<schemas::ArrayNode>(&node)) {
        for (const schemas::NodeId item : array->prefix) visit(item);
        if (array->max_items > array->prefix.size()) visit(array->items);
      } else if (const auto* object = std::get_if<schemas::ObjectNode>(&node)) {
        for (const schemas::Property& property : object->properties) visit(property.node);
        for (const schemas::KeyClass& one : object->classes) visit(one.node);
      }
    }
  }

  void join(schemas::NodeId id) {
    std::vector<std::uint32_t> all;
    std::set<schemas::NodeId> seen = {id};
    std::vector<schemas::NodeId> waiting = {id};
    while (!waiting.empty()) {
      const schemas::NodeId next = waiting.back();
      waiting.pop_back();
      const auto* any = std::get_if<schemas::AnyOfNode>(&spec_.nodes[next]);
      if (any == nullptr) {
        const auto& own = out_->alternatives_[next];
        all.insert(all.end(), own.begin(), own.end());
        continue;
      }
      for (const schemas::NodeId branch : any->branches) {
        if (seen.insert(branch).second) waiting.push_back(branch);
      }
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    out_->alternatives_[id] = std::move(all);
  }

  void add(schemas::NodeId id, Compiled::Machine machine) {
    out_->machines_.push_back(std::move(machine));
    out_->alternatives_[id].push_back(static_cast<std::uint32_t>(out_->machines_.size() - 1));
  }

  void count_literal(std::size_t bytes) {
    literal_bytes_ += bytes;
    if (literal_bytes_ > kLiteralBytesMax) {
      throw LoadError("schema: keys and enum values over " + std::to_string(kLiteralBytesMax) +
                      " bytes");
    }
  }

  static bool is_number(const std::string& text) {
    return !text.empty() && (text.front() == '-' || (text.front() >= '0' && text.front() <= '9'));
  }

  void make_enum(std::vector<std::string> values, schemas::NodeId id) {
    for (const std::string& value : values) {
      if (value.empty()) throw LoadError("schema: an enum value is empty");
      count_literal(value.size());
      if (!write_ && is_number(value)) add(id, NumberBounds(value));
    }
    if (!write_) std::erase_if(values, is_number);
    if (values.empty()) return;
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    add(id, Compiled::EnumMachine{ByteTrie(values)});
  }

  void make(const schemas::NeverNode&, schemas::NodeId) {}
  void make(const schemas::AnyOfNode&, schemas::NodeId) {}
  void make(const schemas::BooleanNode&, schemas::NodeId id) { make_enum({"false", "true"}, id); }
  void make(const schemas::NullNode&, schemas::NodeId id) { make_enum({"null"}, id); }
  void make(const schemas::EnumNode& kind, schemas::NodeId id) { make_enum(kind.values, id); }

  template <typename NumberKind>
  void make_number(const NumberKind& kind, schemas::NodeId id) {
    if (!write_) {
      add(id, NumberBounds(kind));
      return;
    }
    const DecimalRange range(kind);
    if (!range.empty()) add(id, range);
  }
  void make(const schemas::IntegerNode& kind, schemas::NodeId id) { make_number(kind, id); }
  void make(const schemas::NumberNode& kind, schemas::NodeId id) { make_number(kind, id); }

  void make(const schemas::StringNode& kind, schemas::NodeId id) {
    const std::uint32_t open = kind.max_is_default && !write_ ? Frame::kNone : kind.max_length;
    Compiled::StringMachine machine{kind.min_length, open, nullptr};
    if (kind.automaton) {
      if (kind.automaton->start == schemas::StringAutomaton::kDead) return;
      machine.table = std::make_shared<const TextMachine>(kind.automaton);
      // Of the table's own maximum the table knows; a default is where writing turns to the end.
      machine.length_max = kind.max_is_default && write_ ? kind.max_length : Frame::kNone;
    } else if (machine.length_min > machine.length_max) {
      return;
    }
    add(id, std::move(machine));
    add_leap_seconds(kind, id);
  }

  // Beside the table of a format that has leap seconds, where nothing else limits the text.
  void add_leap_seconds(const schemas::StringNode& kind, schemas::NodeId id) {
    if (write_ || kind.checks.size() != 1 || kind.min_length > 0 || !kind.max_is_default) return;
    const schemas::TextCheck& check = kind.checks.front();
    const bool has_time = check.text == "time" || check.text == "date-time";
    if (check.kind != schemas::TextCheck::Kind::Format || check.negated || !has_time) return;
    add(id, Compiled::LeapMachine{check.text != "time"});
  }

  void make(const schemas::ArrayNode& kind, schemas::NodeId id) {
    Compiled::ArrayMachine machine;
    machine.prefix = kind.prefix;
    machine.items = kind.max_items > kind.prefix.size() ? kind.items : spec_.root;
    machine.count_min = kind.min_items;
    machine.count_max = kind.max_is_default && !write_ ? Frame::kNone : kind.max_items;
    if (machine.count_min <= machine.count_max) add(id, std::move(machine));
  }

  void make(const schemas::ObjectNode& kind, schemas::NodeId id) {
    Compiled::ObjectMachine machine;
    for (const schemas::Property& property : kind.properties) {
      if (!is_utf8(property.name)) throw LoadError("schema: a property name is not UTF-8");
      declare(property.name, property.node, property.required, &machine);
    }
    machine.count_min = kind.min_properties;
    machine.count_max = kind.max_properties;
    if (write_) {
      add_fillers(kind, &machine);
    } else {
      if (machine.size() > kPropertiesMax) {
        throw LoadError("schema: an object has more than " + std::to_string(kPropertiesMax) +
                        " properties");
      }
      machine.classes = kind.keys;
      for (const schemas::KeyClass& one : kind.classes) machine.class_nodes.push_back(one.node);
    }
    refuse_duplicates(machine.key_texts);
    machine.keys = ByteTrie(machine.key_texts);
    const std::uint32_t count = machine.size();
    machine.next_required.assign(count + 1, count);
    machine.required_from.assign(count + 1, 0);
    for (std::uint32_t i = count; i-- > 0;) {
      machine.next_required[i] = machine.required[i] ? i : machine.next_required[i + 1];
      machine.required_from[i] = machine.required_from[i + 1] + (machine.required[i] ? 1U : 0U);
    }
    machine.wanted = machine.count_min > machine.required_from[0] ? machine.count_min : 0;
    if (std::uint64_t{machine.wanted} * count > kNodesMax * 16) {
      throw LoadError("schema: minProperties is too large");
    }
    add(id, std::move(machine));
  }

  void declare(const std::string& name, schemas::NodeId node, bool required,
               Compiled::ObjectMachine* machine) {
    std::string key;
    append_json_string(name, &key);
    key.push_back(':');
    count_literal(key.size());
    machine->key_texts.push_back(std::move(key));
    machine->nodes.push_back(node);
    machine->required.push_back(required);
  }

  // Undeclared properties, only as many as min_properties demands beyond the declared ones.
  void add_fillers(const schemas::ObjectNode& kind, Compiled::ObjectMachine* machine) {
    const bool enough = kind.min_properties <= kind.properties.size() && !has_never(kind);
    if (kind.min_properties == 0 || enough || kind.classes.empty()) return;
    for (const FillerKey& filler : filler_keys(spec_, kind)) {
      declare(filler.name, filler.node, false, machine);
    }
  }

  bool has_never(const schemas::ObjectNode& kind) const {
    return std::any_of(kind.properties.begin(), kind.properties.end(), [&](const auto& property) {
      return std::holds_alternative<schemas::NeverNode>(spec_.nodes[property.node]);
    });
  }

  void refuse_duplicates(std::vector<std::string> keys) const {
    std::sort(keys.begin(), keys.end());
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice != keys.end()) throw LoadError("schema: has the key " + *twice + " twice");
  }

  struct Length {
    std::uint64_t bytes = kNoMember;
    std::uint32_t depth = 0;
  };

  Length length_of(std::uint32_t machine) {
    return std::visit([&](auto& kind) { return length(kind); }, out_->machines_[machine]);
  }

  Length length(const Compiled::EnumMachine& m) const {
    return {m.values.shortest_bytes(ByteTrie::kRoot), 1};
  }
  Length length(const DecimalRange& m) const { return {m.shortest_bytes(DecimalState{}), 1}; }
  Length length(const NumberBounds&) const { return {1, 1}; }
  Length length(const Compiled::LeapMachine&) const { return {1, 1}; }
  Length length(const Compiled::StringMachine& m) const {
    if (m.table) return {1 + m.table->rest(m.table->start()), 1};
    return {std::uint64_t{m.length_min} + 2, 1};
  }

  Length length(const Compiled::ArrayMachine& m) const {
    Length all{2, 1};
    for (std::uint32_t i = 0; i < m.count_min && all.bytes < kNoMember; ++i) {
      const std::uint32_t item = m.item_at(i);
      if (out_->shortest_bytes_[item] >= kNoMember) return {};
      all.bytes += out_->shortest_bytes_[item] + (i == 0 ? 0 : 1);
      all.depth = std::max(all.depth, 1 + depth_of(item));
    }
    return all;
  }

  std::uint32_t depth_of(std::uint32_t node) const {
    return out_->machine_depths_[out_->best_machine_[node]];
  }

  Length length(Compiled::ObjectMachine& m) const {
    const std::uint32_t count = m.size();
    const std::uint32_t width = m.wanted + 1;
    if (m.required_from[0] > m.count_max || m.count_min > m.count_max) return {};
    m.tail_bytes.assign(std::size_t{count + 1} * width, kNoMember);
    m.tail_bytes[std::size_t{count} * width] = 1;
    for (std::uint32_t i = count; i-- > 0;) {
      const std::uint64_t value = out_->shortest_bytes_[m.nodes[i]];
      const std::uint64_t own = value >= kNoMember ? kNoMember : 1 + m.key_texts[i].size() + value;
      for (std::uint32_t k = 0; k < width; ++k) {
        const std::uint64_t with = m.tail_bytes[std::size_t{i + 1} * width + (k > 0 ? k - 1 : 0)];
        std::uint64_t best = own < kNoMember && with < kNoMember ? own + with : kNoMember;
        if (!m.required[i]) best = std::min(best, m.tail_bytes[std::size_t{i + 1} * width + k]);
        m.tail_bytes[std::size_t{i} * width + k] = best;
      }
    }
    const std::uint64_t tail = m.tail(0, 0);
    if (tail >= kNoMember) return {};
    Length all{tail + (m.required_from[0] > 0 || m.count_min > 0 ? 0 : 1), 1};
    // As append_tail writes it.
    std::uint32_t written = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      if (m.required_from[i] == 0 && written >= m.count_min) break;
      const std::uint64_t left_out = m.required[i] ? kNoMember : m.tail(i + 1, written);
      if (left_out < kNoMember && left_out == m.tail(i, written)) continue;
      ++written;
      all.depth = std::max(all.depth, 1 + depth_of(m.nodes[i]));
    }
    return all;
  }

  void find_shortest() {
    const std::size_t machines = out_->machines_.size();
    out_->machine_bytes_.assign(machines, kNoMember);
    out_->machine_depths_.assign(machines, 1);
    out_->shortest_bytes_.assign(spec_.nodes.size(), kNoMember);
    out_->best_machine_.assign(spec_.nodes.size(), 0);
    for (bool changed = true; changed;) {
      changed = false;
      for (std::size_t i = reachable_.size(); i-- > 0;) {
        if (update(reachable_[i])) changed = true;
      }
    }
    const std::uint64_t shortest = out_->shortest_bytes_[spec_.root];
    if (shortest >= kNoMember) throw LoadError("schema: no document satisfies it");
    if (shortest > kShortestBytesMax) {
      throw LoadError("schema: the shortest value of the root has " + std::to_string(shortest) +
                      " bytes, at most " + std::to_string(kShortestBytesMax) + " wanted");
    }
    if (depth_of(spec_.root) > kFramesMax) {
      throw LoadError("schema: the root nests deeper than " + std::to_string(kFramesMax) +
                      " values");
    }
    cut_off();
  }

  // One step of a round. Lengths only shrink; of equally short machines the flattest counts.
  bool update(schemas::NodeId id) {
    bool changed = false;
    for (const std::uint32_t machine : out_->alternatives_[id]) {
      const bool own = !std::holds_alternative<schemas::AnyOfNode>(spec_.nodes[id]);
      if (own) {
        const Length now = length_of(machine);
        if (now.bytes != out_->machine_bytes_[machine] ||
            (now.bytes < kNoMember && now.depth != out_->machine_depths_[machine])) {
          out_->machine_bytes_[machine] = now.bytes;
          out_->machine_depths_[machine] = now.depth;
          changed = true;
        }
      }
      const std::uint64_t bytes = out_->machine_bytes_[machine];
      if (bytes < out_->shortest_bytes_[id]) {
        out_->shortest_bytes_[id] = bytes;
        out_->best_machine_[id] = machine;
        changed = true;
      }
    }
    return changed;
  }

  // Machines without members are no alternatives; arrays of nothing have no elements.
  void cut_off() {
    for (auto& alternatives : out_->alternatives_) {
      std::erase_if(alternatives, [&](std::uint32_t machine) {
        return out_->machine_bytes_[machine] >= kNoMember;
      });
    }
    for (Compiled::Machine& machine : out_->machines_) {
      auto* array = std::get_if<Compiled::ArrayMachine>(&machine);
      if (array == nullptr) continue;
      std::uint32_t fitting = 0;
      while (fitting < array->prefix.size() &&
             !out_->alternatives_[array->prefix[fitting]].empty()) {
        ++fitting;
      }
      const bool open =
          fitting == array->prefix.size() && !out_->alternatives_[array->items].empty();
      if (!open) array->count_max = std::min(array->count_max, fitting);
    }
  }

  bool write_;
  schemas::SchemaSpec unfolded_;  // for verdicts
  const schemas::SchemaSpec& spec_;
  CompiledSchema* out_;
  std::vector<schemas::NodeId> reachable_;
  std::size_t literal_bytes_ = 0;
};

CompiledSchema::CompiledSchema(const schemas::SchemaSpec& spec, SchemaUse use) {
  SchemaCompiler(spec, use, this).run();
}

}  // namespace inference
