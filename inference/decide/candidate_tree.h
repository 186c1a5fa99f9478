#pragma once

// All options of all closed fields as one tree of tokens below the end of the prompt. Each field is
// a branch of its own (`{"action":` then its options), so fields are independent and their options
// add up instead of multiplying. One forward pass over the tree scores everything.
//
// score(option) = sum over its tokens of log p(token | path). Fast scoring normalises over the
// tokens that options of the field take at the same place, so a token without a rival is certain
// and needs no evaluation; exact scoring normalises over the whole vocabulary.
// Thread safety: constant after construction.

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "inference/decide/closed_fields.h"
#include "inference/text/token.h"

namespace inference {

enum class Scoring : std::uint8_t { Fast, Exact };

struct TreeNode {
  TokenId token = 0;
  std::int32_t parent = -1;     // node, or -1: the end of the prompt
  std::vector<TokenId> rivals;  // the tokens options go on with here, whose logits count; or none
};

// log p of each rival at one place, normalised over the rivals. Logits that are not finite count as
// the lowest; where none is finite all rivals are equal. Either sets *degenerate.
std::vector<double> log_shares(std::span<const float> rival_logits, bool* degenerate);

class CandidateTree {
 public:
  using Encode = std::function<std::vector<TokenId>(std::string_view)>;

  static constexpr std::size_t kDepthMax = 64;    // tokens of a branch and one of its options
  static constexpr std::size_t kNodesMax = 4096;  // evaluated a message

  // Whether every option of `field` is within kDepthMax.
  static bool fits(const ClosedField& field, const Encode& encode);

  // `encode` turns text that continues the prompt into tokens. Fields with one option take no part.
  // Throws LoadError when two options of a field are the same tokens or one begins another, and
  // beyond the limits.
  CandidateTree(std::span<const ClosedField> fields, const Encode& encode, Scoring scoring);

  Scoring scoring() const { return scoring_; }

  // Nodes whose logits or keys are needed, parents before children.
  std::span<const TreeNode> nodes() const { return nodes_; }

  // The rivals at the very end of the prompt (a schema that is only a set of values), or empty.
  std::span<const TokenId> root_rivals() const { return root_rivals_; }

  // Log-probability of each option of `field`. log_p[0] are those of the rivals at the end of the
  // prompt, log_p[1 + n] those at node n.
  std::vector<double> score(std::size_t field, std::span<const std::vector<double>> log_p) const;

 private:
  struct Builder;
  struct Step {
    std::uint32_t place;  // 0: the end of the prompt, 1 + n: node n
    std::uint32_t rival;  // index into its rivals
  };
  Scoring scoring_;
  std::vector<TreeNode> nodes_;
  std::vector<TokenId> root_rivals_;
  std::vector<std::vector<std::vector<Step>>> steps_;  // [field][option]
};

}  // namespace inference
