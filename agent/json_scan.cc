// A cursor over JSON text. Values are skipped by counting brackets outside of strings, so nesting
// costs no stack.

#include "agent/json_scan.h"

#include <algorithm>
#include <cstdint>

namespace agent {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::size_t skip_space(std::string_view json, std::size_t at) {
  while (at < json.size() && is_space(json[at])) ++at;
  return at;
}

// One past the closing quote. REQUIRES: json[at] == '"'.
std::size_t skip_string(std::string_view json, std::size_t at) {
  for (++at; at < json.size(); ++at) {
    if (json[at] == '\\') {
      ++at;
    } else if (json[at] == '"') {
      return at + 1;
    }
  }
  return json.size();
}

// One past the value that begins at `at`.
std::size_t skip_value(std::string_view json, std::size_t at) {
  std::size_t depth = 0;
  while (at < json.size()) {
    const char c = json[at];
    if (c == '"') {
      at = skip_string(json, at);
    } else if (c == '{' || c == '[') {
      ++depth;
      ++at;
      continue;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return at;
      --depth;
      ++at;
    } else if (depth == 0 && (c == ',' || is_space(c))) {
      return at;
    } else {
      ++at;
      if (depth == 0) continue;  // inside a number or a literal
    }
    if (depth == 0) return at;
  }
  return json.size();
}

std::string_view trim(std::string_view json) {
  std::size_t begin = skip_space(json, 0);
  std::size_t end = json.size();
  while (end > begin && is_space(json[end - 1])) --end;
  return json.substr(begin, end - begin);
}

void append_code_point(std::string* out, std::uint32_t code) {
  const auto byte = [&](std::uint32_t value) { *out += static_cast<char>(value); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | (code >> 6));
    byte(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    byte(0xE0 | (code >> 12));
    byte(0x80 | ((code >> 6) & 0x3F));
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xF0 | (code >> 18));
    byte(0x80 | ((code >> 12) & 0x3F));
    byte(0x80 | ((code >> 6) & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

std::optional<std::uint32_t> hex4(std::string_view text, std::size_t at) {
  if (at + 4 > text.size()) return std::nullopt;
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const char c = text[i];
    std::uint32_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<std::uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<std::uint32_t>(c - 'a') + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<std::uint32_t>(c - 'A') + 10;
    } else {
      return std::nullopt;
    }
    value = value * 16 + digit;
  }
  return value;
}

// Length of the well-formed UTF-8 sequence at `at`, or 0.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = byte(at + 1);
  if (first == 0xE0 && second < 0xA0) return 0;  // overlong
  if (first == 0xED && second > 0x9F) return 0;  // surrogate
  if (first == 0xF0 && second < 0x90) return 0;  // overlong
  if (first == 0xF4 && second > 0x8F) return 0;  // above U+10FFFF
  return length;
}

// One token of a JSON pointer, with ~1 and ~0 replaced.
std::string pointer_token(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1')) {
      out += token[++i] == '0' ? '~' : '/';
    } else {
      out += token[i];
    }
  }
  return out;
}

std::optional<std::string_view> child_at(std::string_view value, const std::string& token) {
  if (const auto members = json_members(value)) {
    for (const auto& [name, child] : *members) {
      if (name == token) return child;
    }
    return std::nullopt;
  }
  const auto elements = json_elements(value);
  if (!elements || token.empty() || token.size() > 9) return std::nullopt;
  if (token.size() > 1 && token[0] == '0') return std::nullopt;
  std::size_t index = 0;
  for (const char c : token) {
    if (c < '0' || c > '9') return std::nullopt;
    index = index * 10 + static_cast<std::size_t>(c - '0');
  }
  if (index >= elements->size()) return std::nullopt;
  return (*elements)[index];
}

}  // namespace

