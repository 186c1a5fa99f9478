// The naive recogniser: for every node, all places where a value that begins here can end. It tries
// everything and remembers nothing, so it is slow and easy to believe.

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "inference/constrain/string_machine.h"
#include "tests/inference/constrain_support.h"

namespace constrain_test {

using schemas::NodeId;
using schemas::SchemaSpec;

int compare_plain_decimals(std::string_view a, std::string_view b) {
  struct Parts {
    bool negative;
    std::string integer;
    std::string fraction;
  };
  const auto split = [](std::string_view text) {
    Parts parts{text.starts_with('-'), "", ""};
    if (parts.negative) text.remove_prefix(1);
    const std::size_t point = text.find('.');
    parts.integer = text.substr(0, point);
    if (point != std::string_view::npos) parts.fraction = text.substr(point + 1);
    return parts;
  };
  Parts x = split(a);
  Parts y = split(b);
  const std::size_t width = std::max(x.integer.size(), y.integer.size());
  const std::size_t places = std::max(x.fraction.size(), y.fraction.size());
  for (Parts* parts : {&x, &y}) {
    parts->integer.insert(0, width - parts->integer.size(), '0');
    parts->fraction.append(places - parts->fraction.size(), '0');
    parts->integer += parts->fraction;
    if (parts->integer.find_first_not_of('0') == std::string::npos) parts->negative = false;
  }
  if (x.negative != y.negative) return x.negative ? -1 : 1;
  const int magnitude = x.integer.compare(y.integer);
  return x.negative ? -magnitude : magnitude;
}

namespace {

class Recogniser {
 public:
  explicit Recogniser(const SchemaSpec& spec, std::string_view text) : spec_(spec), text_(text) {}

  using Ends = std::set<std::size_t>;

  // Where a value of `node` that begins at `begin` can end.
  Ends ends(NodeId node, std::size_t begin) const {
    return std::visit([&](const auto& kind) { return ends_of(kind, begin); }, spec_.nodes[node]);
  }

 private:
  Ends literal(std::string_view literal, std::size_t begin) const {
    if (text_.substr(std::min(begin, text_.size())).starts_with(literal)) {
      return {begin + literal.size()};
    }
    return {};
  }

  Ends ends_of(const schemas::NeverNode&, std::size_t) const { return {}; }
  Ends ends_of(const schemas::AnyOfNode& kind, std::size_t begin) const {
    Ends all;
    for (const NodeId branch : kind.branches) all.merge(ends(branch, begin));
    return all;
  }
  Ends ends_of(const schemas::BooleanNode&, std::size_t begin) const {
    Ends ends = literal("true", begin);
    ends.merge(literal("false", begin));
    return ends;
  }
  Ends ends_of(const schemas::NullNode&, std::size_t begin) const { return literal("null", begin); }
  Ends ends_of(const schemas::EnumNode& kind, std::size_t begin) const {
    Ends ends;
    for (const std::string& value : kind.values) ends.merge(literal(value, begin));
    return ends;
  }

  // All ends of -?(0|[1-9][0-9]*)(\.[0-9]+)? at `begin`, with the count of digits.
  std::vector<std::pair<std::size_t, std::size_t>> decimals(std::size_t begin) const {
    std::vector<std::pair<std::size_t, std::size_t>> found;
    const auto is_digit = [&](std::size_t i) {
      return i < text_.size() && text_[i] >= '0' && text_[i] <= '9';
    };
    std::size_t at = begin;
    if (at < text_.size() && text_[at] == '-') ++at;
    const std::size_t first = at;
    while (is_digit(at)) {
      ++at;
      found.emplace_back(at, at - first);
      if (text_[first] == '0') break;
      std::size_t behind = at;
      if (behind >= text_.size() || text_[behind] != '.') continue;
      for (++behind; is_digit(behind);) {
        ++behind;
        found.emplace_back(behind, behind - first - 1);
      }
    }
    if (at == first + 1 && text_[first] == '0' && at < text_.size() && text_[at] == '.') {
      for (++at; is_digit(at);) {
        ++at;
        found.emplace_back(at, at - first - 1);
      }
    }
    return found;
  }

  bool is_negative_zero(std::string_view number) const {
    return number.starts_with('-') && number.find_first_not_of("-0.") == std::string_view::npos;
  }

  Ends ends_of(const schemas::IntegerNode& kind, std::size_t begin) const {
    Ends ends;
    for (const auto& [end, digits] : decimals(begin)) {
      const std::string_view number = text_.substr(begin, end - begin);
      if (number.find('.') == std::string_view::npos && !is_negative_zero(number) &&
          compare_plain_decimals(number, std::to_string(kind.minimum)) >= 0 &&
          compare_plain_decimals(number, std::to_string(kind.maximum)) <= 0) {
        ends.insert(end);
      }
    }
    return ends;
  }

