// Goal: a window says what a plain recomputation over all its samples says, at any rate within its
// bounds, and it loses no extreme.

#include "agent/window.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/support/random.h"

namespace agent {
namespace {

using Samples = std::vector<std::pair<double, double>>;  // time, value

WindowSeries::Summary plain(const Samples& samples, double from) {
  WindowSeries::Summary out;
  double sum_t = 0;
  double sum_x = 0;
  out.low = std::numeric_limits<double>::infinity();
  out.high = -out.low;
  for (const auto& [t, x] : samples) {
    if (t < from) continue;
    ++out.count;
    out.last = x;
    out.low = std::min(out.low, x);
    out.high = std::max(out.high, x);
    sum_t += t;
    sum_x += x;
  }
  const auto n = static_cast<double>(out.count);
  out.mean = sum_x / n;
  double squares = 0;
  double products = 0;
  for (const auto& [t, x] : samples) {
    if (t < from) continue;
    squares += (t - sum_t / n) * (t - sum_t / n);
    products += (t - sum_t / n) * (x - out.mean);
  }
  out.slope = squares > 0 ? products / squares : 0;
  return out;
}

TEST(WindowSeries, IsAPlainRecomputationWhileSamplesAreFew) {
  test_support::Random random(5);
  for (int round = 0; round < 50; ++round) {
    const double seconds = 1 + 100 * random.uniform();
    const double step = seconds / 60;
    WindowSeries series;
    Samples samples;
    double t = 1e6 * random.uniform();
    for (int i = 0; i < 300; ++i) {
      t += step * (0.5 + random.uniform());
      const double x = 1000 * random.uniform() - 300;
      series.add(seconds, t, x);
      samples.emplace_back(t, x);
      const auto wanted = plain(samples, t - seconds);
      const auto found = series.summary(seconds, t);
      ASSERT_EQ(found.count, wanted.count);
      ASSERT_EQ(found.last, wanted.last);
      ASSERT_EQ(found.low, wanted.low);
      ASSERT_EQ(found.high, wanted.high);
      ASSERT_NEAR(found.mean, wanted.mean, 1e-9);
      ASSERT_NEAR(found.slope, wanted.slope, 1e-6 * (1 + std::abs(wanted.slope)));
    }
  }
}

TEST(WindowSeries, OfAFastStreamIsThatOfAWindowLittleLonger) {
  test_support::Random random(6);
  constexpr double kSeconds = 10;
  WindowSeries series;
  Samples samples;
  double t = 50;
  for (int i = 0; i < 20'000; ++i) {
    t += 0.004 * random.uniform();  // 500 samples a second
    const double x = std::sin(t) + random.uniform();
    series.add(kSeconds, t, x);
    samples.emplace_back(t, x);
    ASSERT_LE(series.chunks().size(), WindowSeries::kChunksMax);
    if (i % 500 != 499) continue;
    const auto found = series.summary(kSeconds, t);
    const auto least = plain(samples, t - kSeconds);
    const auto most = plain(samples, t - kSeconds * (1 + WindowSeries::kChunkShare));
    EXPECT_GE(found.count, least.count);
    EXPECT_LE(found.count, most.count);
    EXPECT_LE(found.low, least.low);
    EXPECT_GE(found.low, most.low);
    EXPECT_GE(found.high, least.high);
    EXPECT_LE(found.high, most.high);
    // What is counted is a stretch of samples up to now: recomputed over the same one.
    Samples same(samples.end() - static_cast<std::ptrdiff_t>(found.count), samples.end());
    const auto wanted = plain(same, 0);
    EXPECT_NEAR(found.mean, wanted.mean, 1e-9);
    EXPECT_NEAR(found.slope, wanted.slope, 1e-7);
  }
}

TEST(WindowSeries, SeesASpikeOfOneSampleAmongJoinedOnes) {
  WindowSeries series;
  for (int i = 0; i < 50'000; ++i) series.add(60, i * 0.001, i == 20'000 ? 99 : 20);
  EXPECT_EQ(series.summary(60, 50).high, 99);
  for (int i = 0; i < 40'000; ++i) series.add(60, 50 + i * 0.001, 20);
  EXPECT_EQ(series.summary(60, 90).high, 20) << "and forgets it after the window";
}

TEST(WindowSeries, ForgetsWithTimeAlone) {
  WindowSeries series;
  series.add(10, 0, 5);
  EXPECT_EQ(series.summary(10, 10).count, 1u);
  EXPECT_EQ(series.summary(10, 10.001).count, 0u);
}

TEST(WindowSeries, TakesEqualTimesAndTimesThatRunBackwards) {
  WindowSeries series;
  for (const double t : {5.0, 5.0, 3.0, 5.0}) series.add(10, t, t);
  const auto summary = series.summary(10, 5);
  EXPECT_EQ(summary.count, 4u);
  EXPECT_EQ(summary.slope, 0);
  EXPECT_EQ(summary.span, 0);
}

TEST(WindowSeries, CountsEqualReadings) {
  WindowSeries series;
  for (const double x : {1.0, 2.0, 2.0, 2.0}) series.add(10, 0, x);
  EXPECT_EQ(series.equal_count(), 3u);
  series.add(10, 1, 1);
  EXPECT_EQ(series.equal_count(), 1u);
}

TEST(WindowSeries, RestoresOnlyWhatIsSound) {
  WindowSeries series;
  for (int i = 0; i < 500; ++i) series.add(60, i, i % 7);
  const auto again = WindowSeries::restore(series.chunks(), series.last(), series.equal_count());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->summary(60, 499).mean, series.summary(60, 499).mean);
  auto chunks = series.chunks();
  chunks[1].count = 0;
  EXPECT_FALSE(WindowSeries::restore(chunks, 0, 0));
  chunks = series.chunks();
  std::swap(chunks[0], chunks[1]);
  EXPECT_FALSE(WindowSeries::restore(chunks, 0, 0));
  chunks = series.chunks();
  chunks[0].mean_x = std::nan("");
  EXPECT_FALSE(WindowSeries::restore(chunks, 0, 0));
  EXPECT_FALSE(WindowSeries::restore(
      std::vector<WindowChunk>(WindowSeries::kChunksMax + 1, {0, 0, 1, 0, 0, 0, 0, 0, 0}), 0, 0));
}

}  // namespace
}  // namespace agent
