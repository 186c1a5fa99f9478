#include "inference/decide/lesson.h"

#include <algorithm>

#include "inference/decide/json_text.h"
#include "inference/learn/head.h"
#include "inference/learn/message_fields.h"

namespace inference {
namespace {

// The scalar as an option is written: compact JSON.
std::string option_text(const MessageField& field) {
  return field.kind == MessageField::Kind::Text ? json_quote(field.text) : field.text;
}

}  // namespace

LessonOptions read_lesson(std::string_view expected, std::span<const ClosedField> fields) {
  LessonOptions out;
  const auto values = read_message_fields(expected);
  if (!values) {
    out.error = "expected: found no JSON with a value, wanted a document of the schema";
    return out;
  }
  bool any = false;
  for (const ClosedField& field : fields) {
    std::uint32_t chosen = kUnknownOption;
    for (const MessageField& value : *values) {
      if (value.pointer != field.pointer) continue;
      const std::string text = option_text(value);
      const auto found = std::find(field.options.begin(), field.options.end(), text);
      if (found == field.options.end()) {
        out.error = "expected: \"" + field.pointer + "\": found " + text + ", wanted one of the " +
                    std::to_string(field.options.size()) + " options";
        return out;
      }
      chosen = static_cast<std::uint32_t>(found - field.options.begin());
      any = true;
    }
    out.chosen.push_back(chosen);
  }
  if (!any) out.error = "expected: found none of the closed fields, wanted at least one";
  return out;
}

}  // namespace inference
