// Objects. For writing, properties come in the order of the schema: a key may follow if no required
// one is left out by it, if its value still fits the frames there are, and if the counts that the
// schema demands can still be reached. For verdicts they come in any order: those seen are marked,
// and a key that is none of them belongs to the class of undeclared keys that its table says.

#include <algorithm>

#include "inference/constrain/automaton.h"
#include "inference/constrain/machine_phase.h"

namespace inference {
namespace {

constexpr std::uint32_t kOffTrie = 0xFFFFFFFF;

bool is_seen(const Frame& frame, std::uint32_t property) {
  return (frame.seen[property >> 6] >> (property & 63) & 1) != 0;
}

}  // namespace

std::uint32_t CompiledSchema::ObjectMachine::last_candidate(std::uint32_t index) const {
  return std::min(next_required[index], size() - 1);
}

std::uint64_t CompiledSchema::ObjectMachine::tail(std::uint32_t index, std::uint32_t count) const {
  const std::uint32_t missing = count_min > count ? count_min - count : 0;
  if (missing > wanted) return kNoMember;
  return tail_bytes[std::size_t{index} * (wanted + 1) + missing];
}

// Whether `property` may be the next one. REQUIRES: frame.index <= property.
bool CompiledSchema::may_follow(const ObjectMachine& machine, const Frame& frame,
                                std::uint32_t property) const {
  return property >= frame.index && property <= machine.last_candidate(frame.index) &&
         frame.count + 1 + machine.required_from[property + 1] <= machine.count_max &&
         machine.tail(property + 1, frame.count + 1) < kNoMember &&
         can_open(machine.nodes[property], frame.depth + 1);
}

bool CompiledSchema::some_may_follow(const ObjectMachine& machine, const Frame& frame) const {
  for (std::uint32_t p = frame.index;
       p < machine.size() && p <= machine.last_candidate(frame.index); ++p) {
    if (may_follow(machine, frame, p)) return true;
  }
  return false;
}

bool CompiledSchema::has_required(const ObjectMachine& machine, const Frame& frame) {
  for (std::uint32_t p = machine.next_required[0]; p < machine.size();
       p = machine.next_required[p + 1]) {
    if (!is_seen(frame, p)) return false;
  }
  return true;
}

bool CompiledSchema::may_close(const ObjectMachine& machine, const Frame& frame) {
  return machine.required_from[frame.index] == 0 && frame.count >= machine.count_min;
}

CompiledSchema::Step CompiledSchema::step_key(const ObjectMachine& machine, Frame* frame,
                                              std::uint8_t byte) const {
  const auto next = machine.keys.child(frame->position, byte);
  if (!next) return Step::Refused;
  const auto below = machine.keys.strings_below(*next);
  const bool some = std::any_of(below.begin(), below.end(), [&](std::uint32_t property) {
    return may_follow(machine, *frame, property);
  });
  if (!some) return Step::Refused;
  frame->position = *next;
  set_phase(frame, ObjectPhase::Key);
  if (machine.keys.ends_string(*next)) {
    frame->index = below.front();
    set_phase(frame, ObjectPhase::Value);
  }
  return Step::Stays;
}

// A key that may be undeclared: the trie of the declared ones and the table of the others step
// together until the key leaves the trie or ends.
CompiledSchema::Step CompiledSchema::step_any_key(const ObjectMachine& machine, Frame* frame,
                                                  std::uint8_t byte) const {
  if (frame->position != kOffTrie) {
    const auto next = machine.keys.child(frame->position, byte);
    frame->position = next ? *next : kOffTrie;
    if (next && machine.keys.ends_string(*next)) {
      const std::uint32_t property = machine.keys.strings_below(*next).front();
      if (is_seen(*frame, property)) return Step::Refused;
      frame->seen[property >> 6] |= std::uint64_t{1} << (property & 63);
      frame->index = machine.nodes[property];
      set_phase(frame, ObjectPhase::Value);
      return Step::Stays;
    }
  }
  const auto phase = static_cast<StringPhase>(frame->key_phase);
  if (phase == kKeyDeclared) return frame->position == kOffTrie ? Step::Refused : Step::Stays;
  if (phase == kKeyEnded) {
    if (byte != ':') return Step::Refused;
    if (frame->position != kOffTrie) return Step::Refused;  // cannot be: it ends with the colon
    set_phase(frame, ObjectPhase::Value);
    return Step::Stays;
  }
  const StringMove move = step_string(phase, byte);
  if (move.kind == StringMove::Kind::Refused) {
    if (frame->position == kOffTrie) return Step::Refused;
    frame->key_phase = static_cast<std::uint8_t>(kKeyDeclared);
    return Step::Stays;
  }
  if (move.kind == StringMove::Kind::Closed) {
    frame->key_phase = static_cast<std::uint8_t>(kKeyEnded);
    if (frame->position != kOffTrie) return Step::Stays;
    const std::uint32_t label = machine.classes ? machine.classes->label[frame->text] : 1;
    if (label == 0 || label > machine.class_nodes.size()) return Step::Refused;
    frame->index = machine.class_nodes[label - 1];
    return Step::Stays;
  }
  if (machine.classes && phase != StringPhase::Open && move.phase != StringPhase::Escape) {
    frame->text =
        machine.classes->step(frame->text, phase == StringPhase::Escape ? unescaped(byte) : byte);
  }
  frame->key_phase = static_cast<std::uint8_t>(move.phase);
  set_phase(frame, ObjectPhase::Key);
  return Step::Stays;
}

CompiledSchema::Step CompiledSchema::step_any_order(const ObjectMachine& machine, Frame* frame,
                                                    std::uint8_t byte, std::uint32_t* child) const {
  const auto phase = static_cast<ObjectPhase>(frame->phase);
  const auto begin_key = [&] {
    frame->position = ByteTrie::kRoot;
    frame->key_phase = static_cast<std::uint8_t>(StringPhase::Open);
    frame->text = machine.classes ? machine.classes->start : 0;
  };
  switch (phase) {
    case ObjectPhase::Open:
      if (byte != '{') return Step::Refused;
      begin_key();
      set_phase(frame, ObjectPhase::First);
      return Step::Stays;
    case ObjectPhase::First:
    case ObjectPhase::After:
      if (byte == '}') {
        const bool whole = has_required(machine, *frame) && frame->count >= machine.count_min &&
                           frame->count <= machine.count_max;
        return whole ? Step::Closed : Step::Refused;
      }
      if (phase == ObjectPhase::First) return step_any_key(machine, frame, byte);
      if (byte != ',') return Step::Refused;
      begin_key();
      set_phase(frame, ObjectPhase::Key);
      return Step::Stays;
    case ObjectPhase::Key:
      return step_any_key(machine, frame, byte);
    case ObjectPhase::Value:
      *child = frame->index;
      ++frame->count;
      frame->position = ByteTrie::kRoot;
      frame->index = 0;
      set_phase(frame, ObjectPhase::After);
      return Step::Child;
  }
  return Step::Refused;
}

CompiledSchema::Step CompiledSchema::step(const ObjectMachine& machine, Frame* frame,
                                          std::uint8_t byte, std::uint32_t* child) const {
  if (use_ == SchemaUse::Accept) return step_any_order(machine, frame, byte, child);
  const auto phase = static_cast<ObjectPhase>(frame->phase);
  switch (phase) {
    case ObjectPhase::Open:
      if (byte != '{') return Step::Refused;
      set_phase(frame, ObjectPhase::First);
      return Step::Stays;
    case ObjectPhase::First:
    case ObjectPhase::Key:
      if (phase == ObjectPhase::First && byte == '}') {
        return may_close(machine, *frame) ? Step::Closed : Step::Refused;
      }
      return step_key(machine, frame, byte);
    case ObjectPhase::Value:
      *child = machine.nodes[frame->index];
      ++frame->index;
      ++frame->count;
      frame->position = ByteTrie::kRoot;
      set_phase(frame, ObjectPhase::After);
      return Step::Child;
    case ObjectPhase::After:
      if (byte == '}') return may_close(machine, *frame) ? Step::Closed : Step::Refused;
      if (byte != ',' || !some_may_follow(machine, *frame)) return Step::Refused;
      set_phase(frame, ObjectPhase::Key);
      return Step::Stays;
  }
  return Step::Refused;
}

}  // namespace inference
