#pragma once

// Batch calibration of one closed field (arXiv 2309.17249): a small model prefers some options
// whatever the message says, so each option's running mean over the stream is taken off its score,
// and what is left is divided by its spread over all options and messages.
// Thread safety: unsafe; owned by the worker thread.

#include <cstdint>
#include <span>
#include <vector>

namespace inference {

class Calibration {
 public:
  // The running mean forgets with the speed of a mean over this many messages.
  static constexpr double kMemoryMessages = 512;

  // REQUIRES: option_count > 0.
  explicit Calibration(std::size_t option_count);

  // Takes the scores of one message into the means. Scores that are not finite are left out.
  // REQUIRES: scores.size() == option_count.
  void observe(std::span<const double> scores);

  // The same for a message of the stream whose decision was `option`. Once the means have seen
  // kWarmUpMessages of the stream they are frozen for an option that most recent messages were
  // decided for: a burst of alarms is news, and must not become what is normal.
  // False: they were frozen, and the message was not taken. REQUIRES: option < option_count.
  bool observe_stream(std::span<const double> scores, std::size_t option);

  static constexpr double kWarmUpMessages = 64;
  static constexpr double kRecentMessages = 16;  // that count as recent
  static constexpr double kOneSidedShare = 0.8;

  // (score - mean) / spread for each option; the scores unchanged before anything was observed.
  std::vector<double> standardise(std::span<const double> scores) const;

  double observed_count() const { return count_; }

 private:
  double count_ = 0;                // messages, at most kMemoryMessages
  double stream_count_ = 0;         // messages of the stream, at most kWarmUpMessages
  std::vector<double> recent_;      // [option_count] share of recent decisions
  std::vector<double> means_;       // [option_count]
  std::vector<double> deviations_;  // [option_count], mean of squared deviations
};

}  // namespace inference
