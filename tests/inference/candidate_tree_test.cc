// Goal: the tree's scores are those of a plain enumeration: for each option, token by token, the
// log share of its logit among the tokens that some option of the field takes after that prefix.

#include "inference/decide/candidate_tree.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "inference/error.h"
#include "tests/support/random.h"

namespace inference {
namespace {

using Tokens = std::vector<TokenId>;

// A toy tokeniser: pairs of equal letters are one token, everything else is a token a byte.
Tokens encode(std::string_view text) {
  Tokens out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (i + 1 < text.size() && text[i + 1] == text[i]) {
      out.push_back(256u + byte);
      ++i;
    } else {
      out.push_back(byte);
    }
  }
  return out;
}

// Logits that depend on the whole path, as a model's do.
float logit(const Tokens& path, TokenId next) {
  std::uint64_t h = 1469598103934665603ull;
  for (const TokenId t : path) h = (h ^ t) * 1099511628211ull;
  test_support::Random random(h ^ (std::uint64_t{next} << 40));
  return random.uniform(-4.0f, 4.0f);
}

double naive_score(const Tokens& branch, const std::vector<Tokens>& options, std::size_t chosen) {
  double sum = 0;
  for (std::size_t i = 0; i < options[chosen].size(); ++i) {
    const Tokens prefix(options[chosen].begin(), options[chosen].begin() + static_cast<long>(i));
    std::set<TokenId> next;
    for (const Tokens& option : options) {
      if (option.size() > i && std::equal(prefix.begin(), prefix.end(), option.begin())) {
        next.insert(option[i]);
      }
    }
    Tokens path = branch;
    path.insert(path.end(), prefix.begin(), prefix.end());
    double total = 0;
    for (const TokenId t : next) total += std::exp(double{logit(path, t)});
    sum += double{logit(path, options[chosen][i])} - std::log(total);
  }
  return sum;
}

using Logits = std::vector<std::vector<float>>;

std::vector<std::vector<double>> to_log_p(const Logits& logits, bool* degenerate) {
  std::vector<std::vector<double>> out;
  for (const auto& place : logits) out.push_back(log_shares(place, degenerate));
  return out;
}

Logits all_logits(const CandidateTree& tree) {
  Logits out(tree.nodes().size() + 1);
  for (const TokenId t : tree.root_rivals()) out[0].push_back(logit({}, t));
  std::vector<Tokens> paths(tree.nodes().size());
  for (std::size_t n = 0; n < tree.nodes().size(); ++n) {
    const TreeNode& node = tree.nodes()[n];
    if (node.parent >= 0) paths[n] = paths[static_cast<std::size_t>(node.parent)];
    paths[n].push_back(node.token);
    for (const TokenId t : node.rivals) out[n + 1].push_back(logit(paths[n], t));
  }
  return out;
}

void expect_naive(const std::vector<ClosedField>& fields) {
  const CandidateTree tree(fields, encode, Scoring::Fast);
  const auto logits = all_logits(tree);
  for (std::size_t f = 0; f < fields.size(); ++f) {
    std::vector<Tokens> options;
    for (const auto& option : fields[f].options)
      options.push_back(encode(option + fields[f].terminator));
    bool degenerate = false;
    const auto scores = tree.score(f, to_log_p(logits, &degenerate));
    ASSERT_EQ(scores.size(), options.size());
    EXPECT_FALSE(degenerate);
    double total = 0;
    for (std::size_t o = 0; o < options.size(); ++o) {
      if (options.size() > 1) {
        EXPECT_NEAR(scores[o], naive_score(encode(fields[f].branch), options, o), 1e-9)
            << fields[f].pointer << " " << fields[f].options[o];
      }
      total += std::exp(scores[o]);
    }
    EXPECT_NEAR(total, 1, 1e-9) << "local normalisation sums to one over the options";
  }
}

TEST(CandidateTree, EqualsPlainEnumeration) {
  expect_naive({{"/action", "{\"action\":", ',', 0, {"\"start\"", "\"start_all\"", "\"stop\""}},
                {"/act", "{\"act\":", ',', 1, {"true", "false"}},
                {"/a", "{\"a\":", ',', 2, {"1", "10", "100", "-1", "11"}},
                {"/only", "{\"only\":", ',', 3, {"\"one\""}}});
}

TEST(CandidateTree, ScoresASchemaThatIsOnlyASetOfValues) {
  expect_naive({{"", "", '\n', 0, {"\"ok\"", "\"error\"", "null"}}});
}

TEST(CandidateTree, EqualsPlainEnumerationOnRandomFields) {
  test_support::Random random(11);
  for (int round = 0; round < 200; ++round) {
    std::vector<ClosedField> fields;
    std::set<std::string> names;
    while (names.size() < 1 + random.below(4)) {
      std::string name;
      for (std::uint64_t i = 0; i <= random.below(3); ++i)
        name += static_cast<char>('a' + random.below(2));
      names.insert(name);
    }
    for (const auto& name : names) {
      std::set<std::string> options;
      while (options.size() < 1 + random.below(6)) {
        std::string option = "\"";
        for (std::uint64_t i = 0; i < random.below(6); ++i)
          option += static_cast<char>('a' + random.below(2));
        options.insert(option + "\"");
      }
      fields.push_back(
          {"/" + name, "{\"" + name + "\":", ',', 0, {options.begin(), options.end()}});
    }
    expect_naive(fields);
  }
}

TEST(CandidateTree, EvaluatesNoNodeWithoutRivalsBelow) {
  const std::vector<ClosedField> fields = {
      {"/a", "{\"a\":", ',', 0, {"\"xlong_common_tail\"", "\"ylong_common_tail\""}}};
  const CandidateTree tree(fields, encode, Scoring::Fast);
  // The branch and the opening quote; the letters that tell the options apart are leaves.
  EXPECT_EQ(tree.nodes().size(), encode("{\"a\":").size() + 1);
}

TEST(CandidateTree, ExactScoringCountsEveryToken) {
  const std::vector<ClosedField> fields = {
      {"/a", "{\"a\":", ',', 0, {"\"xlong\"", "\"ylong\"", "\"y\""}}};
  const CandidateTree tree(fields, encode, Scoring::Exact);
  std::vector<std::vector<double>> log_p(tree.nodes().size() + 1);
  for (std::size_t n = 0; n < tree.nodes().size(); ++n) {
    log_p[n + 1].assign(tree.nodes()[n].rivals.size(), -1.0);
  }
  const auto scores = tree.score(0, log_p);
  for (std::size_t o = 0; o < fields[0].options.size(); ++o) {
    const auto tokens = static_cast<double>(encode(fields[0].options[o] + ",").size());
    EXPECT_DOUBLE_EQ(scores[o], -tokens) << fields[0].options[o];
  }
}

TEST(CandidateTree, RefusesOptionsThatAreTheSameTokens) {
  const auto same = [](std::string_view) { return Tokens{1, 2}; };
  const std::vector<ClosedField> fields = {{"/a", "{", ',', 0, {"1", "2"}}};
  EXPECT_THROW(CandidateTree(fields, same, Scoring::Fast), LoadError);
}

TEST(CandidateTree, RefusesOptionsBeyondTheDepth) {
  const std::vector<ClosedField> fields = {
      {"/a", "{", ',', 0, {"\"" + std::string(300, 'x') + "\"", "\"y\""}}};
  EXPECT_THROW(CandidateTree(fields, encode, Scoring::Fast), LoadError);
}

TEST(CandidateTree, GivesEqualScoresWhereNoLogitIsFinite) {
  const std::vector<ClosedField> fields = {{"/a", "{", ',', 0, {"1", "2", "3"}}};
  const CandidateTree tree(fields, encode, Scoring::Fast);
  auto logits = all_logits(tree);
  for (auto& place : logits) std::fill(place.begin(), place.end(), std::nanf(""));
  bool degenerate = false;
  const auto scores = tree.score(0, to_log_p(logits, &degenerate));
  EXPECT_TRUE(degenerate);
  for (const double s : scores) EXPECT_DOUBLE_EQ(s, -std::log(3.0));
}

TEST(CandidateTree, OneNaNDoesNotWin) {
  const std::vector<ClosedField> fields = {{"/a", "{", ',', 0, {"1", "2", "3"}}};
  const CandidateTree tree(fields, encode, Scoring::Fast);
  auto logits = all_logits(tree);
  logits.back()[1] = std::nanf("");
  bool degenerate = false;
  const auto scores = tree.score(0, to_log_p(logits, &degenerate));
  EXPECT_LT(scores[1], scores[0]);
  EXPECT_LT(scores[1], scores[2]);
  EXPECT_TRUE(degenerate);
}

}  // namespace
}  // namespace inference
