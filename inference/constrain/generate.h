#pragma once

// Constrained decoding: one document of a schema, token by token, greedily.
// The output is the automaton's bytes, not the model's text: it is always a whole document within
// the budget, whatever the logits are (random, equal, NaN, infinite, hostile, missing).
// Thread safety: free function; the model is called from the calling thread.

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inference/constrain/automaton.h"
#include "inference/constrain/text_masks.h"
#include "inference/constrain/vocabulary_trie.h"
#include "inference/text/token.h"

namespace inference {

// What decoding needs of a model that has already read the prompt.
class TokenModel {
 public:
  virtual ~TokenModel() = default;

  // Appends tokens to the sequence and returns the logits after the last of them, [vocabulary].
  // `appended` is empty at most in the first call, for the logits after the prompt. The span lives
  // until the next call. An empty span means that the model cannot go on.
  virtual std::span<const float> next_logits(std::span<const TokenId> appended) = 0;

  // Text that stands inside the answer as tokens, the way the tokenizer would write it there.
  virtual std::vector<TokenId> tokenize(std::string_view bytes) = 0;
};

struct GenerateLimits {
  std::uint32_t bytes_max = 4096;  // of the document
  std::uint32_t steps_max = 512;   // calls of next_logits; then the shortest completion follows
  // Ends a document that could go on (a number at the root). Without it such a document ends as
  // soon as it can.
  std::optional<TokenId> end_token;
};

enum class GenerateStatus : std::uint8_t {
  Complete,        // every choice was the model's
  CutShort,        // steps_max: the shortest completion was appended
  NoLogits,        // no allowed token had a usable logit: the same
  BudgetTooSmall,  // no document has at most bytes_max bytes: `bytes` is empty
};
std::string_view name(GenerateStatus status);  // "complete", ...

struct GenerateResult {
  GenerateStatus status = GenerateStatus::Complete;
  std::string bytes;

  // Product over the model's choices of softmax over the allowed tokens, which a long output
  // may underflow, and its logarithm, which it cannot. 0 and minus infinity unless Complete.
  double probability = 0;
  double log_probability = -std::numeric_limits<double>::infinity();
  std::uint32_t steps = 0;      // calls of next_logits
  std::vector<TokenId> tokens;  // handed to the model, and the ones still pending at the end
};

// Both, and the model, must have one vocabulary. `masks` may be null; what it keeps makes later
// outputs faster and none different. Never throws by itself.
GenerateResult generate(const CompiledSchema& schema, const VocabularyTrie& vocabulary,
                        TokenModel& model, const GenerateLimits& limits,
                        TextMasks* masks = nullptr);

}  // namespace inference
