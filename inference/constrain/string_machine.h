#pragma once

// The automaton of one JSON string, byte by byte: quotes, UTF-8 and escapes. It knows no lengths;
// whoever drives it counts the code points it reports.
//
// Written are raw characters from U+0020 up, except `"` and `\`, as well-formed UTF-8 (no
// surrogates, no overlong forms, at most U+10FFFF), and the escapes \" \\ \b \f \n \r \t.
// That is the smallest set that reaches all text a message can need: other control characters
// and \u escapes would only add second spellings of the same string.
// Thread safety: free functions without state.

#include <cstdint>
#include <string>

namespace inference {

// What the next byte belongs to. A Tail waits for the rest of a character: its number is the count
// of bytes missing, its letters are the first byte that narrows the range of the second.
enum class StringPhase : std::uint8_t {
  Open,    // before the opening quote
  Text,    // between characters
  Escape,  // after a backslash
  Tail1,
  Tail2,
  Tail3,
  TailE0,  // 2 missing, next A0..BF (no overlong form)
  TailEd,  // 2 missing, next 80..9F (no surrogate)
  TailF0,  // 3 missing, next 90..BF (no overlong form)
  TailF4,  // 3 missing, next 80..8F (at most U+10FFFF)
};
inline constexpr unsigned kStringPhaseCount = 10;

// Bytes an unfinished character can still need; how much one token can lengthen a completion.
inline constexpr unsigned kStringTailBytesMax = 3;

struct StringMove {
  enum class Kind : std::uint8_t { Refused, Inside, Closed };
  Kind kind = Kind::Refused;
  StringPhase phase = StringPhase::Text;  // where Kind is Inside
  bool begins_character = false;          // this byte begins one more code point
};

StringMove step_string(StringPhase phase, std::uint8_t byte);

// Bytes missing until the character under way is complete; 0 for Open and Text.
unsigned string_tail_bytes(StringPhase phase);

// Appends that many bytes, which complete the character under way.
void append_string_tail(StringPhase phase, std::string* out);

// Appends `text` as a JSON string with quotes and the shortest escapes, the way property names are
// written.
// REQUIRES: well-formed UTF-8 (see is_utf8).
void append_json_string(const std::string& text, std::string* out);

bool is_utf8(const std::string& text);

}  // namespace inference
