#pragma once

// How tables of texts are made: from a regular expression, and from other tables side by side.
// Thread safety: free functions without state.

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "schemas/string_automaton.h"

namespace schemas {

struct Regex;

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
