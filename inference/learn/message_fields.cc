// Recursive descent over JSON, which keeps no tree. Whatever is not understood makes the whole
// message a text, which the n-grams handle: nothing is refused here.

#include "inference/learn/message_fields.h"

#include <charconv>
#include <cmath>

#include "inference/decide/json_text.h"

namespace inference {
namespace {

class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : text_(text) {}

  std::optional<std::vector<MessageField>> read() {
    skip_space();
    const bool scalar = at_number();
    if (!scalar && !at('{') && !at('[')) return std::nullopt;
    if (!value("", 0)) return std::nullopt;
    skip_space();
    if (place_ != text_.size() || fields_.empty()) return std::nullopt;
    return std::move(fields_);
  }

 private:
  bool at(char c) const { return place_ < text_.size() && text_[place_] == c; }
  bool at_number() const {
    return at('-') || (place_ < text_.size() && text_[place_] >= '0' && text_[place_] <= '9');
  }
  bool take(char c) {
    skip_space();
    if (!at(c)) return false;
    ++place_;
    return true;
  }
  void skip_space() {
    while (at(' ') || at('\t') || at('\n') || at('\r')) ++place_;
  }

  // The bytes of a quoted string, still escaped and quoted.
  std::optional<std::string_view> quoted() {
    const std::size_t begin = place_;
    if (!at('"')) return std::nullopt;
    for (++place_; place_ < text_.size(); ++place_) {
      if (text_[place_] == '\\') {
        ++place_;
      } else if (text_[place_] == '"') {
        ++place_;
        return text_.substr(begin, place_ - begin);
      }
    }
    return std::nullopt;
  }

  bool value(const std::string& pointer, std::size_t depth) {
    skip_space();
    if (depth > kMessageDepthMax || fields_.size() >= kMessageFieldsMax) return false;
    if (at('{')) return members(pointer, depth, true);
    if (at('[')) return members(pointer, depth, false);
    if (at('"')) {
      const auto text = quoted();
      if (!text) return false;
      fields_.push_back({pointer, MessageField::Kind::Text, 0, json_words(*text)});
      return true;
    }
    return at_number() ? number(pointer) : word(pointer);
  }

  // What stands between the braces or brackets.
  bool members(const std::string& pointer, std::size_t depth, bool object) {
    const char end = object ? '}' : ']';
    ++place_;
    if (take(end)) return true;
    for (std::size_t index = 0;; ++index) {
      std::string name = std::to_string(index);
      if (object) {
        skip_space();
        const auto key = quoted();
        if (!key || !take(':')) return false;
        name = json_words(*key);
      }
      if (!value(pointer_append(pointer, name), depth + 1)) return false;
      if (take(end)) return true;
      if (!take(',')) return false;
    }
  }

  bool number(const std::string& pointer) {
    MessageField field{pointer, MessageField::Kind::Number, 0, {}};
    const char* const begin = text_.data() + place_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), field.number);
    if (error != std::errc() || !std::isfinite(field.number)) return false;
    field.text.assign(begin, end);
    place_ += field.text.size();
    if (!pointer.empty()) skip_unit();  // a text may begin with a number
    fields_.push_back(std::move(field));
    return true;
  }

  // A unit is anything on the way to the next sign of JSON.
  void skip_unit() {
    while (place_ < text_.size() && text_.find_first_of(",}]{[\":", place_) != place_) ++place_;
  }

  bool word(const std::string& pointer) {
    for (const std::string_view word : {"true", "false", "null"}) {
      if (text_.substr(place_, word.size()) != word) continue;
      place_ += word.size();
      const bool null = word == "null";
      fields_.push_back({pointer, null ? MessageField::Kind::Null : MessageField::Kind::Flag,
                         word == "true" ? 1.0 : 0.0, std::string(word)});
      return true;
    }
    return false;
  }

  std::string_view text_;
  std::size_t place_ = 0;
  std::vector<MessageField> fields_;
};

}  // namespace

std::optional<std::vector<MessageField>> read_message_fields(std::string_view message) {
  return FieldReader(message).read();
}

}  // namespace inference
