// A stack of small automata.
//
// A document under way is a stack of values under way: the object, inside it the array, inside it
// the string. Each has a frame: the node of the schema, a phase of that node's machine and a few
// counters. A byte goes to the innermost frame, which answers in one of five ways:
//
//   Refused       no document continues with this byte
//   Stays         taken, the value goes on
//   Closed        taken, and the value is complete: its frame is popped
//   ClosedBefore  the value was complete already (a number ends where something else begins): its
//                 frame is popped and the byte goes to the frame below
//   Child         the byte begins a value inside this one: a new frame is pushed and takes it
//
// Only numbers and enums close before a byte, and a value begins with a byte of its own, so a byte
// touches at most two frames; the rest of the stack is not looked at. Nothing is built ahead: a
// schema of n nodes costs n small machines, however many documents it has. A flat automaton over
// bytes cannot do that: optional properties multiply its states, and a count or a length adds a
// copy of everything inside for each value it can take.
//
// The automaton is deterministic and has no dead ends: a byte is taken only if a document continues
// with it. Numbers ask their bounds (decimal.cc), keys ask which properties are still to come, and
// nodes without any member were cut off at load (schema_compiler.cc). Hence every state has a
// shortest completion, whose length is exact (completion.cc): this is what ends every output within
// its budget.
//
// What later schemas need fits the same frame:
//  - anyOf whose branches begin with different bytes: a machine whose Child answer picks the branch
//    by the byte. Objects that share keys: one object machine over the union of the keys, with the
//    set of branches still possible as a counter that keys and constants narrow. What is left: a
//    machine that owns a few alternative stacks, steps them all and drops those that refuse; its
//    completion is the shortest of theirs.
//  - pattern and format: a string machine that also steps a lazily built automaton, whose state is
//    `position`; a completion is that automaton's distance to its end.
//  - $ref with recursion: nodes already refer to each other by index, so a cycle costs nothing; a
//    Child is then refused where the frames left are fewer than the child's least depth.
//  - patternProperties and other open objects: a key phase that steps a string machine beside the
//    trie of known keys.
//
// References: the pushdown automaton over frames follows the idea of xgrammar's matcher; llguidance
// (docs/toktrie.md) for walking a vocabulary with a byte automaton.

#include "inference/constrain/automaton.h"

#include <algorithm>

#include "inference/check.h"
#include "inference/constrain/machine_phase.h"

