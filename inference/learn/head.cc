// Training: features of all examples, their similarities, then each field by cross-validation
// (field_head.h). The held-out scores of all fields together say how often a joint answer of some
// probability was right. Equal messages share a fold, so that none is judged by its own copy, and
// decisions are spread evenly over the folds.

#include "inference/learn/head.h"

#include <algorithm>
#include <map>

#include "inference/check.h"
#include "inference/kernels/math.h"
#include "inference/learn/recent.h"

namespace inference {
namespace {

constexpr std::uint32_t kFoldsMin = 5;
constexpr std::uint32_t kFoldsMax = 20;
constexpr std::size_t kFoldWork = 640;  // examples times folds
constexpr double kUnlikeShare = 0.7;    // of what nearly all examples resemble one another
constexpr double kJudgedMin = 8;        // held-out examples that are enough to trust a share

std::vector<std::string_view> messages_of(std::span<const HeadExample> examples) {
  std::vector<std::string_view> out;
  for (const HeadExample& example : examples) out.push_back(example.message);
  return out;
}

// Softmax in place; the place of the largest.
std::uint32_t to_probabilities(std::vector<double>& scores) {
  const auto best = std::max_element(scores.begin(), scores.end());
  const double highest = *best;
  double sum = 0;
  for (double& s : scores) {
    s = math::exp(s - highest);
    sum += s;
  }
  for (double& s : scores) s /= sum;
  return static_cast<std::uint32_t>(best - scores.begin());
}

std::vector<std::uint32_t> assign_folds(std::span<const HeadExample> examples,
                                        std::uint32_t* fold_count) {
  std::map<std::vector<std::uint32_t>, std::vector<std::size_t>> by_decision;
  std::map<std::string_view, std::size_t> first;  // example of each distinct message
  for (std::size_t i = 0; i < examples.size(); ++i) {
    if (first.emplace(examples[i].message, i).second) by_decision[examples[i].chosen].push_back(i);
  }
  const auto wanted = static_cast<std::uint32_t>(
      std::clamp<std::size_t>(kFoldWork / examples.size(), kFoldsMin, kFoldsMax));
  *fold_count = std::min(wanted, static_cast<std::uint32_t>(first.size()));
  std::vector<std::uint32_t> out(examples.size());
  std::uint32_t next = 0;
  for (const auto& [decision, members] : by_decision) {
    for (const std::size_t i : members) out[i] = next++ % *fold_count;
  }
  for (std::size_t i = 0; i < examples.size(); ++i) out[i] = out[first[examples[i].message]];
  return out;
}

}  // namespace

Head::Head(std::span<const OptionWords> option_words, std::span<const HeadExample> examples)
    : option_words_(option_words.begin(), option_words.end()), space_(messages_of(examples)) {
  PICOLM_CHECK(!examples.empty() && examples.size() <= kExamplesMax);
  fold_ = assign_folds(examples, &fold_count_);
  for (const HeadExample& example : examples) {
    PICOLM_CHECK(example.chosen.size() == option_words_.size());
    examples_.push_back(space_.features(example.message));
    turning_.push_back(space_.has_fields() ? 0 : turning_words(example.message));
    chosen_.push_back(example.chosen);
  }
  train(examples, examples_);
  judge_held_out(examples, examples_);
  index_texts();
  for (FieldHead& field : fields_) {  // only training needed these
    field.held_out = {};
    field.fit.scores = {};
  }
}

void Head::index_texts() {
  std::vector<const GramVector*> kept;
  std::vector<const GramVector*> masked;
  const bool uses_kept = std::any_of(fields_.begin(), fields_.end(), [](const FieldHead& field) {
    return field.recipe.text == Recipe::Text::Kept;
  });
  for (const Features& features : examples_) {
    if (uses_kept) kept.push_back(&features.text);
    masked.push_back(&features.masked_text);
  }
  text_ = GramIndex(kept);
  masked_text_ = GramIndex(masked);
  for (Features& features : examples_) {
    features.text = {};
    features.masked_text = {};
  }
}

void Head::train(std::span<const HeadExample> examples, const std::vector<Features>& features) {
  const std::size_t n = examples.size();
  const ExampleKernels kernels(space_, features);
  const bool with_model = std::all_of(examples.begin(), examples.end(),
                                      [](const HeadExample& e) { return e.model != nullptr; });
  std::vector<NgramSet> words;
  for (const HeadExample& example : examples) words.emplace_back(example.message);
  for (std::size_t f = 0; f < option_words_.size(); ++f) {
    const std::size_t option_count = option_words_[f].size();
    std::vector<double> overlap(option_count * n);
    std::vector<double> model(with_model ? option_count * n : 0);
    std::vector<std::uint32_t> chosen(n);
    std::vector<double> weight(n);
    if (with_model) {
      Calibration& calibration = calibrations_.emplace_back(option_count);
      for (const HeadExample& example : examples) calibration.observe((*example.model)[f]);
    }
    for (std::size_t i = 0; i < n; ++i) {
      const bool known = examples[i].chosen[f] != kUnknownOption;
      PICOLM_CHECK(!known || examples[i].chosen[f] < option_count);
      chosen[i] = known ? examples[i].chosen[f] : 0;
      weight[i] = known ? examples[i].weight : 0;
      std::vector<double> standard;
      if (with_model) standard = calibrations_[f].standardise((*examples[i].model)[f]);
      for (std::size_t c = 0; c < option_count; ++c) {
        overlap[c * n + i] = option_words_[f][c].share_in(words[i]);
        if (with_model) model[c * n + i] = standard[c];
      }
    }
    fields_.push_back(train_field(
        {&space_, &kernels, option_count, overlap, model, chosen, weight, fold_, fold_count_}));
  }
}

void Head::judge_held_out(std::span<const HeadExample> examples,
                          const std::vector<Features>& features) {
  const std::size_t n = examples.size();
  std::vector<Outcome> outcomes;
  for (std::size_t i = 0; i < n; ++i) {
    Outcome outcome{1, examples[i].weight, true};
    for (std::size_t f = 0; f < fields_.size(); ++f) {
      std::vector<double> scores(option_words_[f].size());
      for (std::size_t c = 0; c < scores.size(); ++c) {
        scores[c] = fields_[f].held_out[c * n + i] / fields_[f].temperature;
      }
      const std::uint32_t best = to_probabilities(scores);
      outcome.probability *= scores[best];
      const std::uint32_t wanted = examples[i].chosen[f];
      outcome.right = outcome.right && (wanted == kUnknownOption || wanted == best);
    }
    outcomes.push_back(outcome);
  }
  curve_ = fit_confidence(outcomes);
  std::vector<double> likeness;
  for (std::size_t i = 0; i < n; ++i) {
    double most = 0;
    for (std::size_t j = 0; j < n; ++j) {
      if (fold_[i] != fold_[j]) {
        most = std::max(most, dot(features[i].masked_text, features[j].masked_text) / 2);
      }
    }
    likeness.push_back(most);
  }
  std::vector<double> sorted = likeness;
  std::sort(sorted.begin(), sorted.end());
  resemblance_low_ = kUnlikeShare * sorted[n / 20];
  for (std::size_t i = 0; i < n; ++i) {
    judged_.push_back({confidence_of(outcomes[i].probability, likeness[i]), outcomes[i].weight,
                       outcomes[i].right});
  }
  std::sort(judged_.begin(), judged_.end(),
            [](const Judged& a, const Judged& b) { return a.confidence > b.confidence; });
}

double Head::confidence_of(double raw, double) const { return curve_.at(raw); }

std::vector<double> Head::kernel_row(const Recipe& recipe, const Features& features) const {
  std::vector<double> out(examples_.size());
  if (recipe.numbers != Recipe::Numbers::None) {
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = number_similarity(recipe.numbers, features, examples_[i]);
    }
  }
  if (recipe.text == Recipe::Text::Kept) text_.add_products(features.text, out);
  if (recipe.text == Recipe::Text::Masked) masked_text_.add_products(features.masked_text, out);
  return out;
}

