// The ways of a state and how a byte moves them; automaton.cc says what a way is.

#include <algorithm>
#include <bit>

#include "inference/check.h"
#include "inference/constrain/automaton.h"

namespace inference {

bool Frame::operator==(const Frame& other) const {
  return machine == other.machine && depth == other.depth && phase == other.phase &&
         key_phase == other.key_phase && index == other.index && count == other.count &&
         position == other.position && text == other.text && decimal == other.decimal &&
         number == other.number && seen == other.seen;
}

void State::reserve(std::size_t frames) {
  pool_.reserve(frames);
  tops_.reserve(frames);
}

bool State::same_way(std::uint32_t mine, const State& other, std::uint32_t theirs) const {
  while (mine != Frame::kNone && theirs != Frame::kNone) {
    if (!(pool_[mine] == other.pool_[theirs])) return false;
    mine = pool_[mine].parent;
    theirs = other.pool_[theirs].parent;
  }
  return mine == theirs;
}

bool State::operator==(const State& other) const {
  if (way_count() != other.way_count()) return false;
  for (std::uint32_t i = 0; i < way_count(); ++i) {
    if (!same_way(tops_[first_ + i], other, other.tops_[other.first_ + i])) return false;
  }
  return true;
}

// Forgets the ways of earlier bytes and the frames that only they used. Parents stand before
// children, so one pass backwards finds what is used and one forwards moves it.
void State::compress() {
  tops_.erase(tops_.begin(), tops_.begin() + first_);
  first_ = 0;
  for (Frame& frame : pool_) frame.moved = Frame::kNone;
  for (const std::uint32_t top : tops_) {
    if (top != Frame::kNone) pool_[top].moved = 0;
  }
  for (std::size_t i = pool_.size(); i-- > 0;) {
    const Frame& frame = pool_[i];
    if (frame.moved == 0 && frame.parent != Frame::kNone) pool_[frame.parent].moved = 0;
  }
  std::uint32_t kept = 0;
  for (Frame& frame : pool_) {
    if (frame.moved == Frame::kNone) continue;
    if (frame.parent != Frame::kNone) frame.parent = pool_[frame.parent].moved;
    const std::uint32_t to = kept++;
    frame.moved = to;
    // Slot `to` was moved already or is not used, but its `moved` may still be asked for.
    const std::uint32_t asked = pool_[to].moved;
    if (&pool_[to] != &frame) {
      pool_[to] = frame;
      pool_[to].moved = asked;
    }
  }
  for (std::uint32_t& top : tops_) {
    if (top != Frame::kNone) top = pool_[top].moved;
  }
  pool_.resize(kept);
}

State CompiledSchema::initial() const {
  State state;
  begin(&state);
  return state;
}

void CompiledSchema::begin(State* state) const {
  state->pool_.clear();
  state->tops_.clear();
  state->first_ = 0;
  for (const std::uint32_t machine : alternatives_[root_]) {
    if (use_ == SchemaUse::Write && machine_depths_[machine] > kFramesMax) continue;
    push_frame(state, open(machine));
  }
}

bool CompiledSchema::can_open(std::uint32_t node, std::uint32_t depth) const {
  if (alternatives_[node].empty()) return false;
  if (use_ == SchemaUse::Accept) return depth <= kFramesMax;
  return depth + machine_depths_[best_machine_[node]] - 1 <= kFramesMax;
}

void CompiledSchema::add_way(State* state, std::uint32_t top) {
  for (std::size_t i = state->first_; i < state->tops_.size(); ++i) {
    if (state->tops_[i] == top) return;
  }
  state->tops_.push_back(top);
}

// Adds a way whose innermost frame is `frame`, unless there is one like it.
void CompiledSchema::push_frame(State* state, const Frame& frame) const {
  for (std::size_t i = state->first_; i < state->tops_.size(); ++i) {
    const std::uint32_t top = state->tops_[i];
    if (top == Frame::kNone) continue;
    const Frame& other = state->pool_[top];
    if (other.parent == frame.parent && other == frame) return;
  }
  state->pool_.push_back(frame);
  state->tops_.push_back(static_cast<std::uint32_t>(state->pool_.size() - 1));
}

void CompiledSchema::push_children(State* state, const Frame& parent, std::uint32_t child,
                                   std::uint8_t byte) const {
  // An equal parent may be there already: of another way that came to the same place.
  std::uint32_t at = Frame::kNone;
  for (std::size_t i = state->first_; i < state->tops_.size() && at == Frame::kNone; ++i) {
    const std::uint32_t top = state->tops_[i];
    const std::uint32_t around = top == Frame::kNone ? top : state->pool_[top].parent;
    if (around == Frame::kNone) continue;
    const Frame& other = state->pool_[around];
    if (other.parent == parent.parent && other == parent) at = around;
  }
  const std::size_t before = state->pool_.size();
  if (at == Frame::kNone) {
    at = static_cast<std::uint32_t>(before);
    state->pool_.push_back(parent);
  }
  bool used = at != before;
  for (const std::uint32_t machine : alternatives_[child]) {
    if (use_ == SchemaUse::Write && parent.depth + machine_depths_[machine] > kFramesMax) continue;
    if (parent.depth >= kFramesMax) continue;
    Frame inner = open(machine);
    std::uint32_t none = 0;
    inner.parent = at;
    inner.depth = parent.depth + 1;
    const Step first = step(&inner, byte, &none);
    if (first == Step::Stays) {
      if (use_ == SchemaUse::Write) inner.below = rest_bytes(parent) + parent.below;
      push_frame(state, inner);
      used = true;
    } else if (first == Step::Closed) {
      add_way(state, at);
      used = true;
    }
  }
  if (!used) state->pool_.resize(before);
}

void CompiledSchema::step_way(State* state, std::uint32_t top, std::uint8_t byte) const {
  while (top != Frame::kNone) {
    Frame frame = state->pool_[top];
    std::uint32_t child = 0;
    switch (step(&frame, byte, &child)) {
      case Step::Refused:
        return;
      case Step::Stays:
        push_frame(state, frame);
        return;
      case Step::Closed:
        add_way(state, frame.parent);
        return;
      case Step::ClosedBefore:
        top = frame.parent;
        continue;
      case Step::Child:
        push_children(state, frame, child, byte);
        return;
    }
  }
}

void CompiledSchema::drop_longest(State* state) const {
  const std::uint32_t ways_max = use_ == SchemaUse::Write ? kWaysMax : kWaysForVerdicts;
  while (state->way_count() > ways_max) {
    std::size_t longest = state->first_;
    if (use_ == SchemaUse::Write) {
      for (std::size_t i = state->first_; i < state->tops_.size(); ++i) {
        if (way_bytes(*state, state->tops_[i]) > way_bytes(*state, state->tops_[longest])) {
          longest = i;
        }
      }
    } else {
      longest = state->tops_.size() - 1;
    }
    state->tops_.erase(state->tops_.begin() + static_cast<std::ptrdiff_t>(longest));
  }
}

Undo CompiledSchema::begin_ways(State* state) {
  Undo undo;
  undo.pool = static_cast<std::uint32_t>(state->pool_.size());
  undo.first = state->first_;
  undo.tops = static_cast<std::uint32_t>(state->tops_.size());
  state->first_ = undo.tops;
  return undo;
}

bool CompiledSchema::advance(State* state, std::uint8_t byte, Undo* undo) const {
  *undo = begin_ways(state);
  for (std::uint32_t i = undo->first; i < undo->tops; ++i) {
    step_way(state, state->tops_[i], byte);
  }
  if (state->way_count() == 0) {
    take_back(state, *undo);
    return false;
  }
  if (state->way_count() > kWaysMax) drop_longest(state);
  return true;
}

void CompiledSchema::take_back(State* state, const Undo& undo) {
  state->pool_.resize(undo.pool);
  state->tops_.resize(undo.tops);
  state->first_ = undo.first;
}

bool CompiledSchema::advance(State* state, std::uint8_t byte) const {
  Undo undo;
  if (!advance(state, byte, &undo)) return false;
  state->compress();
  return true;
}

bool CompiledSchema::is_accepting(const State& state) const {
  for (std::size_t i = state.first_; i < state.tops_.size(); ++i) {
    const std::uint32_t top = state.tops_[i];
    if (top == Frame::kNone) return true;
    const Frame& frame = state.pool_[top];
    if (frame.parent == Frame::kNone && accepts(frame)) return true;
  }
  return false;
}

std::optional<CompiledSchema::OpenString> CompiledSchema::open_string(const State& state,
                                                                      std::uint32_t way) const {
  const std::uint32_t top = state.tops_[state.first_ + way];
  if (top == Frame::kNone) return std::nullopt;
  const Frame& frame = state.pool_[top];
  const auto* machine = std::get_if<StringMachine>(&machines_[frame.machine]);
  const auto phase = static_cast<StringPhase>(frame.phase);
  if (machine == nullptr || phase == StringPhase::Open) return std::nullopt;
  OpenString open;
  open.phase = phase;
  open.below = frame.below;
  if (machine->table) {
    open.table = machine->table.get();
    open.place = text_place(*machine, frame);
  } else {
    open.characters_min = machine->length_min > frame.index ? machine->length_min - frame.index : 0;
    open.characters_max = machine->length_max - frame.index;
  }
  return open;
}

void CompiledSchema::keep_ways(State* state, std::uint64_t ways, Undo* undo) const {
  *undo = begin_ways(state);
  for (; ways != 0; ways &= ways - 1) {
    const auto way = static_cast<std::uint32_t>(std::countr_zero(ways));
    state->tops_.push_back(state->tops_[undo->first + way]);
  }
}

void CompiledSchema::leave_strings(State* state, std::uint64_t ways, Undo* undo) const {
  *undo = begin_ways(state);
  for (; ways != 0; ways &= ways - 1) {
    const auto way = static_cast<std::uint32_t>(std::countr_zero(ways));
    add_way(state, state->pool_[state->tops_[undo->first + way]].parent);
  }
}

}  // namespace inference
