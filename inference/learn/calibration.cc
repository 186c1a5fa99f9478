#include "inference/learn/calibration.h"

#include <algorithm>
#include <cmath>

#include "inference/check.h"

namespace inference {

namespace {
// Least spread, in nats: scores that hardly differ from message to message say little, and must
// not be blown up to a decision.
constexpr double kSpreadFloor = 0.25;
}  // namespace

Calibration::Calibration(std::size_t option_count)
    : means_(option_count, 0.0), deviations_(option_count, 0.0) {
  PICOLM_CHECK(option_count > 0);
  recent_.assign(option_count, 1.0 / static_cast<double>(option_count));
}

void Calibration::observe(std::span<const double> scores) {
  PICOLM_CHECK(scores.size() == means_.size());
  if (!std::all_of(scores.begin(), scores.end(), [](double s) { return std::isfinite(s); })) return;
  count_ = std::min(count_ + 1, kMemoryMessages);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const double before = scores[i] - means_[i];
    means_[i] += before / count_;
    deviations_[i] += (before * (scores[i] - means_[i]) - deviations_[i]) / count_;
  }
}

bool Calibration::observe_stream(std::span<const double> scores, std::size_t option) {
  PICOLM_CHECK(option < recent_.size());
  for (std::size_t i = 0; i < recent_.size(); ++i) {
    recent_[i] += ((i == option ? 1.0 : 0.0) - recent_[i]) / kRecentMessages;
  }
  if (stream_count_ >= kWarmUpMessages && recent_[option] > kOneSidedShare) return false;
  stream_count_ = std::min(stream_count_ + 1, kWarmUpMessages);
  observe(scores);
  return true;
}

std::vector<double> Calibration::standardise(std::span<const double> scores) const {
  PICOLM_CHECK(scores.size() == means_.size());
  std::vector<double> out(scores.begin(), scores.end());
  if (count_ < 1) return out;
  double variance = 0;
  for (double d : deviations_) variance += d;
  variance /= static_cast<double>(deviations_.size());
  const double spread = std::max(std::sqrt(variance), kSpreadFloor);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = (out[i] - means_[i]) / spread;
  return out;
}

}  // namespace inference
