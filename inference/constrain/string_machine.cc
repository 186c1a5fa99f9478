// UTF-8 as a small automaton (Unicode standard, table 3-7): the first byte fixes how many follow
// and the range of the second; all others are 80..BF. So ten phases are enough, and no code point
// is ever assembled.

#include "inference/constrain/string_machine.h"

#include <string_view>

namespace inference {
namespace {

constexpr StringMove kRefused{};

constexpr StringMove inside(StringPhase phase) { return {StringMove::Kind::Inside, phase, false}; }

constexpr StringMove begin_character(StringPhase phase) {
  return {StringMove::Kind::Inside, phase, true};
}

constexpr bool within(std::uint8_t byte, std::uint8_t first, std::uint8_t last) {
  return byte >= first && byte <= last;
}

StringMove step_text(std::uint8_t byte) {
  if (byte == '"') return {StringMove::Kind::Closed, StringPhase::Text, false};
  if (byte == '\\') return begin_character(StringPhase::Escape);
  if (byte < 0x20) return kRefused;
  if (byte < 0x80) return begin_character(StringPhase::Text);
  if (byte < 0xC2) return kRefused;  // continuation bytes and overlong forms
  if (byte < 0xE0) return begin_character(StringPhase::Tail1);
  if (byte == 0xE0) return begin_character(StringPhase::TailE0);
  if (byte == 0xED) return begin_character(StringPhase::TailEd);
  if (byte < 0xF0) return begin_character(StringPhase::Tail2);
  if (byte == 0xF0) return begin_character(StringPhase::TailF0);
  if (byte < 0xF4) return begin_character(StringPhase::Tail3);
  if (byte == 0xF4) return begin_character(StringPhase::TailF4);
  return kRefused;
}

bool is_escape_letter(std::uint8_t byte) {
  return byte != 0 &&
         std::string_view("\"\\bfnrt").find(static_cast<char>(byte)) != std::string_view::npos;
}

}  // namespace

StringMove step_string(StringPhase phase, std::uint8_t byte) {
  switch (phase) {
    case StringPhase::Open:
      return byte == '"' ? inside(StringPhase::Text) : kRefused;
    case StringPhase::Text:
      return step_text(byte);
    case StringPhase::Escape:
      return is_escape_letter(byte) ? inside(StringPhase::Text) : kRefused;
    case StringPhase::Tail1:
      return within(byte, 0x80, 0xBF) ? inside(StringPhase::Text) : kRefused;
    case StringPhase::Tail2:
      return within(byte, 0x80, 0xBF) ? inside(StringPhase::Tail1) : kRefused;
    case StringPhase::Tail3:
      return within(byte, 0x80, 0xBF) ? inside(StringPhase::Tail2) : kRefused;
    case StringPhase::TailE0:
      return within(byte, 0xA0, 0xBF) ? inside(StringPhase::Tail1) : kRefused;
    case StringPhase::TailEd:
      return within(byte, 0x80, 0x9F) ? inside(StringPhase::Tail1) : kRefused;
    case StringPhase::TailF0:
      return within(byte, 0x90, 0xBF) ? inside(StringPhase::Tail2) : kRefused;
    case StringPhase::TailF4:
      return within(byte, 0x80, 0x8F) ? inside(StringPhase::Tail2) : kRefused;
  }
  return kRefused;
}

unsigned string_tail_bytes(StringPhase phase) {
  switch (phase) {
    case StringPhase::Open:
    case StringPhase::Text:
      return 0;
    case StringPhase::Escape:
    case StringPhase::Tail1:
      return 1;
    case StringPhase::Tail2:
    case StringPhase::TailE0:
    case StringPhase::TailEd:
      return 2;
    case StringPhase::Tail3:
    case StringPhase::TailF0:
    case StringPhase::TailF4:
      return kStringTailBytesMax;
  }
  return 0;
}

void append_string_tail(StringPhase phase, std::string* out) {
  switch (phase) {
    case StringPhase::Open:
    case StringPhase::Text:
      return;
    case StringPhase::Escape:
      out->append("n");
      return;
    case StringPhase::Tail1:
      out->append("\x80");
      return;
    case StringPhase::Tail2:
    case StringPhase::TailEd:
      out->append("\x80\x80");
      return;
    case StringPhase::TailE0:
      out->append("\xA0\x80");
      return;
    case StringPhase::Tail3:
    case StringPhase::TailF4:
      out->append("\x80\x80\x80");
      return;
    case StringPhase::TailF0:
      out->append("\x90\x80\x80");
      return;
  }
}

void append_json_string(const std::string& text, std::string* out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  constexpr std::string_view kShort = "\"\\\b\f\n\r\t";
  constexpr std::string_view kLetters = "\"\\bfnrt";
  out->push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    const std::size_t at = kShort.find(c);
    if (at != std::string_view::npos) {
      out->push_back('\\');
      out->push_back(kLetters[at]);
    } else if (byte >= 0x20) {
      out->push_back(c);
    } else {
      out->append("\\u00");
      out->push_back(kHex[byte >> 4]);
      out->push_back(kHex[byte & 15]);
    }
  }
  out->push_back('"');
}

bool is_utf8(const std::string& text) {
  StringPhase phase = StringPhase::Text;
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (phase == StringPhase::Text && byte < 0x80) continue;  // ASCII, quotes and controls too
    const StringMove move = step_string(phase, byte);
    if (move.kind != StringMove::Kind::Inside) return false;
    phase = move.phase;
  }
  return phase == StringPhase::Text;
}

}  // namespace inference
