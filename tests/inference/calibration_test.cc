// Goal: what is observed is what a plain computation over all messages gives.

#include "inference/learn/calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "inference/learn/recent.h"
#include "tests/support/random.h"

namespace inference {
namespace {

TEST(Calibration, LeavesScoresAloneBeforeAnythingWasObserved) {
  const Calibration calibration(3);
  EXPECT_EQ(calibration.standardise(std::vector<double>{-1, -2, -3}),
            (std::vector<double>{-1, -2, -3}));
}

TEST(Calibration, SubtractsTheMeanAndDividesByTheSpread) {
  test_support::Random random(7);
  constexpr std::size_t kOptions = 4;
  constexpr std::size_t kMessages = 300;
  std::vector<std::vector<double>> stream(kMessages, std::vector<double>(kOptions));
  Calibration calibration(kOptions);
  for (auto& message : stream) {
    for (std::size_t o = 0; o < kOptions; ++o) message[o] = random.normal() * 3 - double(o);
    calibration.observe(message);
  }
  std::vector<double> mean(kOptions);
  double variance = 0;
  for (std::size_t o = 0; o < kOptions; ++o) {
    for (const auto& message : stream) mean[o] += message[o] / kMessages;
    for (const auto& message : stream) {
      variance += (message[o] - mean[o]) * (message[o] - mean[o]) / (kMessages * kOptions);
    }
  }
  const std::vector<double> out = calibration.standardise(stream[5]);
  for (std::size_t o = 0; o < kOptions; ++o) {
    EXPECT_NEAR(out[o], (stream[5][o] - mean[o]) / std::sqrt(variance), 1e-9);
  }
}

TEST(Calibration, FollowsAStreamThatChanges) {
  Calibration calibration(2);
  for (int i = 0; i < 2000; ++i) calibration.observe(std::vector<double>{-1, -9});
  for (int i = 0; i < 5000; ++i) calibration.observe(std::vector<double>{-9, -1});
  const auto out = calibration.standardise(std::vector<double>{-9, -1});
  EXPECT_NEAR(out[0], 0, 0.01);
  EXPECT_NEAR(out[1], 0, 0.01);
}

// A stream of two kinds of message, then a long burst of one of them.
TEST(Calibration, ABurstOfAlarmsIsNotCalibratedAway) {
  test_support::Random random(11);
  const auto message = [&](bool alarm) {
    const double noise = static_cast<double>(random.normal()) * 0.3;
    return std::vector<double>{(alarm ? -2.0 : -0.5) + noise, (alarm ? -1.0 : -2.5) - noise};
  };
  const auto decided = [](const Calibration& calibration, const std::vector<double>& scores) {
    const auto standard = calibration.standardise(scores);
    return standard[1] > standard[0] ? std::size_t{1} : std::size_t{0};
  };
  Calibration calibration(2);
  for (int i = 0; i < 200; ++i) {
    const auto scores = message(i % 3 == 0);
    calibration.observe_stream(scores, decided(calibration, scores));
  }
  int alarms = 0;
  for (int i = 0; i < 3000; ++i) {
    const auto scores = message(true);
    const std::size_t option = decided(calibration, scores);
    calibration.observe_stream(scores, option);
    alarms += option == 1;
  }
  EXPECT_GT(alarms, 2990);
  EXPECT_EQ(decided(calibration, message(false)), 0u) << "and what is normal stays normal";
}

TEST(Calibration, IgnoresScoresThatAreNotFinite) {
  Calibration calibration(2);
  calibration.observe(std::vector<double>{-1, -2});
  calibration.observe(std::vector<double>{std::nan(""), -2});
  calibration.observe(std::vector<double>{-std::numeric_limits<double>::infinity(), 0});
  EXPECT_EQ(calibration.observed_count(), 1);
}

TEST(RecentTexts, ATextThatRepeatsIsNewOnce) {
  RecentTexts texts;
  EXPECT_TRUE(texts.is_new(text_hash("stop")));
  EXPECT_FALSE(texts.is_new(text_hash("stop")));
  for (std::size_t i = 0; i < RecentTexts::kCount - 1; ++i) {
    EXPECT_TRUE(texts.is_new(text_hash(std::to_string(i))));
  }
  EXPECT_FALSE(texts.is_new(text_hash("stop"))) << "still among the last";
  EXPECT_TRUE(texts.is_new(text_hash("one more")));
  EXPECT_TRUE(texts.is_new(text_hash("stop"))) << "forgotten by now";
}

}  // namespace
}  // namespace inference