double Head::resemblance(const Features& features) const {
  std::vector<double> products(examples_.size());
  masked_text_.add_products(features.masked_text, products);
  return *std::max_element(products.begin(), products.end()) / 2;
}

HeadAnswer Head::answer(std::string_view message, const FieldScores* model) const {
  HeadAnswer out;
  out.raw_confidence = 1;
  const Features features = space_.features(message);
  const NgramSet words(message);
  std::vector<std::pair<Recipe, std::vector<double>>> rows;  // fields mostly share a recipe
  for (std::size_t f = 0; f < fields_.size(); ++f) {
    const FieldHead& field = fields_[f];
    auto row = std::find_if(rows.begin(), rows.end(),
                            [&](const auto& r) { return r.first == field.recipe; });
    if (row == rows.end()) {
      rows.emplace_back(field.recipe, kernel_row(field.recipe, features));
      row = rows.end() - 1;
    }
    std::vector<double> overlap;
    for (const Wording& option : option_words_[f]) overlap.push_back(option.share_in(words));
    std::vector<double> standard;
    if (field.model_scale > 0) {
      PICOLM_CHECK(model != nullptr);
      standard = calibrations_[f].standardise((*model)[f]);
    }
    std::vector<double>& p =
        out.probabilities.emplace_back(field.scores(row->second, overlap, standard));
    out.best.push_back(to_probabilities(p));
    out.raw_confidence *= p[out.best.back()];
  }
  out.doubt = doubt_of(message, features, out.best);
  const double likeness = space_.has_fields() ? 1 : resemblance(features);
  out.confidence = confidence_of(out.raw_confidence, likeness);
  if (!space_.has_fields() && likeness < resemblance_low_ && out.doubt.doubt == Doubt::None) {
    out.doubt.doubt = Doubt::Unlike;
  }
  return out;
}

