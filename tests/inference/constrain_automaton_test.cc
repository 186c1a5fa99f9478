#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "inference/constrain/automaton.h"
#include "inference/error.h"
#include "tests/inference/constrain_support.h"

namespace {

using constrain_test::hand_made_specs;
using constrain_test::naive_accepts;
using constrain_test::random_spec;
using constrain_test::SpecBuilder;
using inference::CompiledSchema;
using inference::State;
using inference::Undo;
using schemas::NodeId;
using schemas::SchemaSpec;
using test_support::Random;

bool accepts(const CompiledSchema& schema, std::string_view text) {
  State state = schema.initial();
  for (const char c : text) {
    if (!schema.advance(&state, static_cast<std::uint8_t>(c))) return false;
  }
  return schema.is_accepting(state);
}

// Compares automaton and naive recogniser on every text over `alphabet` up to `length_max`.
// Where the automaton refuses a byte, the recogniser must refuse everything that begins so.
struct Comparison {
  const SchemaSpec& spec;
  const CompiledSchema& schema;
  std::string_view alphabet;
  std::size_t length_max = 0;
  std::size_t accepted_count = 0;

  void run() {
    std::string text;
    visit(schema.initial(), true, &text);
  }

  void visit(const State& state, bool alive, std::string* text) {
    const bool ours = alive && schema.is_accepting(state);
    ASSERT_EQ(ours, naive_accepts(spec, *text)) << *text;
    accepted_count += ours ? 1 : 0;
    if (text->size() == length_max) return;
    for (const char c : alphabet) {
      State next = state;
      const bool next_alive = alive && schema.advance(&next, static_cast<std::uint8_t>(c));
      text->push_back(c);
      visit(next, next_alive, text);
      text->pop_back();
      if (testing::Test::HasFatalFailure()) return;
    }
  }
};

std::size_t compare_all_texts(SchemaSpec spec, std::string_view alphabet, std::size_t length_max) {
  const CompiledSchema schema(spec);
  Comparison comparison{spec, schema, alphabet, length_max};
  comparison.run();
  return comparison.accepted_count;
}

TEST(ConstrainAutomaton, AcceptsExactlyTheSmallDocumentsOfScalars) {
  SpecBuilder a;
  EXPECT_EQ(compare_all_texts(a.root(a.integer(-12, 35)), "-.0123", 5), 22u);
  SpecBuilder b;
  EXPECT_GT(compare_all_texts(b.root(b.number("-1.2", "10.5")), "-.0125", 6), 1000u);
  SpecBuilder c;
  EXPECT_EQ(compare_all_texts(c.root(c.values({"1", "12", "\"1\"", "-1"})), "-12\"", 5), 4u);
  SpecBuilder d;
  EXPECT_GT(compare_all_texts(d.root(d.string(1, 2)), "\"\\a\xC3\xA4n", 7), 10u);
}

TEST(ConstrainAutomaton, AcceptsExactlyTheSmallDocumentsOfArrays) {
  SpecBuilder a;
  EXPECT_EQ(compare_all_texts(a.root(a.array(a.integer(0, 10), 0, 2)), "[],10", 7), 13u);
  SpecBuilder b;
  EXPECT_GT(compare_all_texts(b.root(b.array(b.values({"1", "11"}), 1, 3)), "[],1", 9), 10u);
  SpecBuilder c;
  const NodeId inner = c.array(c.values({"1"}), 0, 1);
  EXPECT_GT(compare_all_texts(c.root(c.array(inner, 1, 2)), "[],1", 9), 5u);
  SpecBuilder d;
  EXPECT_EQ(compare_all_texts(d.root(d.array(d.integer(2, 1), 0, 3)), "[],1", 6), 1u);
}

TEST(ConstrainAutomaton, AcceptsExactlyTheSmallDocumentsOfObjects) {
  SpecBuilder a;
  EXPECT_EQ(compare_all_texts(a.root(a.object({})), "{},\":1", 6), 1u);
  SpecBuilder b;
  const NodeId one = b.values({"1"});
  const NodeId two = b.values({"1"});
  // {} {"":1} {"":1,"a":1} {"a":1}, of which the third is too long.
  EXPECT_EQ(
      compare_all_texts(b.root(b.object({{"", one, false}, {"a", two, false}})), "{},\":1a", 7),
      3u);
  SpecBuilder c;
  EXPECT_EQ(compare_all_texts(c.root(c.object({{"a", c.values({"1", "11"}), true}})), "{}\":1a", 8),
            2u);
}

// Names that are prefixes of each other, every combination of required and optional, every choice
// of properties, in every order: only the declared order with all required ones is a document.
TEST(ConstrainAutomaton, TakesExactlyTheRightSubsetsOfProperties) {
  const std::string names[] = {"a", "ab", "b", "abc"};
  for (unsigned required = 0; required < 16; ++required) {
    SpecBuilder b;
    std::vector<schemas::Property> properties;
    for (unsigned i = 0; i < 4; ++i) {
      properties.push_back({names[i], b.integer(i, 12), (required >> i & 1) != 0});
    }
    const CompiledSchema schema(b.root(b.object(properties)));
    std::size_t accepted_count = 0;
    std::vector<unsigned> order{0, 1, 2, 3};
    do {
      for (unsigned length = 0; length <= 4; ++length) {
        unsigned chosen = 0;
        std::string text = "{";
        for (unsigned i = 0; i < length; ++i) {
          chosen |= 1u << order[i];
          text += (i > 0 ? ",\"" : "\"") + names[order[i]] + "\":12";
        }
        text += "}";
        const bool in_order =
            std::is_sorted(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(length));
        const bool right = in_order && (chosen & required) == required;
        ASSERT_EQ(accepts(schema, text), right) << text << " required " << required;
        accepted_count += right ? 1 : 0;
      }
    } while (std::next_permutation(order.begin(), order.end()));
    ASSERT_GT(accepted_count, 0u);
  }
}

// Every sequence of one, two and three bytes between quotes.
TEST(ConstrainAutomaton, StringsAreExactlyWellFormedUtf8) {
  SpecBuilder b;
  const SchemaSpec spec = b.root(b.string(1, 3));
  const CompiledSchema schema(spec);
  State open = schema.initial();
  ASSERT_TRUE(schema.advance(&open, '"'));
  std::size_t accepted_count = 0;
  std::string text;
  const std::function<void(const State&, bool, unsigned)> visit = [&](const State& state,
                                                                      bool alive, unsigned left) {
    // After a refused byte nothing can be accepted any more; a sample shows that it is not.
    for (unsigned byte = 0; byte < 256; byte += (alive || left > 1) ? 1 : 16) {
      text.push_back(static_cast<char>(byte));
      State next = state;
      const bool next_alive = alive && schema.advance(&next, static_cast<std::uint8_t>(byte));
      State closed = next;
      const bool ours = next_alive && schema.advance(&closed, '"') && schema.is_accepting(closed);
      // The recogniser is slow: it is asked where the automaton says yes, and for a sample of no.
      if (ours || left > 1 || byte % 16 == 0) {
        if (ours != naive_accepts(spec, "\"" + text + "\"")) {
          ADD_FAILURE() << testing::PrintToString(text);
        }
      }
      accepted_count += ours ? 1 : 0;
      if (left > 1 && !testing::Test::HasFailure()) visit(next, next_alive, left - 1);
      text.pop_back();
    }
  };
  visit(open, true, 3);
  // One byte: 94 characters. Two: 94^2, 7 escapes, 1920 of two bytes. Three: 94^3, twice 94 * 7,
  // twice 94 * 1920, 2048 * 30 - 2048 of three bytes (all below U+10000 without surrogates).
  EXPECT_EQ(accepted_count, 94u + 94 * 94 + 7 + 1920 + 94 * 94 * 94 + 2 * 94 * 7 + 2 * 94 * 1920 +
                                (0x10000 - 0x800 - 0x800));
}

TEST(ConstrainAutomaton, FourByteCharactersEndAtTheLastCodePoint) {
  SpecBuilder b;
  const CompiledSchema schema(b.root(b.string(1, 1)));
  EXPECT_TRUE(accepts(schema, "\"\xF0\x90\x80\x80\""));
  EXPECT_TRUE(accepts(schema, "\"\xF4\x8F\xBF\xBF\""));
  EXPECT_FALSE(accepts(schema, "\"\xF0\x8F\xBF\xBF\""));
  EXPECT_FALSE(accepts(schema, "\"\xF4\x90\x80\x80\""));
  EXPECT_FALSE(accepts(schema, "\"\xF5\x80\x80\x80\""));
  EXPECT_FALSE(accepts(schema, "\"\xF0\x9F\x98\x80-\"")) << "two code points";
}

// In every state of random walks: the bytes that are allowed are those that advance, taking back
// restores the state, the shortest completion is accepted, has the length it says, and that length
// is one more than the best of the next states. The last point makes it the shortest by induction.
void check_walk(const SchemaSpec& spec, Random& random) {
  const CompiledSchema schema(spec);
  State state = schema.initial();
  std::string text;
  for (int step = 0; step < 60; ++step) {
    const inference::ByteSet allowed = schema.allowed_bytes(state);
    const std::uint64_t shortest = schema.shortest_bytes(state);
    std::uint64_t best = ~std::uint64_t{0};
    std::vector<std::uint8_t> choices;
    for (unsigned value = 0; value < 256; ++value) {
      const auto byte = static_cast<std::uint8_t>(value);
      State next = state;
      Undo undo;
      const bool advanced = schema.advance(&next, byte, &undo);
      ASSERT_EQ(advanced, allowed.test(byte));
      if (!advanced) {
        ASSERT_EQ(next, state);
        continue;
      }
      choices.push_back(byte);
      best = std::min(best, schema.shortest_bytes(next) + 1);
      CompiledSchema::take_back(&next, undo);
      ASSERT_EQ(next, state);
    }
    ASSERT_EQ(schema.is_accepting(state), shortest == 0);
    if (shortest > 0) {
      ASSERT_EQ(shortest, best) << text;
    }
    std::string completion;
    schema.append_shortest(state, &completion);
    ASSERT_EQ(completion.size(), shortest) << text << " + " << completion;
    ASSERT_TRUE(naive_accepts(spec, text + completion)) << text << " + " << completion;
    State forced_state = state;
    std::string forced;
    schema.append_forced(&forced_state, &forced);
    if (choices.size() == 1 && shortest > 0) {
      ASSERT_FALSE(forced.empty());
    } else {
      ASSERT_TRUE(forced.empty());
    }
    if (choices.empty()) return;
    std::uint8_t byte = choices[random.below(choices.size())];
    if (allowed.test('"') && random.below(3) == 0) byte = '"';
    ASSERT_TRUE(schema.advance(&state, byte));
    text.push_back(static_cast<char>(byte));
  }
}

TEST(ConstrainAutomaton, CompletionsAreShortestInEveryStateOfHandMadeSchemas) {
  Random random(21);
  for (const auto& [name, spec] : hand_made_specs()) {
    SCOPED_TRACE(name);
    for (int round = 0; round < 30; ++round) {
      check_walk(spec, random);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(ConstrainAutomaton, CompletionsAreShortestInEveryStateOfRandomSchemas) {
  Random random(22);
  for (int round = 0; round < 600; ++round) {
    SCOPED_TRACE(round);
    check_walk(random_spec(random), random);
    if (HasFatalFailure()) return;
  }
}

// Documents with one byte changed, removed or added: both sides must agree on all of them.
TEST(ConstrainAutomaton, AgreesWithTheRecogniserOnDamagedDocuments) {
  Random random(23);
  std::size_t right_count = 0;
  for (int round = 0; round < 400; ++round) {
    const SchemaSpec spec = random_spec(random);
    const CompiledSchema schema(spec);
    const std::string document = constrain_test::random_document(schema, random, 80);
    ASSERT_TRUE(accepts(schema, document)) << document;
    ASSERT_TRUE(naive_accepts(spec, document)) << document;
    for (int i = 0; i < 40; ++i) {
      std::string damaged = document;
      const std::size_t at = random.below(damaged.size());
      const char byte = "{}[]\",:0123456789-.\\aetfn\xC3\xA4"[random.below(26)];
      const auto kind = random.below(3);
      if (kind == 0) damaged[at] = byte;
      if (kind == 1) damaged.erase(at, 1);
      if (kind == 2) damaged.insert(at, 1, byte);
      const bool right = naive_accepts(spec, damaged);
      ASSERT_EQ(accepts(schema, damaged), right) << damaged;
      right_count += right ? 1 : 0;
    }
  }
  EXPECT_GT(right_count, 500u);
}

TEST(ConstrainAutomaton, ForcesWhatHasNoAlternative) {
  SpecBuilder b;
  const NodeId action = b.values({"\"start\"", "\"stop\""});
  const CompiledSchema schema(b.root(b.object({{"action", action, true}})));
  State state = schema.initial();
  std::string forced;
  schema.append_forced(&state, &forced);
  EXPECT_EQ(forced, "{\"action\":\"st");
  ASSERT_TRUE(schema.advance(&state, 'a'));
  schema.append_forced(&state, &forced);
  EXPECT_EQ(forced, "{\"action\":\"strt\"}");
  EXPECT_TRUE(schema.is_accepting(state));
}

void expect_refused(const SchemaSpec& spec, std::string_view reason) {
  try {
    const CompiledSchema schema(spec);
    FAIL() << "not refused: " << reason;
  } catch (const inference::LoadError& error) {
    EXPECT_NE(std::string_view(error.what()).find(reason), std::string_view::npos) << error.what();
  }
}

TEST(ConstrainAutomaton, RefusesSchemasWithoutMembers) {
  SpecBuilder a;
  expect_refused(a.root(a.integer(2, 1)), "no document satisfies it");
  SpecBuilder b;
  expect_refused(b.root(b.object({{"a", b.string(3, 2), true}})), "no document satisfies it");
  SpecBuilder c;
  expect_refused(c.root(c.array(c.values({}), 1, 2)), "no document satisfies it");
  SpecBuilder d;
  expect_refused(d.root(d.number("0.00000000000000001", "0.00000000000000002")),
                 "no document satisfies it");
}

TEST(ConstrainAutomaton, RefusesSchemasOverALimit) {
  SpecBuilder a;
  expect_refused(a.root(a.array(a.string(1000, 1000), 1000, 1000)), "shortest value of the root");
  SpecBuilder b;
  NodeId node = b.add(schemas::NullNode{});
  for (unsigned i = 0; i < inference::kFramesMax; ++i) node = b.array(node, 1, 1);
  expect_refused(b.root(node), "nests deeper");
  SpecBuilder c;
  expect_refused(c.root(c.values({std::string(inference::kLiteralBytesMax + 1, '1')})),
                 "keys and enum values");
  SchemaSpec many;
  many.nodes.assign(inference::kNodesMax + 1, schemas::NullNode{});
  expect_refused(many, "nodes");
}

TEST(ConstrainAutomaton, TakesTheDeepestSchemaThatIsAllowed) {
  SpecBuilder b;
  NodeId node = b.integer(0, 99);
  for (unsigned i = 0; i + 1 < inference::kFramesMax; ++i) node = b.array(node, 1, 2);
  const CompiledSchema schema(b.root(node));
  const std::string open(inference::kFramesMax - 1, '[');
  const std::string close(inference::kFramesMax - 1, ']');
  EXPECT_TRUE(accepts(schema, open + "42" + close));
  EXPECT_FALSE(accepts(schema, "[" + open + "42" + close + "]"));
}

TEST(ConstrainAutomaton, RefusesBrokenSpecs) {
  SchemaSpec self;
  self.nodes.push_back(schemas::ArrayNode{0, 1, 1});
  expect_refused(self, "no document satisfies it");
  SchemaSpec outside;
  outside.nodes.push_back(schemas::ArrayNode{7, 0, 1});
  expect_refused(outside, "refers to node 7");
  expect_refused(SchemaSpec{}, "refers to node 0");
  SpecBuilder a;
  expect_refused(a.root(a.object({{"x", a.integer(0, 1), true}, {"x", a.integer(0, 1), true}})),
                 "twice");
  SpecBuilder b;
  expect_refused(b.root(b.object({{"\xFF", b.integer(0, 1), true}})), "not UTF-8");
}

}  // namespace
