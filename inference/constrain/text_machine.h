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

  // Bytes to the closing quote and with it, after a backslash one of the escapes first.
  // kNone where no escape may follow.
  static constexpr std::uint64_t kNone = 0xFFFFFFFF;
  std::uint64_t rest(std::uint32_t state) const { return rest_[state]; }
  std::uint64_t rest_after_backslash(std::uint32_t state) const;
  void append_rest(std::uint32_t state, bool after_backslash, std::string* out) const;

 private:
  schemas::TextTable table_;
  std::vector<std::uint8_t> cheapest_;  // [classes]; the byte that is written shortest
  std::vector<std::uint32_t> rest_;     // [states]
};

// What the letter of an escape stands for, 0 for letters that make none.
std::uint8_t unescaped(std::uint8_t letter);

}  // namespace inference
