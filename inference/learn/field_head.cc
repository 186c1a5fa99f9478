// The search goes one step at a time, in the order of what matters: what messages are compared by,
// then L2, then the words, then the weight of the model's scores. A choice must lower the held-out
// loss by one part in a hundred to be taken, another recipe by one in ten: with few examples less
// is chance, and the first recipe is the one that does well on most telemetry.

#include "inference/learn/field_head.h"

#include <algorithm>

#include "inference/check.h"
#include "inference/kernels/math.h"

namespace inference {
namespace {

constexpr double kBetterBy = 0.99;
constexpr double kRecipeBetterBy = 0.9;  // another recipe is a large step
constexpr double kL2First = 0.1;
constexpr double kL2Others[] = {0.03, 0.3, 0.01, 1.0};
constexpr double kModelScales[] = {1.0, 0.5};
constexpr double kGapHeldOut = 1e-3;
constexpr double kGapFinal = 1e-9;
// Means of the priors: what an untaught route uses.
constexpr double kModelMean = 1;
constexpr double kOverlapMean = 3;

std::vector<Recipe> recipes_of(const FeatureSpace& space) {
  using N = Recipe::Numbers;
  using T = Recipe::Text;
  if (!space.has_fields()) return {{N::None, T::Kept}, {N::None, T::Masked}};
  std::vector<Recipe> out;
  if (space.has_oblique()) out.push_back({N::Oblique, T::None});
  out.push_back({N::Pairs, T::None});
  out.push_back({N::Linear, T::None});
  if (space.has_text()) out.push_back({N::Pairs, T::Masked});
  return out;
}

class Search {
 public:
  explicit Search(const FieldTask& task) : task_(task) {}

  FieldHead run() {
    FieldHead best;
    best.l2 = kL2First;
    best.words = !task_.space->has_fields();
    bool first = true;
    for (const Recipe& recipe : recipes_of(*task_.space)) {
      FieldHead next = best;
      next.recipe = recipe;
      consider(std::move(next), best, first);
      first = false;
    }
    search_l2(best);
    if (task_.space->has_fields()) {
      FieldHead next = best;
      next.words = true;
      consider(std::move(next), best, false);
    }
    for (const double scale : kModelScales) {
      if (task_.model.empty()) break;
      FieldHead next = best;
      next.model_scale = scale;
      consider(std::move(next), best, false);
    }
    set_kernel(best.recipe);
    best.fit = fit(best, task_.example_weight, kGapFinal, {});
    return best;
  }

 private:
  // From the middle outwards on the side that is better.
  void search_l2(FieldHead& best) {
    for (const double l2 : kL2Others) {
      const bool beyond = (l2 == 0.01 && best.l2 > 0.03) || (l2 == 1.0 && best.l2 < 0.3);
      if (beyond) continue;
      FieldHead next = best;
      next.l2 = l2;
      consider(std::move(next), best, false);
    }
  }

  void set_kernel(const Recipe& recipe) {
    if (!kernel_.empty() && recipe == kernel_recipe_) return;
    kernel_ = task_.kernels->of(recipe);
    kernel_recipe_ = recipe;
  }

  LogitFit fit(const FieldHead& head, std::span<const double> weight, double gap,
               std::span<const double> start) {
    std::vector<double> shared;
    std::vector<double> mean;
    if (head.words) {
      shared.insert(shared.end(), task_.overlap.begin(), task_.overlap.end());
      mean.push_back(kOverlapMean);
    }
    if (head.model_scale > 0) {
      for (const double score : task_.model) shared.push_back(head.model_scale * score);
      mean.push_back(kModelMean);
    }
    LogitProblem problem;
    problem.example_count = task_.chosen.size();
    problem.option_count = task_.option_count;
    problem.kernel = kernel_;
    problem.shared = shared;
    problem.shared_mean = mean;
    problem.chosen = task_.chosen;
    problem.example_weight = weight;
    problem.l2 = head.l2;
    problem.gap = gap;
    return fit_logit(problem, start);
  }

  // Scores every fold by the fit of the others.
  void hold_out(FieldHead& head) {
    set_kernel(head.recipe);
    const std::size_t n = task_.chosen.size();
    head.held_out.assign(task_.option_count * n, 0);
    const LogitFit whole = fit(head, task_.example_weight, 1e-2, {});
    for (std::uint32_t fold = 0; fold < task_.fold_count; ++fold) {
      std::vector<double> weight(task_.example_weight.begin(), task_.example_weight.end());
      for (std::size_t i = 0; i < n; ++i) {
        if (task_.fold[i] == fold) weight[i] = 0;
      }
      const LogitFit others = fit(head, weight, kGapHeldOut, whole.dual);
      for (std::size_t i = 0; i < n; ++i) {
        if (task_.fold[i] != fold) continue;
        for (std::size_t c = 0; c < task_.option_count; ++c) {
          head.held_out[c * n + i] = others.scores[c * n + i];
        }
      }
    }
    head.held_out_loss = loss(head.held_out, 1);
  }

