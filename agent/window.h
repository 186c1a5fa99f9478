#pragma once

// What a number did over the last seconds: the samples of one field of one topic, as chunks that
// are single samples while there are few, and neighbours joined where they come faster. So memory
// and work stay bounded for any rate, nothing is estimated at usual rates, and no extreme is lost.
// Thread safety: unsafe; time is passed in.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agent {

enum class Statistic : std::uint8_t { Last, Mean, Min, Max, Slope, Count };
inline constexpr std::array<std::string_view, 6> kStatisticNames = {"last", "mean",  "min",
                                                                    "max",  "slope", "count"};
constexpr std::string_view name(Statistic statistic) {
  return kStatisticNames[static_cast<std::size_t>(statistic)];
}

// The key `window` of a route.
struct WindowConfig {
  std::uint32_t seconds = 60;
  std::vector<std::size_t> of;  // indexes of the route's fields
  std::vector<Statistic> as;
  std::uint32_t stuck = 0;  // equal readings in a row that are a fault; 0: none are

  // Readings of the examples, [of], sorted. A value that stands still is a fault where they vary.
  std::vector<std::vector<double>> example_readings = {};
};

// Samples joined into one: moments about their means, so that sums of large times cancel nothing.
struct WindowChunk {
  double first = 0;  // s
  double last = 0;   // s
  double count = 0;
  double mean_t = 0;
  double mean_x = 0;
  double squares_t = 0;  // sum of (t - mean_t)^2
  double products = 0;   // sum of (t - mean_t) (x - mean_x)
  double low = 0;
  double high = 0;
};

class WindowSeries {
 public:
  // Chunks a series has at most; so many samples within the window are kept one by one.
  static constexpr std::size_t kChunksMax = 128;
  // What is joined lies together within this part of the window, which is how much longer than
  // stated the window of a fast stream may be.
  static constexpr double kChunkShare = 1.0 / 32;

  struct Summary {
    std::uint64_t count = 0;  // 0: the others mean nothing
    double last = 0;
    double mean = 0;
    double low = 0;
    double high = 0;
    double slope = 0;  // least squares, a second; 0 where all samples have one time
    double span = 0;   // s, from the first sample to the last
    double of(Statistic statistic) const;
  };

  // Takes a sample; times that run backwards count as the latest. REQUIRES: both are finite.
  void add(double seconds, double t, double x);

  // Of the samples from `now - seconds` on. Older chunks are dropped by add().
  Summary summary(double seconds, double now) const;

  // Equal samples at the end, and what they are.
  std::uint64_t equal_count() const { return equal_count_; }
  double last() const { return last_; }
  bool empty() const { return chunks_.empty(); }
  std::size_t memory_bytes() const { return chunks_.size() * sizeof(WindowChunk); }

  // For keeping it over a restart.
  const std::vector<WindowChunk>& chunks() const { return chunks_; }
  // Nothing if the chunks are not in order, not finite, or too many.
  static std::optional<WindowSeries> restore(std::vector<WindowChunk> chunks, double last,
                                             std::uint64_t equal_count);

 private:
  void join_neighbours(double span);

  std::vector<WindowChunk> chunks_;  // by time
  double last_ = 0;
  std::uint64_t equal_count_ = 0;
};

}  // namespace agent
