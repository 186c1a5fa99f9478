#pragma once

// A deterministic automaton over the UTF-8 bytes of a decoded string: what patterns, formats and
// lengths together allow, or which class of keys a key belongs to. A table, so that whoever steps
// it needs nothing else. Every way through it is well-formed text without control characters other
// than \b \t \n \f \r, and leads on to an accepted text.
// Thread safety: constant after construction.

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace schemas {

struct StringAutomaton {
  static constexpr std::uint32_t kDead = 0;
  std::array<std::uint8_t, 256> classes{};  // of bytes that nothing tells apart
  std::uint32_t class_count = 1;
  std::vector<std::uint32_t> next;   // [states * class_count]; kDead where nothing follows
  std::vector<std::uint32_t> label;  // [states]; 0 where no text ends
  std::uint32_t start = kDead;       // kDead: accepts nothing

  std::uint32_t step(std::uint32_t state, std::uint8_t byte) const {
    return next[state * class_count + classes[byte]];
  }
  std::uint32_t state_count() const { return static_cast<std::uint32_t>(label.size()); }
};

// Nodes are copied from spec to spec, and tables are large.
using TextTable = std::shared_ptr<const StringAutomaton>;  // shared by all that hold the same texts

}  // namespace schemas
