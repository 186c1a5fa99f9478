#pragma once

// Tables for texts, each made once a compilation: of patterns, formats, single texts and of their
// combinations.
// Thread safety: unsafe; one compilation owns it.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "schemas/schema_spec.h"
#include "schemas/text_product.h"

namespace schemas {

// Thrown where a pattern or a format cannot be enforced; the message is the reason.
class TextRefused : public std::runtime_error {
 public:
  TextRefused(const char* keyword, const std::string& reason)
      : std::runtime_error(reason), keyword_(keyword) {}
  const char* keyword() const { return keyword_; }  // pattern or format

 private:
  const char* keyword_;
};

class TextTables {
 public:
  // Accepts what all checks allow and has a length within the bounds.
  TextTable of_checks(const std::vector<TextCheck>& checks, std::uint32_t length_min,
                      std::optional<std::uint32_t> length_max);

  // Of the texts that the check names, whether it demands or forbids them.
  TextTable of_check(const TextCheck& check);
  bool matches(const TextCheck& check, const std::string& text);

 private:
  TextTable make(const TextCheck& check);

  std::map<std::string, TextTable> known_;
};

// The pattern, in the syntax of parse_regex, that says what the format called `name` is, and the
// longest text it allows (0: no limit). Null if the format is not known.
struct FormatPattern {
  std::string_view name;
  std::string_view pattern;
  std::uint32_t length_max;
  // What is matched where the format is forbidden, if not the same: the pattern leaves out texts
  // that have the format, and those are not to be taken for others.
  std::string_view pattern_forbidden = {};
};
const FormatPattern* find_format(std::string_view name);

}  // namespace schemas