DoubtAnswer Head::doubt_of(std::string_view message, const Features& features,
                           std::span<const std::uint32_t> best) const {
  if (space_.has_fields()) return sensor_doubt(space_, features.readings);
  // Excused is a word that for each field's value some example has beside that value.
  const std::uint32_t words = turning_words(message);
  std::uint32_t unseen = 0;
  for (std::size_t f = 0; f < best.size() && words != 0; ++f) {
    std::uint32_t excused = 0;
    for (std::size_t i = 0; i < turning_.size(); ++i) {
      if (chosen_[i][f] == best[f]) excused |= turning_[i];
    }
    unseen |= words & ~excused;
  }
  return {unseen != 0 ? Doubt::Unlike : Doubt::None, {}};
}

bool Head::uses_model() const {
  return std::any_of(fields_.begin(), fields_.end(),
                     [](const FieldHead& field) { return field.model_scale > 0; });
}

std::size_t Head::memory_bytes() const {
  std::size_t bytes = sizeof *this + text_.memory_bytes() + masked_text_.memory_bytes();
  for (const FieldHead& field : fields_) {
    bytes += sizeof field + (field.fit.dual.size() + field.fit.bias.size()) * sizeof(double);
  }
  for (const Features& features : examples_) {
    bytes += sizeof features + features.readings.size() * sizeof(double) +
             features.levels.size() * sizeof(Level) +
             features.categories.size() * sizeof(std::uint32_t);
  }
  const std::size_t example_bytes = sizeof(Judged) + (2 + fields_.size()) * sizeof(std::uint32_t);
  return bytes + examples_.size() * (example_bytes + sizeof(std::vector<std::uint32_t>));
}

Head::HeldOut Head::held_out(double confidence) const {
  HeldOut out;
  double all = 0;
  for (const Judged& judged : judged_) {
    all += judged.weight;
    if (judged.confidence < confidence) continue;
    out.count += judged.weight;
    out.accuracy += judged.right ? judged.weight : 0;
  }
  if (out.count > 0) out.accuracy /= out.count;
  if (all > 0) out.share = out.count / all;
  return out;
}

std::optional<double> Head::confidence_for(double accuracy) const {
  std::optional<double> out;
  double right = 0;
  double count = 0;
  for (const Judged& judged : judged_) {
    count += judged.weight;
    right += judged.right ? judged.weight : 0;
    if (count >= kJudgedMin && right >= accuracy * count) out = judged.confidence;
  }
  return out;
}

}  // namespace inference