std::optional<std::vector<std::string_view>> json_elements(std::string_view json) {
  json = trim(json);
  if (json.size() < 2 || json.front() != '[' || json.back() != ']') return std::nullopt;
  std::vector<std::string_view> elements;
  std::size_t at = skip_space(json, 1);
  while (at < json.size() && json[at] != ']') {
    const std::size_t end = skip_value(json, at);
    if (end == at) return std::nullopt;
    elements.push_back(json.substr(at, end - at));
    at = skip_space(json, end);
    if (at < json.size() && json[at] == ',') at = skip_space(json, at + 1);
  }
  return elements;
}

std::optional<std::vector<std::pair<std::string, std::string_view>>> json_members(
    std::string_view json) {
  json = trim(json);
  if (json.size() < 2 || json.front() != '{' || json.back() != '}') return std::nullopt;
  std::vector<std::pair<std::string, std::string_view>> members;
  std::size_t at = skip_space(json, 1);
  while (at < json.size() && json[at] != '}') {
    if (json[at] != '"') return std::nullopt;
    const std::size_t name_end = skip_string(json, at);
    const auto name = json_unquote(json.substr(at, name_end - at));
    at = skip_space(json, name_end);
    if (!name || at >= json.size() || json[at] != ':') return std::nullopt;
    at = skip_space(json, at + 1);
    const std::size_t end = skip_value(json, at);
    if (end == at) return std::nullopt;
    members.emplace_back(*name, json.substr(at, end - at));
    at = skip_space(json, end);
    if (at < json.size() && json[at] == ',') at = skip_space(json, at + 1);
  }
  return members;
}

std::optional<std::string_view> json_at(std::string_view json, std::string_view pointer) {
  std::string_view value = trim(json);
  while (!pointer.empty()) {
    if (pointer.front() != '/') return std::nullopt;
    const std::size_t end = std::min(pointer.find('/', 1), pointer.size());
    const auto child = child_at(value, pointer_token(pointer.substr(1, end - 1)));
    if (!child) return std::nullopt;
    value = *child;
    pointer.remove_prefix(end);
  }
  return value;
}

std::string json_compact(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (std::size_t at = 0; at < json.size();) {
    if (json[at] == '"') {
      const std::size_t end = skip_string(json, at);
      out += json.substr(at, end - at);
      at = end;
    } else {
      if (!is_space(json[at])) out += json[at];
      ++at;
    }
  }
  return out;
}

std::string json_quote(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    const std::size_t length = utf8_length(text, at);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      ++at;
      continue;
    }
    if (c == '"' || c == '\\') {
      out += '\\';
      out += text[at];
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x20 || c == 0x7F) {
      out += "\\u00";
      out += kHex[c >> 4];
      out += kHex[c & 15];
    } else {
      out += text.substr(at, length);
    }
    at += length;
  }
  return out + "\"";
}

std::optional<std::string> json_unquote(std::string_view raw) {
  if (raw.size() < 2 || raw.front() != '"' || raw.back() != '"') return std::nullopt;
  raw = raw.substr(1, raw.size() - 2);
  std::string out;
  for (std::size_t at = 0; at < raw.size(); ++at) {
    if (raw[at] == '"') return std::nullopt;
    if (raw[at] != '\\') {
      out += raw[at];
      continue;
    }
    if (++at >= raw.size()) return std::nullopt;
    static constexpr std::string_view kFrom = "\"\\/bfnrt";
    static constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
    if (const std::size_t i = kFrom.find(raw[at]); i != std::string_view::npos) {
      out += kTo[i];
      continue;
    }
    if (raw[at] != 'u') return std::nullopt;
    auto code = hex4(raw, at + 1);
    if (!code) return std::nullopt;
    at += 4;
    if (*code >= 0xD800 && *code < 0xDC00 && raw.substr(at + 1, 2) == "\\u") {
      const auto low = hex4(raw, at + 3);
      if (!low || *low < 0xDC00 || *low > 0xDFFF) return std::nullopt;
      code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
      at += 6;
    }
    if (*code >= 0xD800 && *code <= 0xDFFF) return std::nullopt;
    append_code_point(&out, *code);
  }
  return out;
}

}  // namespace agent
