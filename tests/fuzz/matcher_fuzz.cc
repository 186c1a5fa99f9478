// A schema, a vocabulary, a budget and a walk, all from the input. At every step:
//  - the mask holds exactly the tokens that the definition allows: all bytes advance the automaton
//    and the shortest completion after them still fits the budget;
//  - a token of the mask is accepted, and the bytes that must follow are the only ones that can;
//  - unless the budget was too small for any document, the shortest completion ends one within it;
//  - a token outside the mask is refused, and the matcher stays in its error state.

#include <algorithm>
#include <string>
#include <vector>

#include "inference/constrain/matcher.h"
#include "inference/error.h"
#include "schemas/schema_spec.h"
#include "tests/fuzz/fuzz.h"

namespace {

using inference::CompiledSchema;
using inference::Matcher;
using inference::State;
using inference::TokenId;
using inference::VocabularyTrie;
using schemas::NodeId;
using schemas::SchemaSpec;

constexpr unsigned kLevelsMax = 4;
constexpr int kStepsMax = 24;

NodeId add_node(SchemaSpec& spec, fuzz::Input& input, unsigned levels);

schemas::EnumNode enum_from(fuzz::Input& input) {
  schemas::EnumNode node;
  for (std::uint32_t count = 1 + input.below(4); count > 0; --count) {
    std::string value = std::to_string(input.below(300));
    if (input.flag()) value = "\"" + value + "\"";
    if (std::find(node.values.begin(), node.values.end(), value) == node.values.end()) {
      node.values.push_back(std::move(value));
    }
  }
  return node;
}

schemas::NumberNode number_from(fuzz::Input& input) {
  schemas::NumberNode node;
  const int low = static_cast<int>(input.byte()) - 128;
  if (input.flag()) node.minimum = schemas::DecimalBound{std::to_string(low) + ".25", input.flag()};
  if (input.flag()) {
    const int high = low + 1 + static_cast<int>(input.byte());
    node.maximum = schemas::DecimalBound{std::to_string(high) + ".5", input.flag()};
  }
  return node;
}

schemas::Node leaf_from(fuzz::Input& input) {
  switch (input.below(6)) {
    case 0:
      return schemas::BooleanNode{};
    case 1:
      return schemas::NullNode{};
    case 2:
      return enum_from(input);
    case 3: {
      const auto low = static_cast<std::int64_t>(input.below(2000)) - 1000;
      return schemas::IntegerNode{low, low + static_cast<std::int64_t>(input.below(2000)) - 5};
    }
    case 4:
      return number_from(input);
    default: {
      const std::uint32_t low = input.below(12);
      return schemas::StringNode{low, low + input.below(90)};
    }
  }
}

NodeId add_node(SchemaSpec& spec, fuzz::Input& input, unsigned levels) {
  const auto id = static_cast<NodeId>(spec.nodes.size());
  spec.nodes.emplace_back();
  const std::uint32_t kind = levels > 0 ? input.below(4) : 0;
  if (kind == 2) {
    const std::uint32_t low = input.below(3);
    const schemas::ArrayNode node{add_node(spec, input, levels - 1), low, low + input.below(4)};
    spec.nodes[id] = node;
  } else if (kind == 3) {
    schemas::ObjectNode node;
    for (std::uint32_t i = input.below(4); i > 0; --i) {
      // Names that share prefixes, and one that must be escaped.
      std::string name =
          std::string(input.below(3), 'a') + (input.flag() ? "\"" : "") + std::to_string(i);
      const bool required = input.flag();
      node.properties.push_back({std::move(name), add_node(spec, input, levels - 1), required});
    }
    spec.nodes[id] = std::move(node);
  } else {
    spec.nodes[id] = leaf_from(input);
  }
  return id;
}

// Every byte that JSON needs, what usual vocabularies join, tokens that must never be written, and
// pieces of the input.
std::vector<std::string> vocabulary_from(fuzz::Input& input) {
  std::vector<std::string> tokens = {"",     "{\"",  "\":",  "\":\"", "\",\"",   "\"}",  "\"]",
                                     "},",   "[[",   "]]",   "true",  "fal",     "null", "0.",
                                     "-",    "1234", "\\\"", "\\u00", "\xC3",    "\xA4", "\xE2\x82",
                                     "\xAC", "a1\"", "aa",   "}}",    "\xF0\x9F"};
  for (char c = ' '; c <= '~'; ++c) tokens.emplace_back(1, c);
  for (std::uint32_t count = input.below(12); count > 0; --count) {
    tokens.emplace_back(input.take(1 + input.below(6)));
  }
  return tokens;
}

// The definition.
bool is_allowed(const CompiledSchema& schema, State state, std::string_view token,
                std::uint64_t bytes_left) {
  if (token.empty()) return false;
  for (const char c : token) {
    if (!schema.advance(&state, static_cast<std::uint8_t>(c))) return false;
  }
  return bytes_left == inference::kBytesUnlimited ||
         token.size() + schema.shortest_bytes(state) <= bytes_left;
}

std::vector<TokenId> checked_mask(const CompiledSchema& schema, const VocabularyTrie& vocabulary,
                                  const State& state, Matcher& matcher) {
  std::vector<TokenId> allowed;
  const inference::TokenMask& mask = matcher.mask();
  for (TokenId id = 0; id < vocabulary.vocabulary_count(); ++id) {
    const bool expected = is_allowed(schema, state, vocabulary.bytes(id), matcher.bytes_left());
    FUZZ_HOLDS(mask.test(id) == expected);
    if (expected) allowed.push_back(id);
  }
  return allowed;
}

void check_forced(const CompiledSchema& schema, State state, const Matcher& matcher) {
  std::string forced;
  matcher.append_forced(&forced);
  for (const char c : forced) {
    const inference::ByteSet bytes = schema.allowed_bytes(state);
    for (unsigned byte = 0; byte < 256; ++byte) {
      FUZZ_HOLDS(bytes.test(static_cast<std::uint8_t>(byte)) ==
                 (byte == static_cast<std::uint8_t>(c)));
    }
    FUZZ_HOLDS(schema.advance(&state, static_cast<std::uint8_t>(c)));
  }
}

void check_end(const CompiledSchema& schema, State state, Matcher& matcher) {
  std::string rest;
  matcher.append_shortest(&rest);
  FUZZ_HOLDS(rest.size() <= matcher.bytes_left());
  FUZZ_HOLDS(rest.size() == schema.shortest_bytes(state));
  FUZZ_HOLDS(matcher.accept_bytes(rest));
  FUZZ_HOLDS(matcher.can_end());
}

void check_walk(const CompiledSchema& schema, const VocabularyTrie& vocabulary,
                std::uint64_t bytes_max, fuzz::Input& input) {
  Matcher matcher(schema, vocabulary, bytes_max);
  State state = schema.initial();
  if (schema.shortest_bytes(state) > bytes_max) {
    FUZZ_HOLDS(matcher.error() == inference::MatchError::BudgetTooSmall);
    FUZZ_HOLDS(matcher.mask().empty());
    return;
  }
  for (int step = 0; step < kStepsMax && !input.empty(); ++step) {
    FUZZ_HOLDS(matcher.error() == inference::MatchError::None);
    FUZZ_HOLDS(matcher.can_end() == schema.is_accepting(state));
    const std::vector<TokenId> allowed = checked_mask(schema, vocabulary, state, matcher);
    check_forced(schema, state, matcher);
    if (allowed.empty()) break;
    const std::uint32_t choice = input.below(256);
    if (choice == 255) {
      FUZZ_HOLDS(matcher.mask().test(0) || !matcher.accept(0));  // token 0 has no bytes
      FUZZ_HOLDS(matcher.error() == inference::MatchError::TokenNotAllowed);
      FUZZ_HOLDS(matcher.mask().empty() && !matcher.accept(allowed.front()));
      return;
    }
    const TokenId id = allowed[choice % allowed.size()];
    FUZZ_HOLDS(matcher.accept(id));
    for (const char c : vocabulary.bytes(id)) {
      FUZZ_HOLDS(schema.advance(&state, static_cast<std::uint8_t>(c)));
    }
  }
  check_end(schema, state, matcher);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  SchemaSpec spec;
  spec.root = add_node(spec, input, kLevelsMax);
  try {
    const CompiledSchema schema(spec);
    const std::vector<std::string> tokens = vocabulary_from(input);
    const std::vector<std::string_view> views(tokens.begin(), tokens.end());
    const VocabularyTrie vocabulary(views);
    const std::uint64_t bytes_max =
        input.flag() ? inference::kBytesUnlimited : std::uint64_t{input.below(400)};
    check_walk(schema, vocabulary, bytes_max, input);
  } catch (const inference::LoadError& error) {
    FUZZ_HOLDS(error.what()[0] != '\0');
  }
  return 0;
}
