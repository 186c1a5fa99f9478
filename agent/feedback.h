#pragma once

// Messages on ROOT/AGENT/feedback/ROUTE, the one way to teach a route in service, and the books
// about them. A payload cannot teach: what is on a route's topics never comes here.
// Thread safety: FeedbackBooks safe; the rest free functions and plain data.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "agent/log.h"

namespace agent {

// Room for the largest payload, escaped, and a decision.
inline constexpr std::size_t kFeedbackBytesMax = 256 << 10;

struct Feedback {
  enum class About : std::uint8_t { Input, Payload, Latest };
  About about = About::Input;
  std::string value;     // input id; payload as it would arrive; topic of the latest input
  std::string expected;  // compact JSON
};

// {"input":…,"expected":{…}}, {"payload":…,"expected":{…}} or
// {"topic":…,"last":true,"expected":{…}} and no other member. Nothing, with `error` saying what was
// found and wanted, for anything else.
std::optional<Feedback> read_feedback(std::string_view bytes, std::string* error);

struct FeedbackRefusal {
  std::string route;        // last level of the topic; not always a route's name
  std::string_view reason;  // code of fixed text
  std::string text;         // for a person; may be empty
  std::string input;        // id, if the feedback named one
  std::string topic;        // of the input, if the feedback named one
};

struct FeedbackCounts {
  std::uint64_t received = 0;
  std::uint64_t accepted = 0;  // received = accepted + refused + waiting
  std::uint64_t refused = 0;
  std::uint64_t trainings = 0;
  double training_ms_max = 0;  // since the start, with the model's part
  std::map<std::string, std::uint64_t, std::less<>> reasons;
};

class FeedbackBooks {
 public:
  using Tell = std::function<void(const FeedbackRefusal&)>;

  // `tell` publishes a refusal; it is called by any thread. `logger` outlives this object.
  FeedbackBooks(Logger* logger, Tell tell) : logger_(logger), tell_(std::move(tell)) {}

  void receive();
  void accept();
  void refuse(const FeedbackRefusal& refusal);
  void add_training(double ms);
  FeedbackCounts counts() const;

 private:
  Logger* const logger_;
  const Tell tell_;
  mutable std::mutex mutex_;
  FeedbackCounts counts_;  // guarded by mutex_
};

}  // namespace agent
