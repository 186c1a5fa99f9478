#pragma once

// Characters of a text as n-grams see them: code points, lower case, words.
// Thread safety: free functions without state.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace inference {

// Reads one code point at `i` and moves past it; a byte that starts no valid sequence is itself.
// REQUIRES: i < text.size().
char32_t next_character(std::string_view text, std::size_t& i);

// Lower case of the alphabets with a regular layout: Latin, Greek, Cyrillic.
char32_t to_lower(char32_t c);

// Letters and digits. `c` is lower case; beyond ASCII all but spaces and general punctuation.
bool is_word_character(char32_t c);

// Space, tab, line ends, and the spaces beyond ASCII.
bool is_space_character(char32_t c);

// 64 well mixed bits of a sequence of characters.
std::uint64_t hash_characters(std::span<const char32_t> characters);

}  // namespace inference
