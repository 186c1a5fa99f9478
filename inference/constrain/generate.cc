// The loop: what is forced is written at once, what is open is asked of the model.
//
// Forced bytes cost no step of their own: they wait, as tokens, for the next question. They are
// tokenised as a whole, the way the model saw such text in training, since one token a byte would
// be text it has never seen. At the end of a forced run the last tokens are given back if some
// token could spell them together with what follows (`":` and then `"`, where the vocabulary has
// `":"`): the model then chooses among the spellings, and the automaton sees to it that they begin
// with the bytes given back.
//
// Every round writes at least one byte or ends, and the matcher keeps the shortest completion
// within the budget, so the loop ends with a whole document whatever the model does.

#include "inference/constrain/generate.h"

#include <cmath>
#include <limits>

#include "inference/check.h"
#include "inference/constrain/matcher.h"
#include "inference/kernels/math.h"

namespace inference {
namespace {

// How much of a forced run is given back at most (llguidance, docs/fast_forward.md).
constexpr std::size_t kGivenBackTokensMax = 4;
constexpr std::size_t kGivenBackBytesMax = 7;

struct Choice {
  TokenId id = 0;
  double log_probability = 0;
};

class Generation {
 public:
  Generation(const CompiledSchema& schema, const VocabularyTrie& vocabulary, TokenModel& model,
             const GenerateLimits& limits, TextMasks* masks)
      : vocabulary_(vocabulary),
        model_(model),
        limits_(limits),
        matcher_(schema, vocabulary, limits.bytes_max, masks) {}

  GenerateResult run() {
    if (matcher_.error() != MatchError::None) {
      result_.status = GenerateStatus::BudgetTooSmall;
      return std::move(result_);
    }
    result_.log_probability = 0;
    while (!done_) {
      write_forced();
      write_next();
    }
    PICOLM_CHECK(matcher_.can_end());
    result_.probability = math::exp(result_.log_probability);
    return std::move(result_);
  }

 private:
  void write(std::string_view bytes) {
    PICOLM_CHECK(matcher_.accept_bytes(bytes));
    result_.bytes.append(bytes);
  }

  void hand_over(TokenId id) {
    pending_.push_back(id);
    result_.tokens.push_back(id);
  }

  void write_token(TokenId id) {
    write(vocabulary_.bytes(id));
    hand_over(id);
  }

  void finish_shortest(GenerateStatus status) {
    std::string rest;
    matcher_.append_shortest(&rest);
    write(rest);
    result_.status = status;
    result_.log_probability = -std::numeric_limits<double>::infinity();
    done_ = true;
  }

  void write_forced();
  std::size_t safe_token_count(std::string_view forced, const std::vector<std::size_t>& ends) const;
  void write_next();
  void write_unspelled();
  std::optional<Choice> choose(std::span<const float> logits, const TokenMask& allowed,
                               std::optional<TokenId> end_token) const;

