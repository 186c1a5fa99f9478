#include "inference/decide/taught_route.h"

#include <algorithm>
#include <chrono>

#include "inference/check.h"
#include "inference/decide/json_text.h"
#include "inference/decide/lesson.h"

namespace inference {
namespace {

// Held-out accuracy from which on the head alone may answer where the model would add something.
constexpr double kSureAccuracy = 0.97;

}  // namespace

TaughtRoute::TaughtRoute(std::vector<ClosedField> fields) : fields_(std::move(fields)) {
  for (const ClosedField& field : fields_) {
    OptionWords& words = option_words_.emplace_back();
    for (std::size_t o = 0; o < field.options.size(); ++o) {
      words.emplace_back(json_words(field.options[o]),
                         o < field.words.size() ? field.words[o] : "");
    }
  }
}

void TaughtRoute::forget() {
  quick_.reset();
  joined_.reset();
  sure_from_ = 2;
}

TeachReport TaughtRoute::teach(std::span<const Lesson> lessons) {
  const auto start = std::chrono::steady_clock::now();
  forget();
  TeachReport report;
  std::vector<HeadExample> examples;
  bool scored = true;
  for (std::size_t i = 0; i < lessons.size() && !fields_.empty(); ++i) {
    LessonOptions options = read_lesson(lessons[i].expected, fields_);
    if (options.error.empty() && !(lessons[i].weight > 0)) {
      options.error = "weight: found none above 0, wanted one";
    }
    if (!options.error.empty()) {
      report.refused.push_back({i, std::move(options.error)});
      continue;
    }
    examples.push_back(
        {lessons[i].message, std::move(options.chosen), std::min(lessons[i].weight, 1.0), nullptr});
    examples.back().model = lessons[i].model;
    scored = scored && lessons[i].model != nullptr;
  }
  if (examples.size() > Head::kExamplesMax) {
    examples.erase(examples.begin(), examples.end() - Head::kExamplesMax);
  }
  report.used = examples.size();
  if (!examples.empty()) {
    if (scored) joined_ = std::make_unique<Head>(option_words_, examples);
    for (HeadExample& example : examples) example.model = nullptr;
    if (joined_ && !joined_->uses_model()) {
      quick_ = std::move(joined_);
    } else {
      quick_ = std::make_unique<Head>(option_words_, examples);
    }
    sure_from_ = joined_ ? quick_->confidence_for(kSureAccuracy).value_or(2) : 0;
    const Head& best = joined_ ? *joined_ : *quick_;
    report.held_out_accuracy = best.held_out(0).accuracy;
    for (const Head::Judged& judged : best.judged()) {
      report.held_out.push_back({judged.confidence, judged.weight, judged.right});
    }
    report.uses_model = uses_model();
    report.sure_from = sure_from_;
    report.memory_bytes = quick_->memory_bytes() + (joined_ ? joined_->memory_bytes() : 0);
  }
  report.ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return report;
}

std::optional<HeadAnswer> TaughtRoute::sure(std::string_view message) const {
  HeadAnswer answer = quick(message);
  if (answer.doubt.doubt == Doubt::None && answer.confidence < sure_from_) return std::nullopt;
  return answer;
}

HeadAnswer TaughtRoute::quick(std::string_view message) const {
  PICOLM_CHECK(taught());
  return quick_->answer(message, nullptr);
}

HeadAnswer TaughtRoute::joined(std::string_view message, const FieldScores* model) const {
  if (!joined_ || model == nullptr) return quick(message);
  return joined_->answer(message, model);
}

}  // namespace inference
