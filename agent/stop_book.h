#pragma once

// The global stop, for this agent and for all. It is obeyed at once, on the disk before take()
// returns, and lifted by nothing but an explicit {"stop":false} that was sent now: not by a
// restart, an empty message or one that the broker had stored. The stop has a file of its own, so
// that neither damage nor a long write of the other can touch it.
// Thread safety: safe.

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "agent/store/stop_table.h"

namespace agent {

class StopBook {
 public:
  enum class Scope : std::uint8_t { Agent, All };

  // Reads the file; empty path: memory only. A file that cannot be read counts as a stop.
  explicit StopBook(const std::string& path);
  ~StopBook();
  StopBook(const StopBook&) = delete;
  StopBook& operator=(const StopBook&) = delete;

  struct Change {
    bool changed = false;  // standing() did
    bool stored = true;    // false: it holds, but not over a restart; see trouble()
  };
  // A message on a stop topic. Text that is no such object is taken for a stop: somebody wanted
  // something to stop. An empty one says nothing.
  Change take(Scope scope, std::string_view payload, bool retained);

  bool standing() const;
  std::string text() const;     // who stopped what, for a person
  std::string trouble() const;  // with the file; empty: none

 private:
  bool store_locked(Scope scope);

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::array<bool, 2> stopped_{};  // by Scope
  std::array<std::string, 2> by_;
  std::string trouble_;
  std::unique_ptr<StopTable> table_;
};

}  // namespace agent
