#pragma once

// What the tests of constrained decoding share: hand-made and random schemas, a naive recogniser to
// compare with, and vocabularies whose tokens cross every boundary of a document.
// Thread safety: free functions without state.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "inference/constrain/automaton.h"
#include "inference/constrain/vocabulary_trie.h"
#include "schemas/schema_spec.h"
#include "tests/support/random.h"

namespace constrain_test {

using test_support::Random;

// Debug builds, which carry the sanitizers, try every n-th case of what release builds try in full.
#ifdef NDEBUG
inline constexpr int kThinning = 1;
#else
inline constexpr int kThinning = 7;
#endif

// Builds a SchemaSpec from the leaves up: every function returns the node it added.
class SpecBuilder {
 public:
  template <typename Kind>
  schemas::NodeId add(Kind kind) {
    spec_.nodes.emplace_back(std::move(kind));
    return static_cast<schemas::NodeId>(spec_.nodes.size() - 1);
  }
  schemas::NodeId integer(std::int64_t minimum, std::int64_t maximum);
  schemas::NodeId number(std::string_view minimum, std::string_view maximum);  // "" is no bound
  schemas::NodeId string(std::uint32_t minimum, std::uint32_t maximum);
  schemas::NodeId values(std::vector<std::string> values);
  schemas::NodeId array(schemas::NodeId items, std::uint32_t minimum, std::uint32_t maximum);
  schemas::NodeId object(std::vector<schemas::Property> properties);
  schemas::SchemaSpec root(schemas::NodeId node);

 private:
  schemas::SchemaSpec spec_;
};

struct NamedSpec {
  std::string name;
  schemas::SchemaSpec spec;
};

// One schema for each thing that can go wrong.
std::vector<NamedSpec> hand_made_specs();

// At most three levels deep; always has a member.
schemas::SchemaSpec random_spec(Random& random);

// Whether `text` is a document of `spec` in the form the automaton writes. Backtracks over all ways
// to read it; shares nothing with the automaton.
bool naive_accepts(const schemas::SchemaSpec& spec, std::string_view text);

// Negative, zero or positive as a < b, a == b, a > b. Plain decimals, compared digit by digit.
int compare_plain_decimals(std::string_view a, std::string_view b);

// A document found by a random walk through the automaton, ended by the shortest completion after
// `bytes_max` bytes.
std::string random_document(const inference::CompiledSchema& schema, Random& random,
                            std::size_t bytes_max);

// Tokens cut from random documents of `schema`, single bytes, fragments of UTF-8, long runs,
// duplicates, and tokens that must never be written (empty). Not all bytes have a token.
std::vector<std::string> random_vocabulary(const inference::CompiledSchema& schema, Random& random,
                                           std::size_t count);

inference::VocabularyTrie make_trie(const std::vector<std::string>& tokens);

}  // namespace constrain_test
