#pragma once

// Sure decisions by the values that led to them, so that a machine that reports the same again is
// answered in microseconds. Keyed on values and not on bytes: clocks and serial numbers make every
// payload distinct. One cache serves all routes; what was least recently used goes first.
//
// On a taught route the same values always get the same decision while its lessons stay, so an
// entry is right until they change. An untaught route's decisions move with its calibration;
// there an entry answers a bounded number of times before the model is asked again.
// Thread safety: unsafe; owned by the judge.

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>

#include "agent/config.h"
#include "agent/decider.h"
#include "agent/values.h"
#include "inference/engine.h"

namespace agent {

// From this confidence on a decision is kept.
inline constexpr double kCachedConfidence = 0.8;

struct CacheLimits {
  std::size_t entries_max = 4096;
  std::size_t bytes_max = 4 << 20;       // of keys and decisions
  std::uint32_t untaught_uses_max = 32;  // of an entry of an untaught route
};

// What a decision is taken for the same by: the opened route, which is another one after every
// reload, how many lessons it has, and the values.
struct CacheKey {
  RouteHandle route = 0;
  std::size_t lesson_count = 0;
  std::string values;
};

// The values as bytes, names and kinds included. Without `fields`, the route's own `id` and `time`
// are left out; a text payload counts by normal_text().
std::string cache_values(const RouteConfig& route, const Values& values);

class DecisionCache {
 public:
  explicit DecisionCache(const CacheLimits& limits) : limits_(limits) {}

  struct Entry {
    inference::Decision decision;
    std::string input_id;  // of the message that it was made for
  };

  // The decision, or nullptr. The pointer holds until the next call of a method.
  const Entry* find(const CacheKey& key);

  void put(const CacheKey& key, Entry entry);

  // Drops everything of one route, or all.
  void forget(RouteHandle route);
  void clear();

  std::size_t size() const { return entries_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Node {
    std::string key;
    RouteHandle route = 0;
    bool taught = false;
    std::uint32_t uses = 0;
    std::size_t bytes = 0;
    Entry entry;
  };
  using Nodes = std::list<Node>;

  void drop(Nodes::iterator node);

  const CacheLimits limits_;
  Nodes entries_;  // the most recently used first
  std::unordered_map<std::string, Nodes::iterator> index_;
  std::size_t bytes_ = 0;
};

}  // namespace agent
