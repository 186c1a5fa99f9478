#pragma once

// What a route keeps between messages. Internal to decide/.
// Thread safety: unsafe; owned by the worker thread.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "inference/decide/candidate_tree.h"
#include "inference/decide/closed_fields.h"
#include "inference/decide/taught_route.h"
#include "inference/engine.h"
#include "inference/kv/prefix_cache.h"
#include "inference/learn/calibration.h"
#include "inference/learn/recent.h"
#include "inference/learn/told_words.h"
#include "inference/text/chat.h"

namespace inference {

struct Route::Impl {
  schemas::SchemaSpec schema;
  ChatPrompt prompt;
  std::vector<ClosedField> fields;
  std::optional<CandidateTree> tree;
  std::vector<Calibration> calibrations;  // [field]
  std::vector<ToldWords> told;            // [field]
  RecentTexts calibrated;                 // messages that the means have seen
  std::unique_ptr<Prefix> prefix;         // prompt.before
  std::optional<TaughtRoute> lessons;     // always there once the route is open
  // The model's scores of examples, by hash of the message, so that a lesson more costs one.
  std::map<std::uint64_t, FieldScores> example_scores;
  bool closed = false;  // no field is generated
  bool copies = false;  // some are taken from the message
  bool head = true;     // rungs that may answer
  bool model = true;
};

// What the untaught decision takes for a field's overlap: that of the options' own words, and of
// the words by which the instructions explain them.
std::vector<double> untaught_overlap(const Route::Impl& route, std::size_t field,
                                     const MessageScores::Field& scores);

// Weights of the untaught decision: standardised model score and word overlap. They are the means
// of the priors that the learned head starts from.
inline constexpr double kModelWeight = 1.0;
inline constexpr double kOverlapWeight = 3.0;
inline constexpr double kToldWeight = 2.0;  // of explaining words, in overlaps

}  // namespace inference
