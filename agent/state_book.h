#pragma once

// The latest message of every topic that preconditions look at, and when it came.
// Thread safety: safe.

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/payload.h"

namespace agent {

class StateBook {
 public:
  static constexpr std::size_t kTopicsMax = 4096;
  static constexpr std::size_t kPayloadBytesMax = 64 << 10;

  struct Known {
    std::optional<schemas::Scalar> value;  // nothing: no scalar at the pointer
    std::int64_t received_ms = 0;          // steady clock
  };

  // Takes a message. `age_known`: it was made now, as opposed to one that the broker had stored;
  // what may be old replaces what was known and counts as nothing. A payload that cannot be read
  // does the same: the old value is no longer true. A topic beyond the limit is not kept.
  void put(std::string_view topic, std::string_view payload, bool age_known,
           std::int64_t steady_ms);

  // The value at `pointer` of the latest message; nothing: never heard.
  std::optional<Known> at(std::string_view topic, std::string_view pointer) const;

 private:
  struct State {
    std::vector<schemas::PayloadField> fields;
    std::int64_t received_ms = 0;
  };
  mutable std::mutex mutex_;
  std::map<std::string, State, std::less<>> states_;  // guarded by mutex_; by topic
};

}  // namespace agent
