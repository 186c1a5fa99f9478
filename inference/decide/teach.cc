// Teaching a route. The model's scores of an example cost a pass, the training after it
// milliseconds; so scores are remembered by message, and one lesson more costs one pass.

#include "inference/decide/engine_impl.h"

namespace inference {
namespace {

constexpr std::size_t kScoredTogether = 8;
constexpr std::size_t kScoresRememberedMax = 2 * Head::kExamplesMax;

FieldScores field_scores(const MessageScores& scores) {
  FieldScores out;
  for (const MessageScores::Field& field : scores.fields) out.push_back(field.model);
  return out;
}

}  // namespace

TeachReport Engine::teach(Route& route, std::span<const Example> examples) {
  Route::Impl& r = *route.impl_;
  auto& known = r.example_scores;
  if (known.size() > kScoresRememberedMax) known.clear();
  const auto remember = [&](const MessageScores& scores) {
    const bool usable = scores.status == DecideStatus::Decided && !scores.degenerate;
    if (usable) known.insert_or_assign(scores.message_hash, field_scores(scores));
  };
  std::vector<Request> unknown;
  for (const Example& example : examples) {
    if (example.scores != nullptr) remember(*example.scores);
  }
  for (const Example& example : examples) {
    if (r.model && r.head && !known.contains(text_hash(example.message))) {
      unknown.push_back({&route, example.message});
    }
  }
  for (std::size_t i = 0; i < unknown.size(); i += kScoredTogether) {
    const std::size_t count = std::min(kScoredTogether, unknown.size() - i);
    for (const MessageScores& scores : score(std::span(unknown).subspan(i, count))) {
      remember(scores);
    }
  }
  std::vector<Lesson> lessons;
  for (const Example& example : examples) {
    const auto found = known.find(text_hash(example.message));
    lessons.push_back({example.message, example.expected, example.weight,
                       found == known.end() || !r.model ? nullptr : &found->second});
  }
  return r.lessons->teach(lessons);
}

void Engine::forget(Route& route) { route.impl_->lessons->forget(); }

}  // namespace inference
