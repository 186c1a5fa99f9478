// A few stacks of small automata.
//
// A document under way is a stack of values under way: the object, inside it the array, inside it
// the string. Each has a frame: the machine of its node, a phase and a few counters. A byte goes to
// the innermost frame, which answers in one of five ways:
//
//   Refused       no document continues with this byte
//   Stays         taken, the value goes on
//   Closed        taken, and the value is complete: its frame is popped
//   ClosedBefore  the value was complete already (a number ends where something else begins): its
//                 frame is popped and the byte goes to the frame below
//   Child         the byte begins a value inside this one: a new frame is pushed and takes it
//
// Nothing is built ahead: a schema of n nodes costs n small machines, however many documents it
// has, and nodes refer to each other by index, so a schema that contains itself costs nothing more.
//
// A node may have several machines: one for each type, and one for each branch of anyOf. Where a
// value begins, all whose first byte fits are begun, and from then on each is a way of its own to
// read the document. Ways share the frames below them; a frame in the pool is never changed, a
// step puts a new one beside it. So forking costs one frame, undoing is cutting the pool, and when
// two branches end in the same place they are one way again.
//
// For writing there are no dead ends: a byte is taken only if a document continues with it. Numbers
// ask their bounds (decimal.cc), texts their table (text_machine.cc), keys ask which properties are
// still to come, and nodes without any member were cut off at load (schema_compiler.cc). Hence
// every state has a shortest completion, whose length is exact (completion.cc): this is what ends
// every output within its budget. Recursion stays within the frames there are, because a value is
// begun only where its shortest document fits.
//
// References: the pushdown automaton over frames follows the idea of xgrammar's matcher; sharing
// stacks between ways is Tomita's graph-structured stack (1986); llguidance (docs/toktrie.md) for
// walking a vocabulary with a byte automaton.

#include "inference/constrain/automaton.h"

#include <algorithm>

#include "inference/check.h"
#include "inference/constrain/machine_phase.h"

namespace inference {

Frame CompiledSchema::open(std::uint32_t machine) const {
  Frame frame;
  frame.machine = machine;
  if (const auto* text = std::get_if<StringMachine>(&machines_[machine])) {
    if (text->table) frame.text = text->table->start();
  }
  return frame;
}

// --- scalars ------------------------------------------------------------------------------------

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

CompiledSchema::Step CompiledSchema::step(const NumberBounds& machine, Frame* frame,
                                          std::uint8_t byte) {
  if (frame->number.step(byte)) return Step::Stays;
  return machine.contains(frame->number) ? Step::ClosedBefore : Step::Refused;
}

// Where the text of a string with a table stands.
TextMachine::Place CompiledSchema::text_place(const StringMachine& machine, const Frame& frame) {
  const bool after_backslash = static_cast<StringPhase>(frame.phase) == StringPhase::Escape;
  return {frame.text, after_backslash,
          machine.length_max > frame.index ? machine.length_max - frame.index : 0};
}

CompiledSchema::Step CompiledSchema::step(const StringMachine& machine, Frame* frame,
                                          std::uint8_t byte) {
  const auto phase = static_cast<StringPhase>(frame->phase);
  const StringMove move = step_string(phase, byte);
  const TextMachine* table = machine.table.get();
  switch (move.kind) {
    case StringMove::Kind::Refused:
      return Step::Refused;
    case StringMove::Kind::Closed:
      if (table != nullptr) return table->accepts(frame->text) ? Step::Closed : Step::Refused;
      return frame->index >= machine.length_min ? Step::Closed : Step::Refused;
    case StringMove::Kind::Inside:
      break;
  }
  if (table != nullptr && phase != StringPhase::Open) {
    TextMachine::Place place = text_place(machine, *frame);
    if (!table->step_written(&place, byte)) return Step::Refused;
    frame->text = place.state;
    if (move.begins_character) ++frame->index;
    frame->phase = static_cast<std::uint8_t>(move.phase);
    return Step::Stays;
  }
  frame->phase = static_cast<std::uint8_t>(move.phase);
  if (move.begins_character) {
    if (frame->index >= machine.length_max) return Step::Refused;
    ++frame->index;
  }
  return Step::Stays;
}

// What the reader knows stands in the frame's own fields.
CompiledSchema::Step CompiledSchema::step(const LeapMachine& machine, Frame* frame,
                                          std::uint8_t byte) {
  LeapSecond text{frame->position, frame->count, frame->index, frame->text, frame->key_phase != 0};
  if (static_cast<StringPhase>(frame->phase) == StringPhase::Open) {
    if (byte != '"') return Step::Refused;
    text = LeapSecond::begin(machine.has_date);
    frame->phase = static_cast<std::uint8_t>(StringPhase::Text);
  } else if (byte == '"') {
    return text.is_whole() ? Step::Closed : Step::Refused;
  } else if (!text.step(byte)) {
    return Step::Refused;
  }
  frame->position = text.at;
  frame->count = text.date;
  frame->index = text.local;
  frame->text = text.offset;
  frame->key_phase = text.is_west ? 1 : 0;
  return Step::Stays;
}

CompiledSchema::Step CompiledSchema::step(const ArrayMachine& machine, Frame* frame,
                                          std::uint8_t byte, std::uint32_t* child) const {
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
      *child = machine.item_at(frame->index);
      ++frame->index;
      return Step::Child;
    case ArrayPhase::After:
      if (byte == ']') return frame->index >= machine.count_min ? Step::Closed : Step::Refused;
      if (byte != ',' || frame->index >= machine.count_max) return Step::Refused;
      if (!can_open(machine.item_at(frame->index), frame->depth + 1)) return Step::Refused;
      set_phase(frame, ArrayPhase::Item);
      return Step::Stays;
  }
  return Step::Refused;
}