  Ends ends_of(const schemas::NumberNode& kind, std::size_t begin) const {
    Ends ends;
    for (const auto& [end, digits] : decimals(begin)) {
      const std::string_view number = text_.substr(begin, end - begin);
      if (digits > inference::kNumberDigitsMax || is_negative_zero(number)) continue;
      const auto below = [&](const schemas::DecimalBound& bound) {
        const int order = compare_plain_decimals(number, bound.text);
        return bound.exclusive ? order <= 0 : order < 0;
      };
      const auto above = [&](const schemas::DecimalBound& bound) {
        const int order = compare_plain_decimals(number, bound.text);
        return bound.exclusive ? order >= 0 : order > 0;
      };
      if (kind.minimum && below(*kind.minimum)) continue;
      if (kind.maximum && above(*kind.maximum)) continue;
      ends.insert(end);
    }
    return ends;
  }

  // Bytes of the character at `at`, escapes included; 0 if there is none that may be written.
  std::size_t character_bytes(std::size_t at) const {
    const auto byte = [&](std::size_t i) {
      return i < text_.size() ? static_cast<unsigned char>(text_[i]) : 0u;
    };
    const unsigned lead = byte(at);
    if (lead == '"' || lead < 0x20) return 0;
    if (lead == '\\') {
      return std::string_view("\"\\bfnrt").find(static_cast<char>(byte(at + 1))) !=
                         std::string_view::npos &&
                     at + 1 < text_.size()
                 ? 2
                 : 0;
    }
    if (lead < 0x80) return 1;
    const std::size_t count = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    std::uint32_t code = lead & (0xFFu >> (count + 1));
    for (std::size_t i = 1; i < count; ++i) {
      if ((byte(at + i) & 0xC0) != 0x80) return 0;
      code = code << 6 | (byte(at + i) & 0x3F);
    }
    constexpr std::uint32_t kFirst[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = code >= 0xD800 && code < 0xE000;
    if (lead >= 0xF8 || lead < 0xC0 || code < kFirst[count] || code > 0x10FFFF || surrogate) {
      return 0;
    }
    return count;
  }

  Ends ends_of(const schemas::StringNode& kind, std::size_t begin) const {
    if (begin >= text_.size() || text_[begin] != '"') return {};
    std::size_t at = begin + 1;
    for (std::size_t length = 0; at < text_.size(); ++length) {
      if (text_[at] == '"') {
        if (length < kind.min_length || length > kind.max_length) return {};
        return {at + 1};
      }
      const std::size_t bytes = character_bytes(at);
      if (bytes == 0) return {};
      at += bytes;
    }
    return {};
  }

  Ends ends_of(const schemas::ArrayNode& kind, std::size_t begin) const {
    Ends result;
    if (begin >= text_.size() || text_[begin] != '[') return result;
    if (kind.min_items == 0) result = literal("]", begin + 1);
    Ends starts{begin + 1};
    for (std::uint32_t count = 1; count <= kind.max_items && !starts.empty(); ++count) {
      Ends next;
      for (const std::size_t start : starts) {
        for (const std::size_t end : ends(kind.items, start)) {
          if (count >= kind.min_items) result.merge(literal("]", end));
          next.merge(literal(",", end));
        }
      }
      starts = std::move(next);
    }
    return result;
  }

  Ends ends_of(const schemas::ObjectNode& kind, std::size_t begin) const {
    if (begin >= text_.size() || text_[begin] != '{') return {};
    return members(kind, 0, "", begin + 1);
  }

  // Tries every property from `index` on as the next one to be written after `separator`.
  Ends members(const schemas::ObjectNode& kind, std::size_t index, std::string_view separator,
               std::size_t begin) const {
    Ends result;
    for (; index < kind.properties.size(); ++index) {
      const schemas::Property& property = kind.properties[index];
      std::string key(separator);
      inference::append_json_string(property.name, &key);
      key.push_back(':');
      for (const std::size_t start : literal(key, begin)) {
        for (const std::size_t end : ends(property.node, start)) {
          result.merge(members(kind, index + 1, ",", end));
        }
      }
      if (property.required) return result;
    }
    result.merge(literal("}", begin));
    return result;
  }

  const SchemaSpec& spec_;
  std::string_view text_;
};

}  // namespace

bool naive_accepts(const SchemaSpec& spec, std::string_view text) {
  return Recogniser(spec, text).ends(spec.root, 0).contains(text.size());
}

}  // namespace constrain_test
