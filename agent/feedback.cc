#include "agent/feedback.h"

#include <algorithm>
#include <vector>

#include "agent/json_scan.h"
#include "schemas/payload.h"

namespace agent {
namespace {

// A number as it is written, a text without its quotes.
std::string id_of(std::string_view raw) {
  const auto text = json_unquote(raw);
  return text ? *text : std::string(raw);
}

bool is_id(std::string_view raw) {
  return !raw.empty() && (raw[0] == '"' || raw[0] == '-' || (raw[0] >= '0' && raw[0] <= '9'));
}

// Every name that feedback may have, and its raw value.
struct Members {
  std::optional<std::string_view> input;
  std::optional<std::string_view> payload;
  std::optional<std::string_view> topic;
  std::optional<std::string_view> last;
  std::optional<std::string_view> expected;
};

// False: a name that means nothing.
bool take(const std::string& name, std::string_view value, Members* members) {
  std::optional<std::string_view>* place = name == "input"      ? &members->input
                                           : name == "payload"  ? &members->payload
                                           : name == "topic"    ? &members->topic
                                           : name == "last"     ? &members->last
                                           : name == "expected" ? &members->expected
                                                                : nullptr;
  if (place == nullptr) return false;
  *place = value;
  return true;
}

}  // namespace

std::optional<Feedback> read_feedback(std::string_view bytes, std::string* error) {
  schemas::PayloadOptions options;
  options.format = schemas::PayloadFormat::Json;
  // Above what a payload may have, which is held to its own limits later.
  options.limits.bytes_max = kFeedbackBytesMax;
  options.limits.depth_max = 32;
  options.limits.keys_max = 1024;
  options.limits.values_max = 4096;
  options.limits.string_bytes_max = kFeedbackBytesMax;
  const schemas::Payload parsed = schemas::parse_payload(bytes, options);
  if (parsed.error != schemas::PayloadError::None) {
    *error = "found " + std::string(schemas::name(parsed.error)) + ", wanted JSON";
    return std::nullopt;
  }
  Members members;
  const auto all = json_members(parsed.text);
  bool known = all.has_value();
  for (std::size_t i = 0; known && i < all->size(); ++i) {
    known = take((*all)[i].first, (*all)[i].second, &members);
    if (!known) *error = "found \"" + (*all)[i].first.substr(0, 60) + "\"; ";
  }
  const auto is_text = [](std::string_view raw) { return json_unquote(raw).has_value(); };
  const bool latest = members.topic && is_text(*members.topic) && members.last == "true";
  const int kinds = (members.input && is_id(*members.input) ? 1 : 0) + (members.payload ? 1 : 0) +
                    (latest ? 1 : 0);
  const bool whole = (members.topic || members.last) == latest;
  if (!known || kinds != 1 || !whole || !members.expected) {
    *error +=
        "wanted {\"input\":ID,\"expected\":{…}}, {\"payload\":…,\"expected\":{…}} or "
        "{\"topic\":…,\"last\":true,\"expected\":{…}}";
    return std::nullopt;
  }
  Feedback feedback;
  feedback.expected = json_compact(*members.expected);
  if (members.input) {
    feedback.value = id_of(*members.input);
  } else if (latest) {
    feedback.about = Feedback::About::Latest;
    feedback.value = *json_unquote(*members.topic);
  } else {
    feedback.about = Feedback::About::Payload;
    const auto text = json_unquote(*members.payload);
    feedback.value = text ? *text : json_compact(*members.payload);
  }
  return feedback;
}

void FeedbackBooks::receive() {
  const std::lock_guard lock(mutex_);
  ++counts_.received;
}

void FeedbackBooks::accept() {
  const std::lock_guard lock(mutex_);
  ++counts_.accepted;
}

void FeedbackBooks::refuse(const FeedbackRefusal& refusal) {
  std::uint64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    ++counts_.refused;
    count = ++counts_.reasons[std::string(refusal.reason)];
  }
  if (worth_logging(count)) {
    logger_->warning("feedback.refused", {{"route", refusal.route},
                                          {"reason", std::string(refusal.reason)},
                                          {"text", refusal.text},
                                          {"count", std::to_string(count)}});
  }
  tell_(refusal);
}

void FeedbackBooks::add_training(double ms) {
  const std::lock_guard lock(mutex_);
  ++counts_.trainings;
  counts_.training_ms_max = std::max(counts_.training_ms_max, ms);
}

FeedbackCounts FeedbackBooks::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace agent
