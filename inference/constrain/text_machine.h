#pragma once

// A table of texts (schemas/string_automaton.h) as it is written in JSON: which bytes may follow
// inside the quotes, and the shortest way to the closing quote.
// Thread safety: constant after construction.

#include <cstdint>
#include <string>
#include <vector>

#include "schemas/schema_spec.h"

namespace inference {

class TextMachine {
 public:
  // REQUIRES: the table is not null and accepts something.
  explicit TextMachine(schemas::TextTable table);

  std::uint32_t start() const { return table_->start; }
  bool accepts(std::uint32_t state) const { return table_->label[state] != 0; }
  std::uint32_t step(std::uint32_t state, std::uint8_t byte) const {
    return table_->step(state, byte);
  }

  // Where a text stands between its quotes.
  struct Place {
    std::uint32_t state = 0;
    bool after_backslash = false;
    // Characters that may still begin freely. At 0 the text turns to its end: from then on only
    // bytes that shorten the rest are taken.
    std::uint32_t free_characters = 0;
  };

  // Takes a byte as JSON writes it, but no quote that is not escaped. False if no text of the table
  // continues so; `place` is then unchanged.
  bool step_written(Place* place, std::uint8_t byte) const;

  // Bytes to the closing quote and with it, after a backslash one of the escapes first.
  // kNone where no escape may follow.
  static constexpr std::uint64_t kNone = 0xFFFFFFFF;
  std::uint64_t rest(std::uint32_t state) const { return rest_[state]; }
  std::uint64_t rest_after_backslash(std::uint32_t state) const {
    return rest_after_backslash_[state];
  }
  std::uint64_t rest(const Place& place) const {
    return place.after_backslash ? rest_after_backslash(place.state) : rest(place.state);
  }
  std::uint64_t rest_max() const { return rest_max_; }  // of all states, before and after escapes
  const schemas::TextTable& table() const { return table_; }
  void append_rest(std::uint32_t state, bool after_backslash, std::string* out) const;

 private:
  void find_escapes();

  schemas::TextTable table_;
  std::vector<std::uint8_t> cheapest_;               // [classes]; the byte that is written shortest
  std::vector<std::uint32_t> rest_;                  // [states]
  std::vector<std::uint32_t> rest_after_backslash_;  // [states]
  std::uint64_t rest_max_ = 0;
};

// What the letter of an escape stands for, 0 for letters that make none.
std::uint8_t unescaped(std::uint8_t letter);

}  // namespace inference
