#pragma once

// Topics that must speak: those that a route heard before, and those that it expects. Only the
// steady clock counts.
// Thread safety: safe.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "agent/route.h"

namespace agent {

class SilenceWatch {
 public:
  static constexpr std::size_t kTopicsMax = 4096;  // further ones are not watched

  // From now on these routes are watched; what they expect has `silence_s` from now. What was
  // silent before counts as speaking.
  void set_routes(const RouteSet& set, std::int64_t now_ms);

  void heard(std::string_view topic, std::int64_t now_ms);

  struct Silent {
    std::shared_ptr<const Route> route;
    std::string topic;
  };
  // What has fallen silent since the last call, and what speaks again.
  struct Changes {
    std::vector<Silent> silent;
    std::vector<std::string> speaking;  // topics
  };
  Changes tick(std::int64_t now_ms);

  bool is_silent(std::string_view topic) const;
  bool watches() const;  // anything at all

 private:
  struct Topic {
    std::shared_ptr<const Route> route;
    std::int64_t heard_ms = 0;
    bool silent = false;
    bool speaks = false;  // again, and nobody was told
  };
  void add(const std::shared_ptr<const Route>& route, std::string_view topic, std::int64_t now_ms);

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::vector<std::shared_ptr<const Route>> routes_;  // that watch
  std::map<std::string, std::vector<Topic>, std::less<>> topics_;
  std::vector<std::string> released_;  // were silent and are watched no more
};

}  // namespace agent
