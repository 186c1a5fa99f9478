#include "agent/values.h"

#include <charconv>
#include <cmath>

#include "agent/json_scan.h"
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

std::optional<bool> same_value(const schemas::Scalar& a, const schemas::Scalar& b) {
  if (a.index() != b.index()) return std::nullopt;
  if (const bool* flag = std::get_if<bool>(&a)) return *flag == std::get<bool>(b);
  if (const auto* text = std::get_if<std::string>(&a)) return *text == std::get<std::string>(b);
  if (const auto* number = std::get_if<schemas::Number>(&a)) {
    return number->value == std::get<schemas::Number>(b).value;
  }
  return std::nullopt;
}

std::optional<schemas::Scalar> json_scalar(std::string_view raw) {
  if (raw == "true") return true;
  if (raw == "false") return false;
  if (raw == "null") return nullptr;
  if (raw.starts_with('"')) {
    auto text = json_unquote(raw);
    if (!text) return std::nullopt;
    return std::move(*text);
  }
  schemas::Number number{std::string(raw), 0};
  const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), number.value);
  const bool whole = error == std::errc() && end == raw.data() + raw.size();
  if (!whole || !std::isfinite(number.value)) return std::nullopt;
  return number;
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
