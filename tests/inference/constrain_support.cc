#include "tests/inference/constrain_support.h"

#include <set>
#include <utility>

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
