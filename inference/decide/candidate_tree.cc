#include "inference/decide/candidate_tree.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "inference/check.h"
#include "inference/error.h"
#include "inference/kernels/math.h"

namespace inference {

// The full tree, before the nodes nobody needs are dropped. A node belongs to one field once
// options start below it, so that the rivals at a place are those of one field.
struct CandidateTree::Builder {
  struct Node {
    TokenId token = 0;
    std::int32_t parent = -1;
    std::int64_t owner = -1;  // field whose options go on here, or -1: part of a branch
    std::map<TokenId, std::uint32_t> children;
    std::vector<TokenId> rivals;  // children of option tokens, in first-seen order
    bool ends_option = false;
  };
  std::vector<Node> nodes{Node{}};  // 0 is the end of the prompt

  std::uint32_t add_child(std::uint32_t parent, TokenId token, std::int64_t owner) {
    nodes.push_back({token, static_cast<std::int32_t>(parent), owner, {}, {}, false});
    return static_cast<std::uint32_t>(nodes.size() - 1);
  }

  // Follows `tokens` from the end of the prompt; the last node is the field's own.
  std::uint32_t add_branch(std::int64_t field, std::span<const TokenId> tokens) {
    std::uint32_t at = 0;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const bool last = i + 1 == tokens.size();
      const auto found = nodes[at].children.find(tokens[i]);
      const bool shared =
          found != nodes[at].children.end() && nodes[found->second].owner < 0 && !last;
      if (shared) {
        at = found->second;
      } else {
        const std::uint32_t child = add_child(at, tokens[i], last ? field : -1);
        if (!last) nodes[at].children.emplace(tokens[i], child);
        at = child;
      }
    }
    if (tokens.empty()) nodes[0].owner = field;
    return at;
  }

  // Adds one option below `at`; returns the places it passes with the token taken there.
  std::vector<std::pair<std::uint32_t, TokenId>> add_option(std::uint32_t at, std::int64_t field,
                                                            std::span<const TokenId> tokens,
                                                            const ClosedField& closed) {
    std::vector<std::pair<std::uint32_t, TokenId>> path;
    for (const TokenId token : tokens) {
      path.emplace_back(at, token);
      const auto [slot, is_new] = nodes[at].children.emplace(token, 0);
      if (is_new) {
        nodes[at].rivals.push_back(token);
        const std::uint32_t child = add_child(at, token, field);
        nodes[at].children[token] = child;
        at = child;
      } else {
        at = slot->second;
        if (nodes[at].ends_option) break;
      }
    }
    if (tokens.empty() || nodes[at].ends_option || !nodes[at].children.empty()) {
      throw LoadError("schema: field \"" + closed.pointer +
                      "\": two options are the same tokens or one begins another");
    }
    nodes[at].ends_option = true;
    return path;
  }
};

bool CandidateTree::fits(const ClosedField& field, const Encode& encode) {
  if (field.options.size() < 2) return true;  // takes no part
  const std::size_t branch = encode(field.branch).size();
  return std::all_of(field.options.begin(), field.options.end(), [&](const std::string& option) {
    return branch + encode(option + field.terminator).size() <= kDepthMax;
  });
}

CandidateTree::CandidateTree(std::span<const ClosedField> fields, const Encode& encode,
                             Scoring scoring)
    : scoring_(scoring) {
  // Fast scoring has no use for a token that is the only one at its place.
  const std::size_t rivals_min = scoring == Scoring::Exact ? 1 : 2;
  Builder builder;
  std::vector<std::vector<std::vector<std::pair<std::uint32_t, TokenId>>>> paths(fields.size());
  for (std::size_t f = 0; f < fields.size(); ++f) {
    const ClosedField& field = fields[f];
    paths[f].resize(field.options.size());
    if (field.options.size() < 2) continue;
    const auto owner = static_cast<std::int64_t>(f);
    const std::vector<TokenId> branch = encode(field.branch);
    const std::uint32_t start = builder.add_branch(owner, branch);
    for (std::size_t o = 0; o < field.options.size(); ++o) {
      const auto tokens = encode(field.options[o] + field.terminator);
      if (branch.size() + tokens.size() > kDepthMax) {
        throw LoadError("schema: field \"" + field.pointer + "\": found an option of " +
                        std::to_string(branch.size() + tokens.size()) + " tokens, wanted at most " +
                        std::to_string(kDepthMax));
      }
      paths[f][o] = builder.add_option(start, owner, tokens, field);
    }
  }

  // A node stays if it or anything below it has rivals; children come after their parents.
  std::vector<char> needed(builder.nodes.size(), 0);
  for (std::size_t n = builder.nodes.size(); n-- > 1;) {
    if (builder.nodes[n].rivals.size() >= rivals_min) needed[n] = 1;
    if (needed[n]) needed[static_cast<std::size_t>(builder.nodes[n].parent)] = 1;
  }
  std::vector<std::uint32_t> place(builder.nodes.size(), 0);
  for (std::size_t n = 1; n < builder.nodes.size(); ++n) {
    if (!needed[n]) continue;
    const Builder::Node& from = builder.nodes[n];
    const auto parent = static_cast<std::int32_t>(place[static_cast<std::size_t>(from.parent)]) - 1;
    const bool counts = from.rivals.size() >= rivals_min;
    nodes_.push_back({from.token, parent, counts ? from.rivals : std::vector<TokenId>{}});
    place[n] = static_cast<std::uint32_t>(nodes_.size());
  }
  if (nodes_.size() > kNodesMax) {
    throw LoadError("schema: found options that take " + std::to_string(nodes_.size()) +
                    " tokens to compare, wanted at most " + std::to_string(kNodesMax));
  }
  if (builder.nodes[0].rivals.size() >= rivals_min) root_rivals_ = builder.nodes[0].rivals;

  steps_.resize(fields.size());
  for (std::size_t f = 0; f < fields.size(); ++f) {
    for (const auto& path : paths[f]) {
      std::vector<Step> steps;
      for (const auto& [node, token] : path) {
        const auto& rivals = builder.nodes[node].rivals;
        if (rivals.size() < rivals_min) continue;
        const auto rival = std::find(rivals.begin(), rivals.end(), token) - rivals.begin();
        steps.push_back({place[node], static_cast<std::uint32_t>(rival)});
      }
      steps_[f].push_back(std::move(steps));
    }
  }
}

std::vector<double> log_shares(std::span<const float> rival_logits, bool* degenerate) {
  double highest = -HUGE_VAL;
  for (const float x : rival_logits) {
    if (std::isfinite(x)) {
      highest = std::max(highest, static_cast<double>(x));
    } else {
      *degenerate = true;
    }
  }
  // What is not finite counts as far below everything that is.
  constexpr double kLowest = -100;
  std::vector<double> out;
  double sum = 0;
  for (const float x : rival_logits) {
    const bool none = highest == -HUGE_VAL;
    out.push_back(none ? 0 : std::isfinite(x) ? static_cast<double>(x) - highest : kLowest);
    sum += math::exp(out.back());
  }
  for (double& x : out) x -= math::log(sum);
  return out;
}

std::vector<double> CandidateTree::score(std::size_t field,
                                         std::span<const std::vector<double>> log_p) const {
  PICOLM_CHECK(log_p.size() == nodes_.size() + 1);
  std::vector<double> out;
  for (const auto& steps : steps_.at(field)) {
    double sum = 0;
    for (const Step& step : steps) sum += log_p[step.place][step.rival];
    out.push_back(sum);
  }
  return out;
}

}  // namespace inference
