// Products of tables. One part always says what text is at all: well-formed UTF-8 (Unicode
// standard, table 3-7) without the control characters that JSON writes only as \u escapes. The
// others may then be complemented or fall silent without bringing broken bytes in. States from
// which nothing is accepted are cut off at the end.

#include "schemas/text_product.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "schemas/limits.h"

namespace schemas {
namespace {

constexpr std::uint32_t kDead = StringAutomaton::kDead;

// Bytes by what UTF-8 makes of them.
enum TextClass : std::uint8_t { Other, Ascii, C80, C90, CA0, L2, LE0, L3, LED, LF0, L4, LF4 };
constexpr std::uint32_t kTextClasses = 12;

std::uint8_t text_class(unsigned byte) {
  if (byte < 0x20) return byte >= 8 && byte <= 13 && byte != 11 ? Ascii : Other;
  if (byte < 0x80) return Ascii;
  if (byte < 0x90) return C80;
  if (byte < 0xA0) return C90;
  if (byte < 0xC0) return CA0;
  if (byte < 0xC2) return Other;
  if (byte < 0xE0) return L2;
  if (byte == 0xE0) return LE0;
  if (byte == 0xED) return LED;
  if (byte < 0xF0) return L3;
  if (byte == 0xF0) return LF0;
  if (byte < 0xF4) return L4;
  return byte == 0xF4 ? LF4 : Other;
}

StringAutomaton make_text() {
  enum : std::uint32_t { Text = 1, Tail1, Tail2, Tail3, TE0, TED, TF0, TF4, States };
  StringAutomaton out;
  out.class_count = kTextClasses;
  for (unsigned byte = 0; byte < 256; ++byte) out.classes[byte] = text_class(byte);
  out.next.assign(States * kTextClasses, kDead);
  out.label.assign(States, 0);
  out.label[Text] = 1;
  out.start = Text;
  const auto edge = [&](std::uint32_t from, TextClass c, std::uint32_t to) {
    out.next[from * kTextClasses + c] = to;
  };
  edge(Text, Ascii, Text);
  edge(Text, L2, Tail1);
  edge(Text, LE0, TE0);
  edge(Text, L3, Tail2);
  edge(Text, LED, TED);
  edge(Text, LF0, TF0);
  edge(Text, L4, Tail3);
  edge(Text, LF4, TF4);
  for (const TextClass c : {C80, C90, CA0}) {
    edge(Tail1, c, Text);
    edge(Tail2, c, Tail1);
    edge(Tail3, c, Tail2);
  }
  edge(TE0, CA0, Tail1);
  edge(TED, C80, Tail1);
  edge(TED, C90, Tail1);
  edge(TF0, C90, Tail2);
  edge(TF0, CA0, Tail2);
  edge(TF4, C80, Tail2);
  return out;
}

const StringAutomaton& text_automaton() {
  static const StringAutomaton kText = make_text();
  return kText;
}

struct TupleHash {
  std::size_t operator()(const std::vector<std::uint32_t>& tuple) const {
    std::size_t hash = 1469598103934665603ULL;
    for (const std::uint32_t value : tuple) hash = (hash ^ value) * 1099511628211ULL;
    return hash;
  }
};

class Product {
 public:
  explicit Product(const TextProduct& parts) : parts_(parts) {
    automata_.push_back(&text_automaton());
    automata_.insert(automata_.end(), parts.parts.begin(), parts.parts.end());
    count_max_ = parts.length_max ? *parts.length_max : parts.length_min;
  }

  StringAutomaton run() {
    join_classes();
    std::vector<std::uint32_t> first;
    for (const StringAutomaton* part : automata_) first.push_back(part->start);
    first.push_back(0);  // characters so far
    out_.label.push_back(0);
    out_.next.assign(out_.class_count, kDead);
    out_.start = intern(std::move(first));
    for (std::size_t i = 0; i < tuples_.size(); ++i) expand(static_cast<std::uint32_t>(i + 1));
    return std::move(out_);
  }

 private:
  void join_classes() {
    std::map<std::vector<std::uint32_t>, std::uint8_t> known;
    for (unsigned byte = 0; byte < 256; ++byte) {
      std::vector<std::uint32_t> key;
      for (const StringAutomaton* part : automata_) key.push_back(part->classes[byte]);
      const auto [entry, fresh] = known.emplace(key, static_cast<std::uint8_t>(known.size()));
      out_.classes[byte] = entry->second;
      if (fresh) samples_.push_back(static_cast<std::uint8_t>(byte));
    }
    out_.class_count = static_cast<std::uint32_t>(samples_.size());
  }

