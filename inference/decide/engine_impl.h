#pragma once

// What an engine holds. Internal to decide/.
// Thread safety: unsafe; owned by the worker thread.

#include <algorithm>
#include <string_view>
#include <vector>

#include "inference/constrain/generate.h"
#include "inference/constrain/text_masks.h"
#include "inference/constrain/vocabulary_trie.h"
#include "inference/decide/route.h"
#include "inference/decide/sequence_model.h"
#include "inference/decide/sweep.h"
#include "inference/engine.h"
#include "inference/kv/prefix_cache.h"
#include "inference/model/loaded_model.h"
#include "inference/text/tokenizer.h"

namespace inference {

// One request's part of a pass.
struct ScoreJob {
  std::size_t request = 0;  // its place
  SweepJob job;
};

struct Engine::Impl {
  explicit Impl(const EngineOptions& options);

  const Config& config() const { return loaded.model.config(); }
  const Tokenizer& tokenizer() const { return *loaded.tokenizer; }

  std::vector<TokenId> encode_continuation(std::string_view text) const {
    return tokenizer().encode_text(text, Tokenizer::Position::Continuation);
  }

  GenerateLimits limits() const {
    GenerateLimits limits;
    limits.end_token = tokenizer().eos();
    return limits;
  }

  // Throws LoadError if the last generation could not read the weights.
  void check_read() const {
    if (sequence_model.failed()) loaded.file.refuse("weights", "a read error", "readable weights");
  }

  // Throws LoadError if the prompt does not work even around an empty message.
  void check_prompt(const ChatPrompt& prompt) const;

  // What the route's next pass must evaluate for `message`, but for its prefix; or why it cannot.
  DecideStatus prepare(const Route::Impl& route, std::string_view message, SweepJob* job,
                       DecisionStats* stats) const;

  // Passes for as many jobs at a time as their routes' prefixes fit into memory.
  void run_in_turns(std::span<const Request> requests, std::span<ScoreJob> jobs);

  // Evaluated, or loaded from disk. Throws LoadError.
  std::unique_ptr<Prefix> open_prefix(std::span<const TokenId> tokens);

  LoadedModel loaded;
  ChatFormat chat_format;
  VocabularyTrie vocabulary;
  TextMasks text_masks;  // of open strings; shared by all routes
  KvSequence work;       // open fields are generated in it, and large candidate trees scored
  SequenceModel sequence_model;
  Sweep sweep;
  bool exact_scoring;
  PrefixCache prefixes;
};

}  // namespace inference