  // Mean of -log p of the choices, over the weights.
  double loss(std::span<const double> scores, double temperature) const {
    const std::size_t n = task_.chosen.size();
    double sum = 0;
    double weights = 0;
    for (std::size_t i = 0; i < n; ++i) {
      if (task_.example_weight[i] == 0) continue;
      double highest = scores[i];
      for (std::size_t c = 1; c < task_.option_count; ++c) {
        highest = std::max(highest, scores[c * n + i]);
      }
      double total = 0;
      for (std::size_t c = 0; c < task_.option_count; ++c) {
        total += math::exp((scores[c * n + i] - highest) / temperature);
      }
      const double chosen = (scores[task_.chosen[i] * n + i] - highest) / temperature;
      sum += task_.example_weight[i] * (math::log(total) - chosen);
      weights += task_.example_weight[i];
    }
    return weights > 0 ? sum / weights : 0;
  }

  // The temperature that fits the held-out scores best, around 1 as far as there are few.
  double temperature_of(const FieldHead& head) const {
    const auto n = static_cast<double>(task_.chosen.size());
    double best = 1;
    double least = n * loss(head.held_out, 1);
    for (int step = -12; step <= 12; ++step) {
      const double log_t = 0.1 * step;
      const double t = math::exp(log_t);
      const double cost = n * loss(head.held_out, t) + log_t * log_t / (2 * 0.25);
      if (cost < least) {
        least = cost;
        best = t;
      }
    }
    return best;
  }

  void consider(FieldHead next, FieldHead& best, bool first) {
    hold_out(next);
    const double better_by = next.recipe == best.recipe ? kBetterBy : kRecipeBetterBy;
    if (!first && next.held_out_loss > best.held_out_loss * better_by) return;
    next.temperature = temperature_of(next);
    best = std::move(next);
  }

  const FieldTask& task_;
  std::vector<double> kernel_;  // of kernel_recipe_
  Recipe kernel_recipe_;
};

}  // namespace

ExampleKernels::ExampleKernels(const FeatureSpace& space, std::span<const Features> examples)
    : example_count(examples.size()) {
  const auto fill = [&](std::vector<double>& out, const Recipe& recipe) {
    out.resize(example_count * example_count);
    for (std::size_t i = 0; i < example_count; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        const double k = similarity(recipe, examples[i], examples[j]);
        out[i * example_count + j] = k;
        out[j * example_count + i] = k;
      }
    }
  };
  if (space.has_fields()) {
    fill(linear, {Recipe::Numbers::Linear, Recipe::Text::None});
    fill(pairs, {Recipe::Numbers::Pairs, Recipe::Text::None});
    if (space.has_oblique()) fill(oblique, {Recipe::Numbers::Oblique, Recipe::Text::None});
  }
  if (space.has_text()) {
    fill(text, {Recipe::Numbers::None, Recipe::Text::Kept});
    fill(masked_text, {Recipe::Numbers::None, Recipe::Text::Masked});
  }
}

std::vector<double> ExampleKernels::of(const Recipe& recipe) const {
  std::vector<double> out(example_count * example_count);
  const auto add = [&](const std::vector<double>& part) {
    PICOLM_CHECK(part.size() == out.size());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += part[i];
  };
  if (recipe.numbers == Recipe::Numbers::Linear) add(linear);
  if (recipe.numbers == Recipe::Numbers::Pairs) add(pairs);
  if (recipe.numbers == Recipe::Numbers::Oblique) add(oblique);
  if (recipe.text == Recipe::Text::Kept) add(text);
  if (recipe.text == Recipe::Text::Masked) add(masked_text);
  return out;
}

std::vector<double> FieldHead::scores(std::span<const double> kernel_row,
                                      std::span<const double> overlap,
                                      std::span<const double> model) const {
  std::vector<double> out(overlap.size());
  add_scores(fit, l2, kernel_row, out);
  std::size_t weight = 0;
  if (words) {
    const double w = fit.shared_weight[weight++];
    for (std::size_t c = 0; c < out.size(); ++c) out[c] += w * overlap[c];
  }
  if (model_scale > 0) {
    PICOLM_CHECK(model.size() == out.size());
    const double w = fit.shared_weight[weight] * model_scale;
    for (std::size_t c = 0; c < out.size(); ++c) out[c] += w * model[c];
  }
  for (double& score : out) score /= temperature;
  return out;
}

FieldHead train_field(const FieldTask& task) { return Search(task).run(); }

}  // namespace inference
