#pragma once

// Every named limit of this folder: unit, default, and what happens when it is hit.
// Thread safety: constants and plain data.

#include <cstddef>
#include <cstdint>

namespace schemas {

struct Limits {
  // Schema text. Over it: SchemaError.
  static constexpr std::size_t schema_bytes_max = 1024 * 1024;  // bytes
  static constexpr std::size_t schema_depth_max = 64;           // levels of brackets in the text
  static constexpr std::size_t schema_values_max = 256 * 1024;  // JSON values in the text
  static constexpr std::size_t nesting_max = 16;                // levels of SchemaSpec nodes

  // What an open keyword gets. An output must end, so nothing stays unbounded.
  static constexpr std::uint32_t string_length_default = 64;  // code points; no maxLength
  static constexpr std::uint32_t array_items_default = 8;     // elements; no maxItems

  // A wider maximum is narrowed to these; a minimum above them is refused.
  static constexpr std::uint32_t string_length_max = 65536;  // code points
  static constexpr std::uint32_t array_items_max = 4096;     // elements

  // Numbers are written as plain decimals with at most this many digits, both sides of the point
  // together: any 15 keep their order in binary64. Bounds that leave no such decimal are refused.
  static constexpr std::size_t number_digits_max = 15;  // digits
  static constexpr std::size_t bound_digits_max = 400;  // digits of a bound written out in full

  // Patterns and formats. Over it: SchemaError.
  static constexpr std::size_t pattern_states_max = 20'000;        // states of one pattern
  static constexpr std::size_t automaton_entries_max = 2'000'000;  // state and byte class pairs

  // Unions of branches after allOf, anyOf, oneOf, not and if are worked out. Over it: SchemaError.
  static constexpr std::size_t branches_max = 256;         // of one value
  static constexpr std::size_t nodes_max = 20'000;         // of one spec
  static constexpr std::size_t reference_steps_max = 256;  // schemas within schemas of one value

  // Title and description of an option. What would exceed it is left out.
  static constexpr std::size_t option_words_max = 2048;  // bytes of one option

  // A schema whose shortest document is longer is refused.
  static constexpr std::size_t shortest_output_bytes_max = 64 * 1024;  // bytes

  // Documents given to the validator. Over it: an invalid verdict.
  static constexpr std::size_t document_bytes_max = 1024 * 1024;  // bytes
  static constexpr std::size_t document_depth_max = 64;           // levels
  static constexpr std::size_t document_values_max = 256 * 1024;  // JSON values
};

// One MQTT payload. Over a limit: the PayloadError named beside it.
struct PayloadLimits {
  std::size_t bytes_max = 64 * 1024;    // TooLarge
  std::size_t depth_max = 16;           // TooDeep; levels of brackets
  std::size_t keys_max = 256;           // TooManyKeys; over the whole document; CSV columns
  std::size_t values_max = 1024;        // TooManyValues; scalars over the whole document
  std::size_t key_bytes_max = 128;      // KeyTooLong; decoded
  std::size_t string_bytes_max = 4096;  // StringTooLong; decoded; not the format Text
  std::size_t number_chars_max = 32;    // NumberTooLong; as written
};

}  // namespace schemas
