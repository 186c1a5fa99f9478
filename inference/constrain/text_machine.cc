#include "inference/constrain/text_machine.h"

#include <algorithm>
#include <string_view>

#include "inference/check.h"

namespace inference {
namespace {

constexpr std::string_view kLetters = "\"\\bfnrt";
constexpr std::string_view kMeanings = "\"\\\b\f\n\r\t";

bool is_escaped(std::uint8_t byte) { return byte < 0x20 || byte == '"' || byte == '\\'; }

}  // namespace

std::uint8_t unescaped(std::uint8_t letter) {
  const std::size_t at = kLetters.find(static_cast<char>(letter));
  return at == std::string_view::npos ? 0 : static_cast<std::uint8_t>(kMeanings[at]);
}

TextMachine::TextMachine(schemas::TextTable table) : table_(std::move(table)) {
  const schemas::StringAutomaton& t = *table_;
  cheapest_.assign(t.class_count, 0);
  for (unsigned byte = 256; byte-- > 0;) {  // letters and marks before the rest
    const auto b = static_cast<std::uint8_t>(byte);
    std::uint8_t& best = cheapest_[t.classes[b]];
    if (best == 0 || is_escaped(best) || (!is_escaped(b) && b != ' ')) best = b;
  }
  // Distances by their size: what lies at distance d puts its predecessors at d + 1 or d + 2.
  const std::uint32_t count = t.state_count();
  struct Edge {
    std::uint32_t from;
    std::uint32_t cost;
  };
  std::vector<std::vector<Edge>> before(count);
  for (std::uint32_t state = 1; state < count; ++state) {
    for (std::uint32_t c = 0; c < t.class_count; ++c) {
      const std::uint32_t to = t.next[state * t.class_count + c];
      if (to != 0) before[to].push_back({state, is_escaped(cheapest_[c]) ? 2U : 1U});
    }
  }
  rest_.assign(count, static_cast<std::uint32_t>(kNone));
  std::vector<std::vector<std::uint32_t>> rings(2);
  for (std::uint32_t state = 1; state < count; ++state) {
    if (t.label[state] != 0) rings[1].push_back(state);
  }
  for (std::uint32_t distance = 1; distance < rings.size(); ++distance) {
    for (std::size_t i = 0; i < rings[distance].size(); ++i) {
      const std::uint32_t state = rings[distance][i];
      if (rest_[state] <= distance) continue;
      rest_[state] = distance;
      for (const Edge& edge : before[state]) {
        if (rings.size() <= distance + edge.cost) rings.resize(distance + edge.cost + 1);
        if (rest_[edge.from] > distance + edge.cost) {
          rings[distance + edge.cost].push_back(edge.from);
        }
      }
    }
  }
  find_escapes();
}

void TextMachine::find_escapes() {
  rest_after_backslash_.assign(rest_.size(), static_cast<std::uint32_t>(kNone));
  for (std::uint32_t state = 1; state < rest_.size(); ++state) {
    std::uint32_t& best = rest_after_backslash_[state];
    for (const char meaning : kMeanings) {
      const std::uint32_t to = table_->step(state, static_cast<std::uint8_t>(meaning));
      if (to != 0 && rest_[to] < kNone) best = std::min(best, 1 + rest_[to]);
    }
    for (const std::uint32_t rest : {rest_[state], best}) {
      if (rest < kNone) rest_max_ = std::max<std::uint64_t>(rest_max_, rest);
    }
  }
}

bool TextMachine::step_written(Place* place, std::uint8_t byte) const {
  if (!place->after_backslash && (byte < 0x20 || byte == '"')) return false;
  const bool escapes = !place->after_backslash && byte == '\\';
  const std::uint64_t before =
      place->after_backslash ? rest_after_backslash(place->state) : rest(place->state);
  std::uint32_t to = place->state;
  std::uint64_t after = rest_after_backslash(to);
  if (!escapes) {
    const std::uint8_t meaning = place->after_backslash ? unescaped(byte) : byte;
    if (place->after_backslash && meaning == 0) return false;
    to = table_->step(place->state, meaning);
    after = rest(to);
  }
  if (to == schemas::StringAutomaton::kDead || after >= kNone) return false;
  if (place->free_characters == 0 && after >= before) return false;
  const bool begins_character = !place->after_backslash && (byte & 0xC0) != 0x80;
  if (begins_character && place->free_characters > 0) --place->free_characters;
  place->state = to;
  place->after_backslash = escapes;
  return true;
}

void TextMachine::append_rest(std::uint32_t state, bool after_backslash, std::string* out) const {
  if (after_backslash) {
    const std::uint64_t wanted = rest_after_backslash(state);
    for (std::size_t i = 0; i < kLetters.size(); ++i) {
      const std::uint32_t to = table_->step(state, static_cast<std::uint8_t>(kMeanings[i]));
      if (to == 0 || 1 + rest_[to] != wanted) continue;
      out->push_back(kLetters[i]);
      state = to;
      break;
    }
  }
  while (rest_[state] > 1) {
    bool found = false;
    for (std::uint32_t c = 0; c < table_->class_count && !found; ++c) {
      const std::uint32_t to = table_->next[state * table_->class_count + c];
      const std::uint8_t byte = cheapest_[c];
      if (to == 0 || rest_[to] + (is_escaped(byte) ? 2U : 1U) != rest_[state]) continue;
      found = true;
      if (is_escaped(byte)) {
        out->push_back('\\');
        out->push_back(kLetters[kMeanings.find(static_cast<char>(byte))]);
      } else {
        out->push_back(static_cast<char>(byte));
      }
      state = to;
    }
    PICOLM_CHECK(found);
  }
  out->push_back('"');
}

}  // namespace inference
