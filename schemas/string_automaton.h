#pragma once

// A deterministic automaton over the UTF-8 bytes of a decoded string: what patterns, formats and
// lengths together allow, or which class of keys a key belongs to. A table, so that whoever steps
// it needs nothing else. Every way through it is well-formed text without control characters other
// than \b \t \n \f \r, and leads on to an accepted text.
// Thread safety: constant after construction; free functions without state.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <vector>

namespace schemas {

struct Regex;

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

// Thrown where a table would be larger than its limit; the message says which.
class AutomatonTooLarge : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The texts in which `regex` is found, with label 1.
StringAutomaton regex_automaton(const Regex& regex);

struct TextProduct {
  std::vector<const StringAutomaton*> parts;
  std::uint32_t length_min = 0;             // code points
  std::optional<std::uint32_t> length_max;  // none: without end
  // From which of the parts accept to the label; called for texts of a length within the bounds.
  std::function<std::uint32_t(const std::vector<bool>&)> label;
};

// Runs the parts side by side.
StringAutomaton product(const TextProduct& parts);

// The label of `text`, which is UTF-8.
std::uint32_t label_of(const StringAutomaton& automaton, std::string_view text);

}  // namespace schemas
