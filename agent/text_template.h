#pragma once

// Text with the names of topic levels in it, such as the bound value "press-{press}".
// Thread safety: constant after construction.

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "transport/topic_filter.h"

namespace agent {

// A template that can never work. what() says what was found and wanted.
class TemplateError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class TextTemplate {
 public:
  TextTemplate() = default;

  // `{name}` is replaced; `{{` and `}}` stand for braces. Throws TemplateError.
  explicit TextTemplate(std::string_view text);

  const std::vector<std::string>& names() const { return names_; }

  // The text with every name replaced; a name that `captures` does not have becomes empty.
  std::string render(const transport::Captures& captures) const;

 private:
  struct Piece {
    std::string text;
    bool is_name = false;
  };
  std::vector<Piece> pieces_;
  std::vector<std::string> names_;  // each once
};

}  // namespace agent