  const VocabularyTrie& vocabulary_;
  TokenModel& model_;
  const GenerateLimits& limits_;
  Matcher matcher_;
  GenerateResult result_;
  std::vector<TokenId> pending_;  // written, and not yet handed to the model
  bool done_ = false;
};

// How many tokens of a forced run can be handed over; ends[i] is where token i ends in it.
std::size_t Generation::safe_token_count(std::string_view forced,
                                         const std::vector<std::size_t>& ends) const {
  std::size_t safe = ends.size();
  if (ends.empty() || ends.back() != forced.size()) return safe;
  for (std::size_t back = 1; back <= kGivenBackTokensMax && back <= ends.size(); ++back) {
    const std::size_t kept = ends.size() - back;
    const std::size_t begin = kept == 0 ? 0 : ends[kept - 1];
    if (forced.size() - begin > kGivenBackBytesMax) break;
    if (matcher_.may_merge(forced, begin)) safe = kept;
  }
  return safe;
}

void Generation::write_forced() {
  std::string forced;
  matcher_.append_forced(&forced);
  if (forced.empty()) return;
  const std::vector<TokenId> tokens = model_.tokenize(forced);
  // A tokenizer may write other bytes than it read (a leading space, a replacement): what does not
  // spell the forced bytes is not handed over, and its bytes are left to the masks.
  std::vector<std::size_t> ends;
  std::size_t written = 0;
  for (const TokenId id : tokens) {
    if (id >= vocabulary_.vocabulary_count()) break;
    const std::string_view bytes = vocabulary_.bytes(id);
    if (bytes.empty() || forced.compare(written, bytes.size(), bytes) != 0) break;
    written += bytes.size();
    ends.push_back(written);
  }
  const std::size_t count = safe_token_count(forced, ends);
  for (std::size_t i = 0; i < count; ++i) write_token(tokens[i]);
}

// No token of the vocabulary fits: one byte is written directly.
void Generation::write_unspelled() {
  std::string rest;
  matcher_.append_shortest(&rest);
  rest.resize(1);
  write(rest);
  for (const TokenId id : model_.tokenize(rest)) {
    if (id < vocabulary_.vocabulary_count()) hand_over(id);
  }
}

void Generation::write_next() {
  const bool can_end = matcher_.can_end();
  const TokenMask& allowed = matcher_.mask();
  const std::uint32_t allowed_count = allowed.count();
  if (can_end && (allowed_count == 0 || !limits_.end_token)) {
    done_ = true;
    return;
  }
  if (allowed_count == 0) {
    write_unspelled();
    return;
  }
  if (allowed_count == 1 && !can_end) {
    TokenId only = 0;
    allowed.for_each([&](TokenId id) { only = id; });
    write_token(only);
    return;
  }
  if (result_.steps == limits_.steps_max) {
    finish_shortest(GenerateStatus::CutShort);
    return;
  }
  const std::span<const float> logits = model_.next_logits(pending_);
  pending_.clear();
  ++result_.steps;
  const std::optional<TokenId> end_token = can_end ? limits_.end_token : std::nullopt;
  const std::optional<Choice> choice = choose(logits, allowed, end_token);
  if (!choice) {
    finish_shortest(GenerateStatus::NoLogits);
    return;
  }
  result_.log_probability += choice->log_probability;
  if (end_token == choice->id) {
    done_ = true;
  } else {
    write_token(choice->id);
  }
}

// The largest logit among the allowed tokens, the lowest id among equals. NaN counts as minus
// infinity; nothing if all do.
std::optional<Choice> Generation::choose(std::span<const float> logits, const TokenMask& allowed,
                                         std::optional<TokenId> end_token) const {
  constexpr float kLowest = -std::numeric_limits<float>::infinity();
  const auto logit = [&](TokenId id) {
    const float value = id < logits.size() ? logits[id] : kLowest;
    return std::isnan(value) ? kLowest : value;
  };
  const auto for_each_option = [&](auto visit) {
    allowed.for_each([&](TokenId id) {
      if (end_token != id) visit(id);
    });
    if (end_token) visit(*end_token);
  };
  TokenId best = 0;
  float highest = kLowest;
  for_each_option([&](TokenId id) {
    const float value = logit(id);
    if (value > highest || (value == highest && value != kLowest && id < best)) {
      best = id;
      highest = value;
    }
  });
  if (highest == kLowest) return std::nullopt;
  double sum = 0;
  for_each_option([&](TokenId id) {
    const float value = logit(id);
    // Infinity minus infinity is no number; equals share.
    sum += value == highest ? 1.0 : math::exp(double{value} - double{highest});
  });
  return Choice{best, -math::log(sum)};
}

}  // namespace

std::string_view name(GenerateStatus status) {
  switch (status) {
    case GenerateStatus::Complete:
      return "complete";
    case GenerateStatus::CutShort:
      return "cut_short";
    case GenerateStatus::NoLogits:
      return "no_logits";
    case GenerateStatus::BudgetTooSmall:
      return "budget_too_small";
  }
  return "unknown";
}

GenerateResult generate(const CompiledSchema& schema, const VocabularyTrie& vocabulary,
                        TokenModel& model, const GenerateLimits& limits, TextMasks* masks) {
  return Generation(schema, vocabulary, model, limits, masks).run();
}

}  // namespace inference
