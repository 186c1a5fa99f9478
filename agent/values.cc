#include "agent/values.h"

#include "inference/learn/characters.h"

namespace agent {
namespace {

void append_utf8(char32_t c, std::string* out) {
  const auto put = [&](char32_t byte) { *out += static_cast<char>(byte); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xC0 | (c >> 6));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3F));
  } else {
    put(0xF0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F));
  }
  put(0x80 | (c & 0x3F));
}

}  // namespace

const schemas::Scalar* find_value(const Values& values, std::string_view name) {
  for (const NamedValue& each : values) {
    if (each.name == name) return &each.value;
  }
  return nullptr;
}

std::string normal_text(std::string_view text) {
  std::string out;
  bool space = false;
  for (std::size_t i = 0; i < text.size();) {
    const char32_t c = inference::next_character(text, i);
    if (inference::is_space_character(c)) {
      space = !out.empty();
      continue;
    }
    if (space) out += ' ';
    space = false;
    append_utf8(inference::to_lower(c), &out);
  }
  return out;
}

}  // namespace agent
