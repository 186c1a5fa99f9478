#pragma once

// Against chatter: a decision like the last one is not published again, and another one only when
// it has come often enough in a row. Kept for each output topic of each route.
// Thread safety: unsafe; owned by the worker thread. The clock is passed in.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "agent/interlock_config.h"

namespace agent {

enum class Change : std::uint8_t {
  Publish,    // it differs from the last, or it is time to repeat
  Unchanged,  // like the last one
  NotAgreed,  // differs, and has not come often enough
};

class ChangeGate {
 public:
  static constexpr std::size_t kKeysMax = 4096;  // beyond, the one idle longest is forgotten

  // Looks at the next decision of `key`. `urgent`: it need not be agreed on (a safe action).
  // REQUIRES: policy.on_change.
  Change look(const ChangeConfig& policy, std::string_view key, std::string_view decision,
              bool urgent, std::int64_t now_ms);

  // It was published.
  void published(std::string_view key, std::string_view decision, std::int64_t now_ms);

 private:
  struct Entry {
    std::string last;         // published
    std::string candidate;    // differs from it
    std::uint32_t count = 0;  // of the candidate in a row
    std::int64_t published_ms = 0;
    std::int64_t used_ms = 0;
  };
  Entry& entry(std::string_view key, std::int64_t now_ms);

  std::map<std::string, Entry, std::less<>> entries_;
};

// Whether two decisions say the same: equal, but for numbers of `policy.deadband` that differ by
// no more than that.
bool same_decision(const ChangeConfig& policy, std::string_view a, std::string_view b);

}  // namespace agent
