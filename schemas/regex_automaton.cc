// From a regular expression to a table: Thompson's construction over bytes, then sets of states.
//
// A pattern is searched, so the automaton loops in front of it and behind it. `^` and `$` are edges
// that cost nothing: the first passes only before the first byte, the second only where the text
// ends. Once the pattern was found without `$`, nothing can undo it, and the set collapses to the
// final state. Ranges of code points become sequences of byte ranges by splitting them where the
// number of bytes or a leading byte changes.

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>

#include "schemas/limits.h"
#include "schemas/regex.h"
#include "schemas/text_product.h"

namespace schemas {
namespace {

using StateSet = std::vector<std::uint32_t>;  // sorted

struct ByteEdge {
  std::uint8_t first = 0;
  std::uint8_t last = 0;
  std::uint32_t to = 0;
};

struct NfaState {
  std::vector<ByteEdge> edges;
  StateSet free;
  StateSet begin;  // edges of `^`
  StateSet end;    // edges of `$`
};

class Nfa {
 public:
  explicit Nfa(const Regex& regex) {
    start = add();
    const std::uint32_t inside = add();
    final = add();
    states[start].edges.push_back({0, 255, start});
    states[start].free.push_back(inside);
    const std::uint32_t last = build(regex, inside);
    states[last].free.push_back(final);
    states[final].edges.push_back({0, 255, final});
  }

  std::vector<NfaState> states;
  std::uint32_t start = 0;
  std::uint32_t final = 0;

 private:
  std::uint32_t add() {
    if (states.size() >= Limits::pattern_states_max) {
      throw AutomatonTooLarge("it has more than " + std::to_string(Limits::pattern_states_max) +
                              " positions");
    }
    states.emplace_back();
    return static_cast<std::uint32_t>(states.size() - 1);
  }

  // Adds what leads from `from` through `regex`; returns where it ends.
  std::uint32_t build(const Regex& regex, std::uint32_t from) {
    std::uint32_t to = from;
    switch (regex.kind) {
      case Regex::Kind::Concat:
        for (const Regex& part : regex.parts) to = build(part, to);
        return to;
      case Regex::Kind::Repeat:
        return build_repeat(regex, from);
      case Regex::Kind::Alternate:
        to = add();
        for (const Regex& part : regex.parts) {
          const std::uint32_t begin = add();
          states[from].free.push_back(begin);
          const std::uint32_t end = build(part, begin);
          states[end].free.push_back(to);
        }
        return to;
      case Regex::Kind::Set:
        to = add();
        tails_.clear();
        for (const CodeRange& range : regex.set) add_range(range.first, range.last, from, to);
        return to;
      case Regex::Kind::Begin:
        to = add();
        states[from].begin.push_back(to);
        return to;
      case Regex::Kind::End:
        to = add();
        states[from].end.push_back(to);
        return to;
    }
    return to;
  }

  std::uint32_t build_repeat(const Regex& regex, std::uint32_t from) {
    const Regex& part = regex.parts.front();
    std::uint32_t to = from;
    for (std::uint32_t i = 0; i < regex.minimum; ++i) to = build(part, to);
    if (regex.maximum == Regex::kUnbounded) {
      const std::uint32_t loop = add();
      states[to].free.push_back(loop);
      const std::uint32_t end = build(part, loop);
      states[end].free.push_back(loop);
      const std::uint32_t out = add();
      states[loop].free.push_back(out);
      return out;
    }
    const std::uint32_t out = add();
    states[to].free.push_back(out);
    for (std::uint32_t i = regex.minimum; i < regex.maximum; ++i) {
      const std::uint32_t begin = add();
      states[to].free.push_back(begin);
      to = build(part, begin);
      states[to].free.push_back(out);
    }
    return out;
  }

  void add_range(std::uint32_t first, std::uint32_t last, std::uint32_t from, std::uint32_t to) {
    if (first > last) return;
    for (const std::uint32_t edge : {0x7FU, 0x7FFU, 0xD7FFU, 0xDFFFU, 0xFFFFU}) {
      if (first <= edge && last > edge) {
        add_range(first, edge, from, to);
        return add_range(edge + 1, last, from, to);
      }
    }
    if (first >= 0xD800 && first <= 0xDFFF) return;  // surrogates are no characters
    const unsigned length = first < 0x80 ? 1 : first < 0x800 ? 2 : first < 0x10000 ? 3 : 4;
    for (unsigned i = 1; i < length; ++i) {
      const std::uint32_t mask = (1U << (6 * i)) - 1;
      if ((first & ~mask) == (last & ~mask)) continue;
      if ((first & mask) != 0) {
        add_range(first, first | mask, from, to);
        return add_range((first | mask) + 1, last, from, to);
      }
      if ((last & mask) != mask) {
        add_range(first, (last & ~mask) - 1, from, to);
        return add_range(last & ~mask, last, from, to);
      }
    }
    std::uint32_t after = to;
    for (unsigned i = length - 1; i > 0; --i) {
      after = before(encoded(first, length, i), encoded(last, length, i), after);
    }
    states[from].edges.push_back({encoded(first, length, 0), encoded(last, length, 0), after});
  }

