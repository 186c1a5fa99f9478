#pragma once

// The windows of all routes, one a concrete topic, and the file that keeps them over a restart.
// Thread safety: unsafe; owned by the worker thread. Clocks are passed in.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/config.h"
#include "agent/payload_text.h"
#include "agent/window.h"

namespace agent {

struct WindowLimits {
  std::size_t topics_max = 4096;     // of all routes; beyond it the one idle longest is dropped
  std::size_t bytes_max = 4u << 20;  // the same
};

class WindowBook {
 public:
  using Clock = std::chrono::steady_clock;

  explicit WindowBook(WindowLimits limits = {}) : limits_(limits) {}

  // Takes the readings of `element`, which came on `topic` at `at`, and writes the window's values
  // into its text. Readings that are faults do not enter. A value that stands still makes the
  // element a fault itself. Does nothing for a route without a window.
  void extend(const RouteConfig& route, std::string_view topic, Clock::time_point at,
              Element* element);

  // The values as they are, (name, number), in the order of the configuration; none where the
  // topic has no sample within the window.
  WindowValues values(const RouteConfig& route, std::string_view topic, Clock::time_point at) const;

  // Bytes that hold everything, for a file; `at` and `wall_ms` are one moment on two clocks.
  std::string save(Clock::time_point at, std::int64_t wall_ms) const;
  // Takes up what save() gave. Times continue by the wall clock; where it went backwards or
  // anything is wrong nothing is taken, and false returned.
  [[nodiscard]] bool restore(std::string_view bytes, Clock::time_point at, std::int64_t wall_ms);

  std::size_t topic_count() const { return topics_.size(); }
  std::size_t memory_bytes() const { return bytes_; }
  std::uint64_t change_count() const { return change_count_; }  // grows with every sample

 private:
  struct Topic {
    std::string route;
    std::string topic;
    std::uint32_t seconds = 0;
    std::vector<std::string> fields;  // names of what the series are of
    std::vector<WindowSeries> series;
    std::size_t bytes = 0;
  };
  using Key = std::pair<std::string, std::string>;  // route, topic

  Topic& topic_of(const RouteConfig& route, std::string_view topic);
  const Topic* find(const RouteConfig& route, std::string_view topic) const;
  void account(Topic& topic);
  void trim();

  const WindowLimits limits_;
  std::list<Topic> topics_;  // the one used last is the first
  std::map<Key, std::list<Topic>::iterator, std::less<>> places_;
  std::size_t bytes_ = 0;
  std::uint64_t change_count_ = 0;
};

// The book's file, written whole and renamed into place, at most once in kSaveInterval and by
// close(). Without a path it does nothing.
class WindowFile {
 public:
  static constexpr std::chrono::seconds kSaveInterval{15};

  // Takes up what the file holds; a file that is absent or broken is none.
  WindowFile(std::string path, WindowBook* book);

  void save_if_due(WindowBook::Clock::time_point now, std::int64_t wall_ms);
  // Whatever changed since; false: it could not be written.
  bool save(WindowBook::Clock::time_point now, std::int64_t wall_ms);

 private:
  const std::string path_;
  WindowBook* const book_;
  WindowBook::Clock::time_point saved_at_;
  std::uint64_t saved_count_ = 0;
};

}  // namespace agent
