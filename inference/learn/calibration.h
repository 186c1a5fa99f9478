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

  // (score - mean) / spread for each option; the scores unchanged before anything was observed.
  std::vector<double> standardise(std::span<const double> scores) const;

  double observed_count() const { return count_; }

 private:
  double count_ = 0;                // messages, at most kMemoryMessages
  std::vector<double> means_;       // [option_count]
  std::vector<double> deviations_;  // [option_count], mean of squared deviations
};

}  // namespace inference
