// Goal: the fit is the minimum of the loss as its definition says, computed here anew from weights.

#include "inference/learn/conditional_logit.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/random.h"

namespace inference {
namespace {

// A problem with its own memory.
struct Problem {
  std::size_t n = 0;
  std::size_t options = 0;
  std::vector<double> kernel;
  std::vector<double> shared;
  std::vector<double> shared_mean{1, 3};
  std::vector<std::uint32_t> chosen;
  std::vector<double> weight;
  double l2 = 0.05;

  LogitProblem view() const {
    LogitProblem out;
    out.example_count = n;
    out.option_count = options;
    out.kernel = kernel;
    out.shared = shared;
    out.shared_mean = shared_mean;
    out.chosen = chosen;
    out.example_weight = weight;
    out.l2 = l2;
    out.gap = 1e-10;
    return out;
  }
};

Problem random_problem(std::size_t n, std::size_t options, std::uint64_t seed) {
  test_support::Random random(seed);
  constexpr std::size_t kFeatures = 7;
  std::vector<double> x(n * kFeatures);
  for (double& v : x) v = static_cast<double>(random.normal()) * 0.5;
  Problem out;
  out.n = n;
  out.options = options;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      double sum = 0;
      for (std::size_t k = 0; k < kFeatures; ++k)
        sum += x[i * kFeatures + k] * x[j * kFeatures + k];
      out.kernel.push_back(sum);
    }
    out.chosen.push_back(static_cast<std::uint32_t>(random.below(options)));
    out.weight.push_back(0.25 + random.uniform());
  }
  for (std::size_t i = 0; i < 2 * options * n; ++i) {
    out.shared.push_back(static_cast<double>(random.normal()));
  }
  return out;
}

// The loss as the header defines it.
double loss_of(const Problem& q, const std::vector<double>& dual, const std::vector<double>& w,
               const std::vector<double>& b) {
  const std::size_t n = q.n;
  double loss = 0;
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<double> score(q.options);
    for (std::size_t c = 0; c < q.options; ++c) {
      score[c] = b[c];
      for (std::size_t s = 0; s < w.size(); ++s) {
        score[c] += w[s] * q.shared[(s * q.options + c) * n + i];
      }
      double pull = 0;
      for (std::size_t j = 0; j < n; ++j) pull += dual[c * n + j] / q.l2 * q.kernel[i * n + j];
      score[c] += pull;
      loss += 0.5 * q.l2 * dual[c * n + i] / q.l2 * pull;
    }
    double sum = 0;
    for (const double s : score) sum += std::exp(s);
    loss += q.weight[i] * (std::log(sum) - score[q.chosen[i]]);
  }
  for (std::size_t s = 0; s < w.size(); ++s) {
    loss += 0.5 * 0.5 * (w[s] - q.shared_mean[s]) * (w[s] - q.shared_mean[s]);
  }
  for (const double v : b) loss += 0.5 * 0.3 * v * v;
  return loss;
}

TEST(ConditionalLogit, FindsTheMinimumOfItsLoss) {
  test_support::Random random(3);
  for (const std::size_t options : {2u, 3u, 6u}) {
    const Problem q = random_problem(20, options, options);
    const LogitFit fit = fit_logit(q.view());
    const double least = loss_of(q, fit.dual, fit.shared_weight, fit.bias);
    EXPECT_NEAR(least, fit.loss, 1e-9);
    for (int trial = 0; trial < 200; ++trial) {
      auto dual = fit.dual;
      auto w = fit.shared_weight;
      auto b = fit.bias;
      const double step = trial % 2 == 0 ? 1e-2 : 1e-4;
      for (double& v : dual) v += step * static_cast<double>(random.normal());
      for (double& v : w) v += step * static_cast<double>(random.normal());
      for (double& v : b) v += step * static_cast<double>(random.normal());
      EXPECT_GE(loss_of(q, dual, w, b), least - 1e-9);
    }
  }
}

TEST(ConditionalLogit, AnExampleOfWeightZeroTeachesNothing) {
  Problem with = random_problem(12, 3, 5);
  for (std::size_t i = 8; i < 12; ++i) with.weight[i] = 0;
  Problem without = with;
  without.n = 8;
  without.kernel.clear();
  without.shared.clear();
  for (std::size_t i = 0; i < 8; ++i) {
    for (std::size_t j = 0; j < 8; ++j) without.kernel.push_back(with.kernel[i * 12 + j]);
  }
  for (std::size_t r = 0; r < 2 * 3; ++r) {
    for (std::size_t i = 0; i < 8; ++i) without.shared.push_back(with.shared[r * 12 + i]);
  }
  without.chosen.resize(8);
  without.weight.resize(8);
  const LogitFit a = fit_logit(with.view());
  const LogitFit b = fit_logit(without.view());
  EXPECT_NEAR(a.loss, b.loss, 1e-8);
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(a.bias[c], b.bias[c], 1e-4);
    for (std::size_t i = 8; i < 12; ++i) EXPECT_EQ(a.dual[c * 12 + i], 0);
  }
}

TEST(ConditionalLogit, AStartElsewhereEndsAtTheSamePlace) {
  const Problem q = random_problem(16, 4, 9);
  const LogitFit fresh = fit_logit(q.view());
  std::vector<double> start(16 * 4, 0.7);
  const LogitFit warm = fit_logit(q.view(), start);
  EXPECT_NEAR(fresh.loss, warm.loss, 1e-9);
  for (std::size_t i = 0; i < fresh.scores.size(); ++i) {
    EXPECT_NEAR(fresh.scores[i], warm.scores[i], 1e-4);
  }
}

TEST(ConditionalLogit, TheSameProblemGivesTheSameBits) {
  const Problem q = random_problem(24, 5, 11);
  EXPECT_EQ(fit_logit(q.view()).dual, fit_logit(q.view()).dual);
}

TEST(ConditionalLogit, ScoresOfAnExampleAreThoseOfItsKernelRow) {
  Problem q = random_problem(10, 3, 13);
  q.shared.clear();
  q.shared_mean.clear();
  const LogitFit fit = fit_logit(q.view());
  for (std::size_t i = 0; i < q.n; ++i) {
    std::vector<double> scores(3);
    add_scores(fit, q.l2, std::span(q.kernel).subspan(i * q.n, q.n), scores);
    for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(scores[c], fit.scores[c * q.n + i], 1e-9);
  }
}

TEST(ConditionalLogit, OneOptionAndNoExamplesAreNoTrouble) {
  Problem q = random_problem(4, 1, 17);
  for (const double p : fit_logit(q.view()).dual) EXPECT_EQ(p, 0);
  Problem none;
  none.options = 3;
  const LogitFit fit = fit_logit(none.view());
  EXPECT_EQ(fit.bias, std::vector<double>(3, 0.0));
  EXPECT_EQ(fit.shared_weight, none.shared_mean);
}

}  // namespace
}  // namespace inference
