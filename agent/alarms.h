#pragma once

// What needs a person, told on retained topics: ROOT/AGENT/alarm/CODE holds
// {"active","since","severity","text"}. A code is active while any of its subjects is (one silent
// topic of many, one route), so that a board shows one lamp a kind of trouble and its text says
// which.
// Thread safety: safe.

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "transport/client.h"

namespace agent {

enum class Severity : std::uint8_t { Warning, Error, Critical };
std::string_view name(Severity severity);  // "warning", "error", "critical"

// The codes of this product; each is a topic level.
namespace alarm {
inline constexpr std::string_view kAckMissing = "ack_missing";      // a machine did not answer
inline constexpr std::string_view kActSuspended = "act_suspended";  // not precise enough to act
inline constexpr std::string_view kClock = "clock";                 // cannot be trusted
inline constexpr std::string_view kSilent = "silent";               // a topic that must speak
inline constexpr std::string_view kStop = "stop";                   // the global stop stands
inline constexpr std::string_view kStore = "store";                 // what must be kept cannot be
}  // namespace alarm

class Alarms {
 public:
  // Subjects of one code that are named; more are counted.
  static constexpr std::size_t kSubjectsMax = 64;

  // `prefix` is "ROOT/AGENT/alarm/".
  explicit Alarms(std::string prefix) : prefix_(std::move(prefix)) {}

  // The code is shown from the first connection on, inactive where nothing is wrong: what an
  // earlier start left on the broker is overwritten.
  void declare(std::string_view code);

  // `subject` (may be empty) is in trouble; again with another text changes the text alone.
  // True: it was not before.
  bool raise(std::string_view code, std::string_view subject, Severity severity, std::string text,
             std::int64_t wall_ms);
  // `subject` is well. True: it was not before.
  bool clear(std::string_view code, std::string_view subject, std::int64_t wall_ms);

  bool active(std::string_view code) const;

  // What has changed since the last call, as retained messages; each code once, its latest state.
  std::vector<transport::Message> take_changes();
  // The broker may have lost all of it: the next take_changes() gives every code.
  void tell_all();

 private:
  struct Trouble {
    Severity severity = Severity::Warning;
    std::string text;
  };
  struct State {
    std::map<std::string, Trouble, std::less<>> subjects;
    std::int64_t since_ms = 0;  // of the present state, 0: since the start
    bool told = false;
  };

  static std::string payload(const State& state);

  const std::string prefix_;
  mutable std::mutex mutex_;
  std::map<std::string, State, std::less<>> states_;  // guarded by mutex_; by code
};

}  // namespace agent
