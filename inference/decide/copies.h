#pragma once

// Values that must stand in the message (`x-picolm-copy`): for one message, each such node of the
// schema becomes the finite set of what the message holds and the node allows. So nothing that
// generates can invent a set-point.
// Thread safety: free functions without state.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/schema_spec.h"

namespace inference {

bool has_copies(const schemas::SchemaSpec& spec);

struct Copies {
  schemas::SchemaSpec spec;  // copying nodes are EnumNodes, or NeverNodes where nothing fits
  // JSON pointer of the first required field that nothing fits; nothing: no field is.
  std::optional<std::string> missing;
};

// REQUIRES: a spec that the automaton takes.
Copies copy_from(schemas::SchemaSpec spec, std::string_view message);

// Limits of what is taken from one message; what comes after them is left out.
inline constexpr std::size_t kCopyNumbersMax = 256;
inline constexpr std::size_t kCopyWordsMax = 12;           // ends of words within one text
inline constexpr std::size_t kCopyTextBytesMax = 256;      // of one text
inline constexpr std::size_t kCopyBytesMax = 128u * 1024;  // texts of all nodes together

// The numbers of a message as JSON, in order, each once. `21,5` and `1,500` are read every way they
// are meant somewhere (21.5, 21 and 5; 1500, 1.5, 1 and 500), `1.2.3` as three; of what is no plain
// decimal (1e5) nothing.
std::vector<std::string> numbers_in(std::string_view message);

// The texts that begin where a word does and end where one does, each once, those of few words
// first; together at most `bytes_max` bytes.
std::vector<std::string> texts_in(std::string_view message, std::size_t bytes_max);

}  // namespace inference
