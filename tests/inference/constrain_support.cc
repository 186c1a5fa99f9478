#include "tests/inference/constrain_support.h"

#include <algorithm>
#include <set>
#include <utility>

#include "inference/constrain/string_machine.h"

namespace constrain_test {

using schemas::NodeId;
using schemas::SchemaSpec;

NodeId SpecBuilder::integer(std::int64_t minimum, std::int64_t maximum) {
  return add(schemas::IntegerNode{minimum, maximum});
}

NodeId SpecBuilder::number(std::string_view minimum, std::string_view maximum) {
  schemas::NumberNode node;
  if (!minimum.empty()) node.minimum = schemas::DecimalBound{std::string(minimum), false};
  if (!maximum.empty()) node.maximum = schemas::DecimalBound{std::string(maximum), false};
  return add(node);
}

NodeId SpecBuilder::string(std::uint32_t minimum, std::uint32_t maximum) {
  return add(schemas::StringNode{minimum, maximum});
}

NodeId SpecBuilder::values(std::vector<std::string> values) {
  return add(schemas::EnumNode{std::move(values)});
}

NodeId SpecBuilder::array(NodeId items, std::uint32_t minimum, std::uint32_t maximum) {
  return add(schemas::ArrayNode{items, minimum, maximum});
}

NodeId SpecBuilder::object(std::vector<schemas::Property> properties) {
  return add(schemas::ObjectNode{std::move(properties)});
}

SchemaSpec SpecBuilder::root(NodeId node) {
  spec_.root = node;
  return std::move(spec_);
}

std::vector<NamedSpec> hand_made_specs() {
  std::vector<NamedSpec> specs;
  const auto add = [&](std::string name, auto build) {
    SpecBuilder b;
    const NodeId root = build(b);
    specs.push_back({std::move(name), b.root(root)});
  };
  add("boolean", [](SpecBuilder& b) { return b.add(schemas::BooleanNode{}); });
  add("null", [](SpecBuilder& b) { return b.add(schemas::NullNode{}); });
  add("enum with prefixes", [](SpecBuilder& b) {
    return b.values({"1", "12", "123", "-1", "\"a\"", "\"ab\"", "null"});
  });
  add("small integer", [](SpecBuilder& b) { return b.integer(-12, 305); });
  add("any integer", [](SpecBuilder& b) { return b.add(schemas::IntegerNode{}); });
  add("number", [](SpecBuilder& b) { return b.number("-0.25", "17.5"); });
  add("any number", [](SpecBuilder& b) { return b.number("", ""); });
  add("empty string", [](SpecBuilder& b) { return b.string(0, 0); });
  add("short string", [](SpecBuilder& b) { return b.string(2, 3); });
  add("long string", [](SpecBuilder& b) { return b.string(0, 200); });
  add("long string at least 40", [](SpecBuilder& b) { return b.string(40, 200); });
  add("array of integers", [](SpecBuilder& b) { return b.array(b.integer(0, 20), 0, 3); });
  add("array of arrays",
      [](SpecBuilder& b) { return b.array(b.array(b.add(schemas::BooleanNode{}), 0, 2), 1, 2); });
  add("array of enum prefixes", [](SpecBuilder& b) {
    return b.array(b.values({"1", "12", "2"}), 2, 4);
  });
  add("command", [](SpecBuilder& b) {
    const NodeId action = b.values({"\"start\"", "\"stop\"", "\"status\""});
    const NodeId target = b.values({"\"A\"", "\"B\""});
    return b.object({{"action", action, true}, {"target", target, true}});
  });
  add("all optional", [](SpecBuilder& b) {
    const NodeId a = b.integer(0, 9);
    const NodeId ab = b.values({"true"});
    const NodeId c = b.add(schemas::NullNode{});
    return b.object({{"a", a, false}, {"ab", ab, false}, {"c", c, false}});
  });
  add("mixed", [](SpecBuilder& b) {
    const NodeId level = b.number("0", "1");
    const NodeId note = b.string(0, 12);
    const NodeId tags = b.array(b.string(1, 4), 0, 2);
    const NodeId inner = b.object({{"x", level, false}, {"y", b.integer(-3, 3), true}});
    return b.object({{"note", note, false},
                     {"level", b.number("0", "1"), true},
                     {"tags", tags, false},
                     {"inner", inner, false},
                     {"n", b.integer(1, 1000), true}});
  });
  add("odd names", [](SpecBuilder& b) {
    const NodeId v = b.integer(0, 1);
    const NodeId w = b.integer(0, 1);
    const NodeId x = b.integer(0, 1);
    return b.object({{"a\"b\\\n", v, true}, {"\xC3\xA4\xE2\x82\xAC", w, false}, {"", x, false}});
  });
  add("impossible option", [](SpecBuilder& b) {
    const NodeId none = b.integer(2, 1);
    const NodeId items = b.array(b.integer(5, 4), 0, 3);
    return b.object({{"none", none, false}, {"items", items, true}});
  });
  add("empty object", [](SpecBuilder& b) { return b.object({}); });
  return specs;
}

namespace {

NodeId random_node(SpecBuilder& b, Random& random, unsigned levels) {
  const auto pick = random.below(levels > 0 ? 9 : 6);
  switch (pick) {
    case 0:
      return b.add(schemas::BooleanNode{});
    case 1: {
      std::set<std::string> values;
      const std::size_t count = 1 + random.below(5);
      while (values.size() < count) {
        std::string value = std::to_string(random.below(150));
        if (random.below(2) == 0) value = "\"" + value + "\"";
        values.insert(value);
      }
      return b.values({values.begin(), values.end()});
    }
    case 2: {
      const auto low = static_cast<std::int64_t>(random.below(2000)) - 1000;
      return b.integer(low, low + static_cast<std::int64_t>(random.below(1500)));
    }
    case 3: {
      const auto low = static_cast<std::int64_t>(random.below(400)) - 200;
      const auto high = low + static_cast<std::int64_t>(random.below(300));
      return b.number(std::to_string(low) + ".25", std::to_string(high + 1) + ".5");
    }
    case 4: {
      const auto low = static_cast<std::uint32_t>(random.below(4));
      return b.string(low, low + static_cast<std::uint32_t>(random.below(5)));
    }
    case 5:
      return b.string(0, 40 + static_cast<std::uint32_t>(random.below(100)));
    case 6: {
      const NodeId items = random_node(b, random, levels - 1);
      const auto low = static_cast<std::uint32_t>(random.below(3));
      return b.array(items, low, low + static_cast<std::uint32_t>(random.below(3)));
    }
    default: {
      std::vector<schemas::Property> properties;
      const std::size_t count = random.below(5);
      for (std::size_t i = 0; i < count; ++i) {
        const std::string name = std::string(1, static_cast<char>('a' + random.below(3))) +
                                 std::to_string(random.below(2) * 10 + i);
        properties.push_back({name, random_node(b, random, levels - 1), random.below(2) == 0});
      }
      return b.object(std::move(properties));
    }
  }
}

}  // namespace

SchemaSpec random_spec(Random& random) {
  SpecBuilder b;
  const NodeId root = random_node(b, random, 3);
  return b.root(root);
}

// --- naive recogniser ---------------------------------------------------------------------------

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

// --- documents and vocabularies -----------------------------------------------------------------

std::string random_document(const inference::CompiledSchema& schema, Random& random,
                            std::size_t bytes_max) {
  inference::State state = schema.initial();
  std::string document;
  while (document.size() < bytes_max) {
    if (schema.is_accepting(state) && random.below(3) == 0) return document;
    std::vector<std::uint8_t> choices;
    const inference::ByteSet allowed = schema.allowed_bytes(state);
    for (unsigned byte = 0; byte < 256; ++byte) {
      if (allowed.test(static_cast<std::uint8_t>(byte))) {
        choices.push_back(static_cast<std::uint8_t>(byte));
      }
    }
    if (choices.empty()) return document;
    // A string offers over 150 bytes: without help it would hardly ever be closed.
    std::uint8_t byte = choices[random.below(choices.size())];
    if (allowed.test('"') && random.below(4) == 0) byte = '"';
    schema.advance(&state, byte);
    document.push_back(static_cast<char>(byte));
  }
  schema.append_shortest(state, &document);
  return document;
}

std::vector<std::string> random_vocabulary(const inference::CompiledSchema& schema, Random& random,
                                           std::size_t count) {
  std::vector<std::string> tokens;
  const std::string fixed[] = {"\"",
                               "\",",
                               "\":",
                               "\":\"",
                               "\"},",
                               "\"}",
                               "},",
                               "{\"",
                               "[",
                               "]",
                               "\",\"",
                               ",\"",
                               "}",
                               "\xE2",
                               "\xE2\x82",
                               "\x82\xAC",
                               "\xAC",
                               "\xF0\x9F",
                               "\x98\x80\"",
                               "\\",
                               "\\\"",
                               "n\"",
                               "\\n\\",
                               "a",
                               "ab",
                               "aaaaaaaaaaaa",
                               "0",
                               "1",
                               "12",
                               "-1",
                               ".5",
                               "00",
                               std::string(70, 'x'),
                               std::string(30, ' ') + "\"",
                               "\xC3\xA4\xC3\xB6\"}",
                               "\n",
                               "\x01",
                               "true"};
  for (const std::string& token : fixed) {
    if (random.below(5) != 0) tokens.push_back(token);
  }
  std::vector<std::string> documents;
  for (int i = 0; i < 12; ++i) documents.push_back(random_document(schema, random, 60));
  while (tokens.size() < count) {
    const auto kind = random.below(10);
    if (kind == 0) {
      tokens.emplace_back();
    } else if (kind == 1) {
      tokens.emplace_back(1, static_cast<char>(random.below(256)));
    } else if (kind == 2 && !tokens.empty()) {
      tokens.push_back(tokens[random.below(tokens.size())]);
    } else {
      const std::string& document = documents[random.below(documents.size())];
      const std::size_t begin = random.below(document.size());
      tokens.push_back(document.substr(begin, 1 + random.below(9)));
    }
  }
  for (std::size_t i = tokens.size(); i > 1; --i) std::swap(tokens[i - 1], tokens[random.below(i)]);
  return tokens;
}

inference::VocabularyTrie make_trie(const std::vector<std::string>& tokens) {
  const std::vector<std::string_view> views(tokens.begin(), tokens.end());
  return inference::VocabularyTrie(views);
}

}  // namespace constrain_test
