#include "agent/text_template.h"

#include <algorithm>

namespace agent {
namespace {

bool is_name(std::string_view text) {
  const auto ok = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), ok);
}

}  // namespace

TextTemplate::TextTemplate(std::string_view text) {
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty()) pieces_.push_back({literal, false});
    literal.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c == '{' || c == '}') && i + 1 < text.size() && text[i + 1] == c) {
      literal += c;
      ++i;
    } else if (c == '{') {
      const std::size_t end = text.find('}', i);
      const std::string_view found =
          end == std::string_view::npos ? std::string_view() : text.substr(i + 1, end - i - 1);
      if (!is_name(found)) {
        throw TemplateError("found \"" + std::string(text) +
                            "\", wanted {name} with letters, digits or _");
      }
      flush();
      pieces_.push_back({std::string(found), true});
      if (std::find(names_.begin(), names_.end(), found) == names_.end()) {
        names_.emplace_back(found);
      }
      i = end;
    } else if (c == '}') {
      throw TemplateError("found \"" + std::string(text) + "\", wanted each } to close a {");
    } else {
      literal += c;
    }
  }
  flush();
}

std::string TextTemplate::render(const transport::Captures& captures) const {
  std::string out;
  for (const Piece& piece : pieces_) {
    if (!piece.is_name) {
      out += piece.text;
      continue;
    }
    for (const auto& [name, value] : captures) {
      if (name == piece.text) out += value;
    }
  }
  return out;
}

}  // namespace agent