  std::uint32_t intern(std::vector<std::uint32_t> tuple) {
    const auto id = static_cast<std::uint32_t>(tuples_.size() + 1);
    const auto [entry, fresh] = ids_.emplace(std::move(tuple), id);
    if (!fresh) return entry->second;
    if (id * std::size_t{out_.class_count} > Limits::automaton_entries_max) {
      throw AutomatonTooLarge("its automaton has more than " +
                              std::to_string(Limits::automaton_entries_max) + " entries");
    }
    tuples_.push_back(&entry->first);
    out_.label.push_back(label(entry->first));
    out_.next.resize(out_.next.size() + out_.class_count, kDead);
    return id;
  }

  std::uint32_t label(const std::vector<std::uint32_t>& tuple) const {
    if (automata_[0]->label[tuple[0]] == 0 || tuple.back() < parts_.length_min) return 0;
    std::vector<bool> accepted;
    for (std::size_t i = 1; i < automata_.size(); ++i) {
      accepted.push_back(automata_[i]->label[tuple[i]] != 0);
    }
    return parts_.label(accepted);
  }

  void expand(std::uint32_t id) {
    const std::vector<std::uint32_t>& from = *tuples_[id - 1];
    for (std::uint32_t c = 0; c < out_.class_count; ++c) {
      const std::uint8_t byte = samples_[c];
      std::vector<std::uint32_t> to;
      for (std::size_t i = 0; i < automata_.size(); ++i) {
        to.push_back(automata_[i]->step(from[i], byte));
        if (i == 0 && to[0] == kDead) break;
      }
      if (to[0] == kDead) continue;
      const bool begins = (byte & 0xC0) != 0x80;
      if (begins && parts_.length_max && from.back() >= count_max_) continue;
      to.push_back(std::min(from.back() + (begins ? 1U : 0U), count_max_));
      const std::uint32_t target = intern(std::move(to));
      out_.next[id * out_.class_count + c] = target;
    }
  }

  const TextProduct& parts_;
  std::vector<const StringAutomaton*> automata_;
  std::uint32_t count_max_ = 0;        // counts above are all the same
  std::vector<std::uint8_t> samples_;  // [classes]; one byte of each
  std::unordered_map<std::vector<std::uint32_t>, std::uint32_t, TupleHash> ids_;
  std::vector<const std::vector<std::uint32_t>*> tuples_;  // [states - 1]
  StringAutomaton out_;
};

// Cuts off what leads to no accepted text, and numbers the rest anew.
StringAutomaton pruned(const StringAutomaton& in) {
  const std::uint32_t count = in.state_count();
  std::vector<std::vector<std::uint32_t>> before(count);
  for (std::uint32_t state = 1; state < count; ++state) {
    for (std::uint32_t c = 0; c < in.class_count; ++c) {
      const std::uint32_t to = in.next[state * in.class_count + c];
      if (to != kDead && (before[to].empty() || before[to].back() != state)) {
        before[to].push_back(state);
      }
    }
  }
  std::vector<std::uint32_t> live;
  std::vector<std::uint32_t> renamed(count, kDead);
  for (std::uint32_t state = 1; state < count; ++state) {
    if (in.label[state] == 0) continue;
    renamed[state] = 1;
    live.push_back(state);
  }
  for (std::size_t i = 0; i < live.size(); ++i) {
    for (const std::uint32_t state : before[live[i]]) {
      if (renamed[state] != kDead) continue;
      renamed[state] = 1;
      live.push_back(state);
    }
  }
  std::sort(live.begin(), live.end());
  for (std::size_t i = 0; i < live.size(); ++i) {
    renamed[live[i]] = static_cast<std::uint32_t>(i + 1);
  }
  StringAutomaton out;
  out.classes = in.classes;
  out.class_count = in.class_count;
  out.label.push_back(0);
  out.next.assign(in.class_count, kDead);
  for (const std::uint32_t state : live) {
    out.label.push_back(in.label[state]);
    for (std::uint32_t c = 0; c < in.class_count; ++c) {
      out.next.push_back(renamed[in.next[state * in.class_count + c]]);
    }
  }
  out.start = renamed[in.start];
  return out;
}

}  // namespace

StringAutomaton product(const TextProduct& parts) { return pruned(Product(parts).run()); }

std::uint32_t label_of(const StringAutomaton& automaton, std::string_view text) {
  std::uint32_t state = automaton.start;
  for (const char c : text) state = automaton.step(state, static_cast<std::uint8_t>(c));
  return automaton.label[state];
}

}  // namespace schemas