namespace inference {

bool Frame::operator==(const Frame& other) const {
  return node == other.node && phase == other.phase && index == other.index &&
         position == other.position && decimal == other.decimal;
}

State& State::operator=(const State& other) {
  depth = other.depth;
  std::copy_n(other.frames.begin(), depth, frames.begin());
  return *this;
}

bool State::operator==(const State& other) const {
  return depth == other.depth &&
         std::equal(frames.begin(), frames.begin() + depth, other.frames.begin());
}

Frame CompiledSchema::open(std::uint32_t node) {
  Frame frame;
  frame.node = node;
  return frame;
}

State CompiledSchema::initial() const {
  State state;
  state.depth = 1;
  state.frames[0] = open(root_);
  return state;
}

// --- machines -----------------------------------------------------------------------------------

CompiledSchema::Step CompiledSchema::step(const EnumMachine& machine, Frame* frame,
                                          std::uint8_t byte) {
  const auto next = machine.values.child(frame->position, byte);
  if (!next) {
    return machine.values.ends_string(frame->position) ? Step::ClosedBefore : Step::Refused;
  }
  frame->position = *next;
  return machine.values.is_leaf(*next) ? Step::Closed : Step::Stays;
}

CompiledSchema::Step CompiledSchema::step(const DecimalRange& machine, Frame* frame,
                                          std::uint8_t byte) {
  if (machine.step(&frame->decimal, byte)) return Step::Stays;
  return machine.accepts(frame->decimal) ? Step::ClosedBefore : Step::Refused;
}

CompiledSchema::Step CompiledSchema::step(const StringMachine& machine, Frame* frame,
                                          std::uint8_t byte) {
  const StringMove move = step_string(static_cast<StringPhase>(frame->phase), byte);
  switch (move.kind) {
    case StringMove::Kind::Refused:
      return Step::Refused;
    case StringMove::Kind::Closed:
      return frame->index >= machine.length_min ? Step::Closed : Step::Refused;
    case StringMove::Kind::Inside:
      break;
  }
  if (move.begins_character) {
    if (frame->index >= machine.length_max) return Step::Refused;
    ++frame->index;
  }
  frame->phase = static_cast<std::uint8_t>(move.phase);
  return Step::Stays;
}

CompiledSchema::Step CompiledSchema::step(const ArrayMachine& machine, Frame* frame,
                                          std::uint8_t byte, std::uint32_t* child) {
  const auto phase = static_cast<ArrayPhase>(frame->phase);
  switch (phase) {
    case ArrayPhase::Open:
      if (byte != '[') return Step::Refused;
      set_phase(frame, ArrayPhase::First);
      return Step::Stays;
    case ArrayPhase::First:
    case ArrayPhase::Item:
      if (phase == ArrayPhase::First && byte == ']') {
        return machine.count_min == 0 ? Step::Closed : Step::Refused;
      }
      if (machine.count_max == 0) return Step::Refused;
      set_phase(frame, ArrayPhase::After);
      ++frame->index;
      *child = machine.items;
      return Step::Child;
    case ArrayPhase::After:
      if (byte == ']') return frame->index >= machine.count_min ? Step::Closed : Step::Refused;
      if (byte != ',' || frame->index >= machine.count_max) return Step::Refused;
      set_phase(frame, ArrayPhase::Item);
      return Step::Stays;
  }
  return Step::Refused;
}

std::uint32_t CompiledSchema::ObjectMachine::last_candidate(std::uint32_t index) const {
  const auto count = static_cast<std::uint32_t>(nodes.size());
  return std::min(next_required[index], count - 1);
}

CompiledSchema::Step CompiledSchema::step(const ObjectMachine& machine, Frame* frame,
                                          std::uint8_t byte, std::uint32_t* child) {
  const auto count = static_cast<std::uint32_t>(machine.nodes.size());
  const auto phase = static_cast<ObjectPhase>(frame->phase);
  switch (phase) {
    case ObjectPhase::Open:
      if (byte != '{') return Step::Refused;
      set_phase(frame, ObjectPhase::First);
      return Step::Stays;
    case ObjectPhase::First:
    case ObjectPhase::Key: {
      if (phase == ObjectPhase::First && byte == '}') {
        return machine.next_required[0] == count ? Step::Closed : Step::Refused;
      }
      const auto next = machine.keys.child(frame->position, byte);
      if (!next) return Step::Refused;
      const std::uint32_t last = machine.last_candidate(frame->index);
      const auto below = machine.keys.strings_below(*next);
      const bool some_may_follow = std::any_of(
          below.begin(), below.end(),
          [&](std::uint32_t property) { return property >= frame->index && property <= last; });
      if (!some_may_follow) return Step::Refused;
      frame->position = *next;
      set_phase(frame, ObjectPhase::Key);
      if (machine.keys.ends_string(*next)) {
        frame->index = below.front();
        set_phase(frame, ObjectPhase::Value);
      }
      return Step::Stays;
    }
    case ObjectPhase::Value:
      *child = machine.nodes[frame->index];
      ++frame->index;
      frame->position = ByteTrie::kRoot;
      set_phase(frame, ObjectPhase::After);
      return Step::Child;
    case ObjectPhase::After:
      if (byte == '}') {
        return machine.next_required[frame->index] == count ? Step::Closed : Step::Refused;
      }
      if (byte != ',' || frame->index >= count) return Step::Refused;
      set_phase(frame, ObjectPhase::Key);
      return Step::Stays;
  }
  return Step::Refused;
}

CompiledSchema::Step CompiledSchema::step(Frame* frame, std::uint8_t byte,
                                          std::uint32_t* child) const {
  const Machine& machine = machines_[frame->node];
  if (const auto* values = std::get_if<EnumMachine>(&machine)) return step(*values, frame, byte);
  if (const auto* range = std::get_if<DecimalRange>(&machine)) return step(*range, frame, byte);
  if (const auto* text = std::get_if<StringMachine>(&machine)) return step(*text, frame, byte);
  if (const auto* array = std::get_if<ArrayMachine>(&machine)) {
    return step(*array, frame, byte, child);
  }
  return step(std::get<ObjectMachine>(machine), frame, byte, child);
}

bool CompiledSchema::accepts(const Frame& frame) const {
  const Machine& machine = machines_[frame.node];
  if (const auto* values = std::get_if<EnumMachine>(&machine)) {
    return values->values.ends_string(frame.position);
  }
  if (const auto* range = std::get_if<DecimalRange>(&machine)) {
    return range->accepts(frame.decimal);
  }
  return false;
}

// --- stack --------------------------------------------------------------------------------------

// Finds what `byte` would do, without doing it.
bool CompiledSchema::move(const State& state, std::uint8_t byte, Move* out) const {
  std::uint32_t depth = state.depth;
  while (depth > 0) {
    Frame frame = state.frames[depth - 1];
    std::uint32_t child = 0;
    out->base = depth - 1;
    switch (step(&frame, byte, &child)) {
      case Step::Refused:
        return false;
      case Step::Stays:
        out->count = 1;
        out->frames[0] = frame;
        return true;
      case Step::Closed:
        out->count = 0;
        return true;
      case Step::ClosedBefore:
        --depth;
        continue;
      case Step::Child:
        break;
    }
    Frame inner = open(child);
    const Step first = step(&inner, byte, &child);
    if (first != Step::Stays && first != Step::Closed) return false;
    out->frames[0] = frame;
    out->frames[1] = inner;
    out->count = first == Step::Stays ? 2 : 1;
    return true;
  }
  return false;
}

bool CompiledSchema::advance(State* state, std::uint8_t byte, Undo* undo) const {
  Move next;
  if (!move(*state, byte, &next)) return false;
  PICOLM_DCHECK(next.base + next.count <= kFramesMax);
  undo->depth = state->depth;
  undo->base = next.base;
  for (std::uint32_t i = 0; i < 2 && next.base + i < kFramesMax; ++i) {
    undo->frames[i] = state->frames[next.base + i];
  }
  for (std::uint32_t i = 0; i < next.count; ++i) {
    state->frames[next.base + i] = next.frames[i];
  }
  state->depth = next.base + next.count;
  return true;
}

void CompiledSchema::take_back(State* state, const Undo& undo) {
  for (std::uint32_t i = 0; i < 2 && undo.base + i < kFramesMax; ++i) {
    state->frames[undo.base + i] = undo.frames[i];
  }
  state->depth = undo.depth;
}

bool CompiledSchema::advance(State* state, std::uint8_t byte) const {
  Undo undo;
  return advance(state, byte, &undo);
}

ByteSet CompiledSchema::allowed_bytes(const State& state) const {
  ByteSet allowed;
  Move unused;
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (move(state, static_cast<std::uint8_t>(byte), &unused)) {
      allowed.set(static_cast<std::uint8_t>(byte));
    }
  }
  return allowed;
}

bool CompiledSchema::is_accepting(const State& state) const {
  return state.depth == 0 || (state.depth == 1 && accepts(state.frames[0]));
}

void CompiledSchema::append_forced(State* state, std::string* out) const {
  while (!is_accepting(*state)) {
    const ByteSet allowed = allowed_bytes(*state);
    if (allowed.count() != 1) return;
    const std::uint8_t byte = allowed.first();
    PICOLM_CHECK(advance(state, byte));
    out->push_back(static_cast<char>(byte));
  }
}

std::optional<CompiledSchema::OpenString> CompiledSchema::open_string(const State& state) const {
  if (state.depth == 0) return std::nullopt;
  const Frame& frame = state.frames[state.depth - 1];
  const auto* machine = std::get_if<StringMachine>(&machines_[frame.node]);
  const auto phase = static_cast<StringPhase>(frame.phase);
  if (machine == nullptr || phase == StringPhase::Open) return std::nullopt;
  const std::uint32_t missing =
      machine->length_min > frame.index ? machine->length_min - frame.index : 0;
  return OpenString{phase, missing, machine->length_max - frame.index};
}

}  // namespace inference
