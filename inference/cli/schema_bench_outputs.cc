// Outputs under random logits: whatever a model would want, they must be documents of the schema.

#include <chrono>
#include <random>

#include "inference/cli/schema_bench.h"
#include "inference/constrain/automaton.h"
#include "inference/constrain/matcher.h"
#include "schemas/validator.h"

namespace picolm {

void count_output(const schemas::SchemaSpec& spec, const inference::VocabularyTrie& vocabulary,
                  std::uint64_t seed, inference::TextMasks* masks, OutputCounts* counts) {
  constexpr std::uint64_t kBytesMax = 4096;
  constexpr int kTokensMax = 64;  // then the shortest completion follows
  const inference::CompiledSchema schema(spec, inference::SchemaUse::Write);
  inference::Matcher matcher(schema, vocabulary, kBytesMax, masks);
  if (matcher.error() != inference::MatchError::None) return;  // no document is that short
  std::mt19937_64 random(seed);
  std::string text;
  for (int i = 0; i < kTokensMax && !matcher.finished(); ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const inference::TokenMask& mask = matcher.mask();
    const std::chrono::duration<double, std::micro> spent =
        std::chrono::steady_clock::now() - begin;
    counts->mask_us.push_back(spent.count());
    const std::uint32_t allowed = mask.count();
    if (allowed == 0) break;
    std::uint64_t chosen = random() % allowed;
    inference::TokenId id = 0;
    mask.for_each([&](inference::TokenId token) {
      if (chosen-- == 0) id = token;
    });
    text += vocabulary.bytes(id);
    if (!matcher.accept(id)) return;
  }
  std::string rest;
  if (!matcher.can_end()) matcher.append_shortest(&rest);
  text += rest;
  ++counts->written;
  const inference::CompiledSchema verdicts(spec, inference::SchemaUse::Accept);
  inference::State state = verdicts.initial();
  bool accepted = text.size() <= kBytesMax;
  for (const char c : text) {
    accepted = accepted && verdicts.advance(&state, static_cast<std::uint8_t>(c));
  }
  if (accepted && verdicts.is_accepting(state) && schemas::validate(spec, text).valid) {
    ++counts->valid;
  }
}

}  // namespace picolm
