#pragma once

// What was done to each target lately: when, on which input, with which numbers. Rates are counted
// exactly over the last minute, since a bucket that refills would let twice as many pass at once.
// Thread safety: unsafe. Clocks are passed in.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agent {

struct TargetLimits {
  std::size_t targets_max = 4096;
  std::size_t reserved = 256;  // more, for safe actions only
};

struct TargetState {
  std::int64_t acted_ms = 0;                            // steady
  std::int64_t kept_until_ms = 0;                       // steady; then it may be forgotten
  std::uint64_t sequence = 0;                           // of the input acted on last
  std::optional<std::int64_t> source_ms;                // newest time of an input acted on
  std::deque<std::int64_t> unsafe_ms;                   // acts of the last minute, safe ones not
  std::vector<std::pair<std::string, double>> numbers;  // of the last act, by field
};

class TargetBook {
 public:
  static constexpr std::int64_t kMinuteMs = 60'000;

  explicit TargetBook(TargetLimits limits = {}) : limits_(limits) {}

  // What is known of `target`, or nullptr.
  const TargetState* find(std::string_view target) const;

  // Whether an act on `target` can be written down; targets that nothing holds on to any more make
  // room.
  bool has_room(std::string_view target, bool safe, std::int64_t now_ms);

  struct Act {
    std::string_view target;
    bool safe = false;
    std::uint64_t sequence = 0;
    std::optional<std::int64_t> source_ms;
    std::vector<std::pair<std::string, double>> numbers;
    std::int64_t keep_ms = 0;  // how long its order and dwell matter
  };
  // REQUIRES: has_room() said so.
  void add(Act act, std::int64_t now_ms);

  // Acts within the last minute that were not safe.
  static std::size_t rate(const TargetState& state, std::int64_t now_ms);

  std::size_t size() const { return targets_.size(); }

 private:
  const TargetLimits limits_;
  std::map<std::string, TargetState, std::less<>> targets_;
};

}  // namespace agent
