// Shortest completions. The length of the shortest document of every node is known from load, so a
// frame needs only what is left of itself: the frames of a way are independent, because a value
// that is complete leaves the frame below where it was. A frame carries the sum of those below it,
// and of several ways the shortest counts.
//
// Exactness is what the byte budget rests on: one byte shortens the completion by at most one, and
// some byte always shortens it by one. So as long as a token is taken only if the completion after
// it still fits, the output ends in time, whatever the model wants.

#include <algorithm>

#include "inference/check.h"
#include "inference/constrain/automaton.h"
#include "inference/constrain/machine_phase.h"

namespace inference {
namespace {

// Written where a string must have characters and nobody chose them.
constexpr char kFiller = '-';

}  // namespace

std::uint64_t CompiledSchema::rest_bytes(const StringMachine& machine, const Frame& frame) const {
  const auto phase = static_cast<StringPhase>(frame.phase);
  if (machine.table) {
    if (phase == StringPhase::Escape) return machine.table->rest_after_backslash(frame.text);
    return machine.table->rest(frame.text) + (phase == StringPhase::Open ? 1 : 0);
  }
  const std::uint64_t missing =
      machine.length_min > frame.index ? machine.length_min - frame.index : 0;
  return string_tail_bytes(phase) + missing + (phase == StringPhase::Open ? 2 : 1);
}

std::uint64_t CompiledSchema::rest_bytes(const ArrayMachine& machine, const Frame& frame) const {
  // Elements still to come, each with the comma or bracket in front of it, and the last bracket.
  const auto phase = static_cast<ArrayPhase>(frame.phase);
  if (phase == ArrayPhase::Open) return machine_bytes_[frame.machine];
  const std::uint32_t begun = phase == ArrayPhase::Item ? 1U : 0U;
  const std::uint32_t until = std::max(machine.count_min, frame.index + begun);
  std::uint64_t bytes = 1;
  std::uint32_t i = frame.index;
  for (; i < until && i < machine.prefix.size(); ++i) {
    bytes += 1 + shortest_bytes_[machine.prefix[i]];
  }
  if (i < until) bytes += std::uint64_t{until - i} * (1 + shortest_bytes_[machine.items]);
  const bool written = phase == ArrayPhase::After || until == frame.index;
  return written ? bytes : bytes - 1;
}

// The cheapest property among those that may come next and agree with the key so far.
CompiledSchema::KeyChoice CompiledSchema::best_key(const ObjectMachine& machine,
                                                   const Frame& frame) const {
  const std::uint32_t written = machine.keys.depth(frame.position);
  KeyChoice best;
  for (const std::uint32_t property : machine.keys.strings_below(frame.position)) {
    if (!may_follow(machine, frame, property)) continue;
    const std::uint64_t cost = machine.key_texts[property].size() - written +
                               shortest_bytes_[machine.nodes[property]] +
                               machine.tail(property + 1, frame.count + 1);
    if (cost < best.cost) best = {property, cost};
  }
  return best;
}

std::uint64_t CompiledSchema::rest_bytes(const ObjectMachine& machine, const Frame& frame) const {
  switch (static_cast<ObjectPhase>(frame.phase)) {
    case ObjectPhase::Open:
      return machine_bytes_[frame.machine];
    case ObjectPhase::First:
      return may_close(machine, frame) ? 1 : machine.tail(0, 0) - 1;
    case ObjectPhase::Key:
      return best_key(machine, frame).cost;
    case ObjectPhase::Value:
      return shortest_bytes_[machine.nodes[frame.index]] +
             machine.tail(frame.index + 1, frame.count + 1);
    case ObjectPhase::After:
      return machine.tail(frame.index, frame.count);
  }
  return 0;
}

std::uint64_t CompiledSchema::rest_bytes(const Frame& frame) const {
  const Machine& machine = machines_[frame.machine];
  if (const auto* values = std::get_if<EnumMachine>(&machine)) {
    return values->values.shortest_bytes(frame.position);
  }
  if (const auto* range = std::get_if<DecimalRange>(&machine)) {
    return range->shortest_bytes(frame.decimal);
  }
  if (const auto* text = std::get_if<StringMachine>(&machine)) return rest_bytes(*text, frame);
  if (const auto* array = std::get_if<ArrayMachine>(&machine)) return rest_bytes(*array, frame);
  if (const auto* object = std::get_if<ObjectMachine>(&machine)) return rest_bytes(*object, frame);
  return 0;
}

std::uint64_t CompiledSchema::way_bytes(const State& state, std::uint32_t top) const {
  if (top == Frame::kNone) return 0;
  const Frame& frame = state.pool_[top];
  return rest_bytes(frame) + frame.below;
}

std::uint64_t CompiledSchema::shortest_bytes(const State& state) const {
  std::uint64_t best = kNoMember;
  for (std::size_t i = state.first_; i < state.tops_.size(); ++i) {
    best = std::min(best, way_bytes(state, state.tops_[i]));
  }
  return best;
}

void CompiledSchema::append_value(std::uint32_t node, std::string* out) const {
  append_rest(open(best_machine_[node]), out);
}

void CompiledSchema::append_rest(const StringMachine& machine, const Frame& frame,
                                 std::string* out) const {
  const auto phase = static_cast<StringPhase>(frame.phase);
  if (phase == StringPhase::Open) out->push_back('"');
  if (machine.table) {
    machine.table->append_rest(frame.text, phase == StringPhase::Escape, out);
    return;
  }
  append_string_tail(phase, out);
  if (machine.length_min > frame.index) out->append(machine.length_min - frame.index, kFiller);
  out->push_back('"');
}

void CompiledSchema::append_rest(const ArrayMachine& machine, Frame frame, std::string* out) const {
  auto phase = static_cast<ArrayPhase>(frame.phase);
  if (phase == ArrayPhase::Open) {
    out->push_back('[');
    phase = ArrayPhase::First;
  }
  if (phase == ArrayPhase::Item || (phase == ArrayPhase::First && machine.count_min > 0)) {
    append_value(machine.item_at(frame.index), out);
    ++frame.index;
  }
  for (; frame.index < machine.count_min; ++frame.index) {
    out->push_back(',');
    append_value(machine.item_at(frame.index), out);
  }
  out->push_back(']');
}

// The properties that still have to come after those before frame.index, and the brace.
void CompiledSchema::append_tail(const ObjectMachine& machine, const Frame& frame,
                                 std::string* out) const {
  std::uint32_t count = frame.count;
  bool comma = static_cast<ObjectPhase>(frame.phase) != ObjectPhase::First;
  for (std::uint32_t i = frame.index; i < machine.size(); ++i) {
    if (machine.required_from[i] == 0 && count >= machine.count_min) break;
    const std::uint64_t left_out = machine.required[i] ? kNoMember : machine.tail(i + 1, count);
    if (left_out < kNoMember && left_out == machine.tail(i, count)) continue;
    if (comma) out->push_back(',');
    comma = true;
    out->append(machine.key_texts[i]);
    append_value(machine.nodes[i], out);
    ++count;
  }
  out->push_back('}');
}

void CompiledSchema::append_rest(const ObjectMachine& machine, Frame frame,
                                 std::string* out) const {
  auto phase = static_cast<ObjectPhase>(frame.phase);
  if (phase == ObjectPhase::Open) {
    out->push_back('{');
    set_phase(&frame, ObjectPhase::First);
  }
  if (phase == ObjectPhase::Key) {
    const std::uint32_t property = best_key(machine, frame).property;
    out->append(machine.key_texts[property], machine.keys.depth(frame.position));
    frame.index = property;
    phase = ObjectPhase::Value;
  }
  if (phase == ObjectPhase::Value) {
    append_value(machine.nodes[frame.index], out);
    ++frame.index;
    ++frame.count;
    set_phase(&frame, ObjectPhase::After);
  }
  append_tail(machine, frame, out);
}

void CompiledSchema::append_rest(const Frame& frame, std::string* out) const {
  const Machine& machine = machines_[frame.machine];
  if (const auto* values = std::get_if<EnumMachine>(&machine)) {
    values->values.append_shortest(frame.position, out);
  } else if (const auto* range = std::get_if<DecimalRange>(&machine)) {
    range->append_shortest(frame.decimal, out);
  } else if (const auto* text = std::get_if<StringMachine>(&machine)) {
    append_rest(*text, frame, out);
  } else if (const auto* array = std::get_if<ArrayMachine>(&machine)) {
    append_rest(*array, frame, out);
  } else if (const auto* object = std::get_if<ObjectMachine>(&machine)) {
    append_rest(*object, frame, out);
  }
}

void CompiledSchema::append_shortest(const State& state, std::string* out) const {
  if (state.way_count() == 0) return;
  std::uint32_t best = state.tops_[state.first_];
  for (std::size_t i = state.first_; i < state.tops_.size(); ++i) {
    if (way_bytes(state, state.tops_[i]) < way_bytes(state, best)) best = state.tops_[i];
  }
  while (best != Frame::kNone) {
    append_rest(state.pool_[best], out);
    best = state.pool_[best].parent;
  }
}

}  // namespace inference
