#pragma once

// Collects what callbacks deliver and waits for it, without fixed sleeps.
// Thread safety: safe.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "transport/client.h"
#include "transport/link.h"

namespace transport {

inline constexpr std::chrono::seconds kPatience{20};  // a loaded machine; normal is milliseconds

template <typename T>
class Recorder {
 public:
  void add(T item) {
    const std::lock_guard<std::mutex> lock(mutex_);
    items_.push_back(std::move(item));
    changed_.notify_all();
  }

  // Whether `enough(items)` becomes true in time.
  bool wait(const std::function<bool(const std::vector<T>&)>& enough,
            std::chrono::milliseconds patience = kPatience) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return enough(items_); });
  }

  bool wait_for_count(std::size_t count) {
    return wait([count](const std::vector<T>& items) { return items.size() >= count; });
  }

  std::vector<T> items() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return items_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<T> items_;
};

}  // namespace transport
