// The heap against the definition: look at all neighbours, merge the best, start again.

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "inference/text/merge.h"
#include "tests/support/random.h"

namespace inference {
namespace {

using Rules = std::map<std::pair<std::uint32_t, std::uint32_t>,
                       std::pair<std::uint32_t, std::uint32_t>>;  // pair -> order, token

std::vector<Symbol> symbols_of(const std::vector<std::uint32_t>& tokens) {
  std::vector<Symbol> symbols;
  const auto count = static_cast<std::uint32_t>(tokens.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    symbols.push_back({i == 0 ? kNone : i - 1, i + 1 == count ? kNone : i + 1, tokens[i], i, 1});
  }
  return symbols;
}

std::vector<std::uint32_t> merged(const std::vector<std::uint32_t>& tokens, const Rules& rules,
                                  std::size_t* lookups) {
  std::vector<Symbol> symbols = symbols_of(tokens);
  std::vector<MergeCandidate> heap;
  merge_symbols(
      symbols, heap,
      [&](const Symbol& left, const Symbol& right, std::uint32_t* order, std::uint32_t* token) {
        ++*lookups;
        const auto found = rules.find({left.token, right.token});
        if (found == rules.end()) return false;
        std::tie(*order, *token) = found->second;
        return true;
      });
  std::vector<std::uint32_t> out;
  for (const Symbol& symbol : symbols) {
    if (symbol.size_bytes != 0) out.push_back(symbol.token);
  }
  return out;
}

std::vector<std::uint32_t> merged_naively(std::vector<std::uint32_t> tokens, const Rules& rules) {
  while (true) {
    std::size_t best = tokens.size();
    std::uint32_t best_order = kNone;
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
      const auto found = rules.find({tokens[i], tokens[i + 1]});
      if (found != rules.end() && found->second.first < best_order) {
        best = i;
        best_order = found->second.first;
      }
    }
    if (best == tokens.size()) return tokens;
    tokens[best] = rules.at({tokens[best], tokens[best + 1]}).second;
    tokens.erase(tokens.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

TEST(MergeSymbols, MergesAsTheDefinitionDoesForRandomRules) {
  test_support::Random random(5);
  for (int round = 0; round < 3000; ++round) {
    // Few tokens and few orders, so that ties and stale candidates are common.
    const std::uint64_t token_count = 2 + random.below(8);
    Rules rules;
    for (std::uint64_t i = random.below(30); i > 0; --i) {
      rules[{static_cast<std::uint32_t>(random.below(token_count)),
             static_cast<std::uint32_t>(random.below(token_count))}] = {
          static_cast<std::uint32_t>(random.below(6)),
          static_cast<std::uint32_t>(random.below(token_count))};
    }
    std::vector<std::uint32_t> tokens(random.below(25));
    for (auto& token : tokens) token = static_cast<std::uint32_t>(random.below(token_count));
    std::size_t lookups = 0;
    ASSERT_EQ(merged(tokens, rules, &lookups), merged_naively(tokens, rules)) << "round " << round;
  }
}

TEST(MergeSymbols, LooksUpAtMostThreePairsASymbol) {
  constexpr std::size_t kCount = 64 * 1024;
  // Everything merges with everything: the worst case, and all of it ties.
  const std::vector<std::uint32_t> tokens(kCount, 7);
  const Rules rules = {{{7, 7}, {0, 7}}};
  std::size_t lookups = 0;
  EXPECT_EQ(merged(tokens, rules, &lookups).size(), 1U);
  EXPECT_LE(lookups, 3 * kCount);
}

}  // namespace
}  // namespace inference