CompiledSchema::Step CompiledSchema::step(Frame* frame, std::uint8_t byte,
                                          std::uint32_t* child) const {
  const Machine& machine = machines_[frame->machine];
  if (const auto* values = std::get_if<EnumMachine>(&machine)) return step(*values, frame, byte);
  if (const auto* range = std::get_if<DecimalRange>(&machine)) return step(*range, frame, byte);
  if (const auto* bounds = std::get_if<NumberBounds>(&machine)) return step(*bounds, frame, byte);
  if (const auto* text = std::get_if<StringMachine>(&machine)) return step(*text, frame, byte);
  if (const auto* leap = std::get_if<LeapMachine>(&machine)) return step(*leap, frame, byte);
  if (const auto* array = std::get_if<ArrayMachine>(&machine)) {
    return step(*array, frame, byte, child);
  }
  return step(std::get<ObjectMachine>(machine), frame, byte, child);
}

bool CompiledSchema::accepts(const Frame& frame) const {
  const Machine& machine = machines_[frame.machine];
  if (const auto* values = std::get_if<EnumMachine>(&machine)) {
    return values->values.ends_string(frame.position);
  }
  if (const auto* range = std::get_if<DecimalRange>(&machine)) {
    return range->accepts(frame.decimal);
  }
  if (const auto* bounds = std::get_if<NumberBounds>(&machine)) {
    return bounds->contains(frame.number);
  }
  return false;
}

ByteSet CompiledSchema::try_bytes(State* state) const {
  ByteSet allowed;
  Undo undo;
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (!advance(state, static_cast<std::uint8_t>(byte), &undo)) continue;
    allowed.set(static_cast<std::uint8_t>(byte));
    take_back(state, undo);
  }
  return allowed;
}

ByteSet CompiledSchema::allowed_bytes(const State& state) const {
  State scratch = state;
  return try_bytes(&scratch);
}

void CompiledSchema::append_forced(State* state, std::string* out) const {
  while (!is_accepting(*state)) {
    const ByteSet allowed = try_bytes(state);
    if (allowed.count() != 1) return;
    const std::uint8_t byte = allowed.first();
    PICOLM_CHECK(advance(state, byte));
    out->push_back(static_cast<char>(byte));
  }
}

}  // namespace inference
