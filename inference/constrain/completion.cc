// Shortest completions. The length of the shortest document of every node is known from load, so a
// frame needs only what is left of itself: the frames of a stack are independent, because a value
// that is complete leaves the frame below where it was. The sum over the frames is exact.
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

std::uint64_t CompiledSchema::rest_bytes(const ArrayMachine& machine, const Frame& frame) const {
  const std::uint64_t item = shortest_bytes_[machine.items];
  const std::uint64_t missing =
      machine.count_min > frame.index ? machine.count_min - frame.index : 0;
  switch (static_cast<ArrayPhase>(frame.phase)) {
    case ArrayPhase::Open:
      return shortest_bytes_[frame.node];
    case ArrayPhase::First:
      return missing == 0 ? 1 : missing * (item + 1);  // one comma fewer than items, one bracket
    case ArrayPhase::Item:
      return (std::max<std::uint64_t>(missing, 1)) * (item + 1);
    case ArrayPhase::After:
      return missing * (item + 1) + 1;
  }
  return 0;
}

// The cheapest property among those that may come next and agree with the key so far.
// REQUIRES: there is one, which holds in the phase Key, and in First before a required property.
CompiledSchema::KeyChoice CompiledSchema::best_key(const ObjectMachine& machine,
                                                   const Frame& frame) const {
  const std::uint32_t last = machine.last_candidate(frame.index);
  const std::uint32_t written = machine.keys.depth(frame.position);
  KeyChoice best;
  bool found = false;
  for (const std::uint32_t property : machine.keys.strings_below(frame.position)) {
    if (property < frame.index || property > last) continue;
    const std::uint64_t cost = machine.key_texts[property].size() - written +
                               shortest_bytes_[machine.nodes[property]] +
                               machine.tail_bytes[property + 1];
    if (found && cost >= best.cost) continue;
    best = {property, cost};
    found = true;
  }
  PICOLM_CHECK(found);
  return best;
}

std::uint64_t CompiledSchema::rest_bytes(const ObjectMachine& machine, const Frame& frame) const {
  switch (static_cast<ObjectPhase>(frame.phase)) {
    case ObjectPhase::Open:
      return shortest_bytes_[frame.node];
    case ObjectPhase::First:
      if (machine.next_required[0] == machine.nodes.size()) return 1;
      return best_key(machine, frame).cost;
    case ObjectPhase::Key:
      return best_key(machine, frame).cost;
    case ObjectPhase::Value:
      return shortest_bytes_[machine.nodes[frame.index]] + machine.tail_bytes[frame.index + 1];
    case ObjectPhase::After:
      return machine.tail_bytes[frame.index];
  }
  return 0;
}

std::uint64_t CompiledSchema::rest_bytes(const Frame& frame) const {
  const Machine& machine = machines_[frame.node];
  if (const auto* values = std::get_if<EnumMachine>(&machine)) {
    return values->values.shortest_bytes(frame.position);
  }
  if (const auto* range = std::get_if<DecimalRange>(&machine)) {
    return range->shortest_bytes(frame.decimal);
  }
  if (const auto* text = std::get_if<StringMachine>(&machine)) {
    const auto phase = static_cast<StringPhase>(frame.phase);
    const std::uint64_t missing =
        text->length_min > frame.index ? text->length_min - frame.index : 0;
    return string_tail_bytes(phase) + missing + (phase == StringPhase::Open ? 2 : 1);
  }
  if (const auto* array = std::get_if<ArrayMachine>(&machine)) return rest_bytes(*array, frame);
  return rest_bytes(std::get<ObjectMachine>(machine), frame);
}

std::uint64_t CompiledSchema::shortest_bytes(const State& state) const {
  std::uint64_t total = 0;
  for (std::uint32_t i = 0; i < state.depth; ++i) total += rest_bytes(state.frames[i]);
  return total;
}

void CompiledSchema::append_rest(const ArrayMachine& machine, Frame frame, std::string* out) const {
  auto phase = static_cast<ArrayPhase>(frame.phase);
  if (phase == ArrayPhase::Open) {
    out->push_back('[');
    phase = ArrayPhase::First;
  }
  if (phase == ArrayPhase::Item || (phase == ArrayPhase::First && machine.count_min > 0)) {
    append_rest(open(machine.items), out);
    ++frame.index;
  }
  for (; frame.index < machine.count_min; ++frame.index) {
    out->push_back(',');
    append_rest(open(machine.items), out);
  }
  out->push_back(']');
}

void CompiledSchema::append_rest(const ObjectMachine& machine, Frame frame,
                                 std::string* out) const {
  const std::uint64_t count = machine.nodes.size();
  auto phase = static_cast<ObjectPhase>(frame.phase);
  if (phase == ObjectPhase::Open) {
    out->push_back('{');
    phase = ObjectPhase::First;
  }
  if (phase == ObjectPhase::Key ||
      (phase == ObjectPhase::First && machine.next_required[0] != count)) {
    const std::uint32_t property = best_key(machine, frame).property;
    out->append(machine.key_texts[property], machine.keys.depth(frame.position));
    frame.index = property;
    phase = ObjectPhase::Value;
  }
  if (phase == ObjectPhase::Value) {
    append_rest(open(machine.nodes[frame.index]), out);
    ++frame.index;
  }
  for (auto next = machine.next_required[frame.index]; next != count;
       next = machine.next_required[next + 1]) {
    out->push_back(',');
    out->append(machine.key_texts[next]);
    append_rest(open(machine.nodes[next]), out);
  }
  out->push_back('}');
}

void CompiledSchema::append_rest(const Frame& frame, std::string* out) const {
  const Machine& machine = machines_[frame.node];
  if (const auto* values = std::get_if<EnumMachine>(&machine)) {
    values->values.append_shortest(frame.position, out);
  } else if (const auto* range = std::get_if<DecimalRange>(&machine)) {
    range->append_shortest(frame.decimal, out);
  } else if (const auto* text = std::get_if<StringMachine>(&machine)) {
    const auto phase = static_cast<StringPhase>(frame.phase);
    if (phase == StringPhase::Open) out->push_back('"');
    append_string_tail(phase, out);
    if (text->length_min > frame.index) out->append(text->length_min - frame.index, kFiller);
    out->push_back('"');
  } else if (const auto* array = std::get_if<ArrayMachine>(&machine)) {
    append_rest(*array, frame, out);
  } else {
    append_rest(std::get<ObjectMachine>(machine), frame, out);
  }
}

void CompiledSchema::append_shortest(const State& state, std::string* out) const {
  for (std::uint32_t depth = state.depth; depth > 0; --depth) {
    append_rest(state.frames[depth - 1], out);
  }
}

}  // namespace inference