  static std::uint8_t encoded(std::uint32_t code, unsigned length, unsigned index) {
    const std::uint32_t bits = code >> (6 * (length - 1 - index));
    if (index > 0) return static_cast<std::uint8_t>(0x80 | (bits & 0x3F));
    constexpr std::array<std::uint32_t, 5> kLead = {0, 0, 0xC0, 0xE0, 0xF0};
    return static_cast<std::uint8_t>(kLead[length] | bits);
  }

  // The state from which a byte in [first, last] leads to `to`; one for all sequences of a set.
  std::uint32_t before(std::uint8_t first, std::uint8_t last, std::uint32_t to) {
    const auto [entry, fresh] = tails_.emplace(std::array<std::uint32_t, 3>{first, last, to}, 0);
    if (fresh) {
      const std::uint32_t state = add();
      states[state].edges.push_back({first, last, to});
      entry->second = state;
    }
    return entry->second;
  }

  std::map<std::array<std::uint32_t, 3>, std::uint32_t> tails_;
};

class Subsets {
 public:
  explicit Subsets(const Regex& regex) : nfa_(regex) {}

  StringAutomaton run() {
    find_classes();
    out_.label.push_back(0);
    out_.next.assign(out_.class_count, StringAutomaton::kDead);
    out_.start = intern({nfa_.start}, true);
    for (std::size_t i = 0; i < sets_.size(); ++i) {
      for (std::uint32_t c = 0; c < out_.class_count; ++c) {
        StateSet to;
        for (const std::uint32_t state : *sets_[i]) {
          for (const ByteEdge& edge : nfa_.states[state].edges) {
            if (samples_[c] >= edge.first && samples_[c] <= edge.last) to.push_back(edge.to);
          }
        }
        if (to.empty()) continue;
        const std::uint32_t target = intern(std::move(to), false);
        out_.next[(i + 1) * out_.class_count + c] = target;
      }
    }
    return std::move(out_);
  }

 private:
  void find_classes() {
    std::array<bool, 257> cut{};
    for (const NfaState& state : nfa_.states) {
      for (const ByteEdge& edge : state.edges) cut[edge.first] = cut[edge.last + 1U] = true;
    }
    std::uint8_t current = 0;
    for (unsigned byte = 0; byte < 256; ++byte) {
      if (byte > 0 && cut[byte]) ++current;
      if (byte == 0 || cut[byte]) samples_.push_back(static_cast<std::uint8_t>(byte));
      out_.classes[byte] = current;
    }
    out_.class_count = static_cast<std::uint32_t>(samples_.size());
  }

  StateSet closure(const StateSet& set, bool at_begin, bool at_end) const {
    std::vector<bool> seen(nfa_.states.size(), false);
    StateSet out;
    const auto visit = [&](std::uint32_t state) {
      if (!seen[state]) out.push_back(state);
      seen[state] = true;
    };
    for (const std::uint32_t state : set) visit(state);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const NfaState& state = nfa_.states[out[i]];
      for (const std::uint32_t to : state.free) visit(to);
      if (at_begin) {
        for (const std::uint32_t to : state.begin) visit(to);
      }
      if (at_end) {
        for (const std::uint32_t to : state.end) visit(to);
      }
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  bool is_final(const StateSet& set) const {
    return std::binary_search(set.begin(), set.end(), nfa_.final);
  }

  std::uint32_t intern(StateSet set, bool at_begin) {
    set = closure(set, at_begin, false);
    if (is_final(set)) set = {nfa_.final};
    const bool accepted = is_final(closure(set, at_begin, true));
    if (at_begin) set.push_back(0xFFFFFFFF);  // before the first byte `^` passes: its own state
    const auto id = static_cast<std::uint32_t>(sets_.size() + 1);
    const auto [entry, fresh] = ids_.emplace(std::move(set), id);
    if (!fresh) return entry->second;
    if (id > Limits::pattern_states_max) {
      throw AutomatonTooLarge("its automaton has more than " +
                              std::to_string(Limits::pattern_states_max) + " states");
    }
    StateSet plain = entry->first;
    if (at_begin) plain.pop_back();
    stored_.push_back(std::make_unique<StateSet>(std::move(plain)));
    sets_.push_back(stored_.back().get());
    out_.label.push_back(accepted ? 1 : 0);
    out_.next.resize(out_.next.size() + out_.class_count, StringAutomaton::kDead);
    return id;
  }

  Nfa nfa_;
  std::vector<std::uint8_t> samples_;
  std::map<StateSet, std::uint32_t> ids_;
  std::vector<std::unique_ptr<StateSet>> stored_;
  std::vector<const StateSet*> sets_;
  StringAutomaton out_;
};

}  // namespace

StringAutomaton regex_automaton(const Regex& regex) { return Subsets(regex).run(); }

}  // namespace schemas
