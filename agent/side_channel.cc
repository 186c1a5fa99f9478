#include "agent/side_channel.h"

#include <algorithm>
#include <random>

#include "agent/clock.h"

namespace agent {
namespace {

bool any_matches(const std::vector<std::string>& filters, std::string_view topic) {
  return std::any_of(filters.begin(), filters.end(), [&](const std::string& filter) {
    return transport::filter_matches(filter, topic);
  });
}

std::string random_text() {
  std::random_device device;
  return std::to_string(device()) + "-" + std::to_string(device());
}

}  // namespace

SideChannel::SideChannel(const std::string& stop_file, Alarms* alarms, Logger* logger,
                         std::function<void()> wake)
    : alarms_(alarms), logger_(logger), wake_(std::move(wake)), stops_(stop_file) {
  if (!stops_.trouble().empty()) {
    logger_->error("stop.file", {{"reason", stops_.trouble()}});
    alarms_->raise(alarm::kStore, "stop", Severity::Error, stops_.trouble(), wall_ms());
  }
  if (!stops_.standing()) return;
  alarms_->raise(alarm::kStop, "", Severity::Warning, stops_.text(), wall_ms());
}

bool SideChannel::take(const RouteSet& set, const transport::Message& message) {
  const Moment now = moment_now();
  clock_.observe(now);
  if (message.topic == set.stop_topic) return take_stop(StopBook::Scope::Agent, message), true;
  if (message.topic == set.stop_all_topic) return take_stop(StopBook::Scope::All, message), true;
  if (message.topic == set.fence_topic) {
    const std::lock_guard lock(mutex_);
    if (!message.retained && !fence_.empty() && message.payload == fence_) live_ = true;
    return true;
  }
  silence_.heard(message.topic, now.steady_ms);
  if (any_matches(set.notice_filters, message.topic)) {
    // A stored answer was given to another question, and so was one from before this connection.
    const bool fits = message.payload.size() <= kNoticeBytesMax;
    if (!message.retained && live_ && fits) {
      const std::lock_guard lock(mutex_);
      if (notices_.size() < kNoticesMax) notices_.push_back({message.topic, message.payload});
    }
    wake_();
    return true;
  }
  if (!any_matches(set.state_filters, message.topic)) return false;
  states_.put(message.topic, message.payload, !message.retained && live_, now.steady_ms);
  // A state may be a route's input too.
  return std::none_of(set.routes.begin(), set.routes.end(),
                      [&](const auto& route) { return route->match(message.topic).has_value(); });
}

void SideChannel::take_stop(StopBook::Scope scope, const transport::Message& message) {
  const StopBook::Change change = stops_.take(scope, message.payload, message.retained);
  if (!change.stored) {
    alarms_->raise(alarm::kStore, "stop", Severity::Critical,
                   "the stop is obeyed but could not be stored: " + stops_.trouble(), wall_ms());
  }
  if (!change.changed) return;
  const bool standing = stops_.standing();
  logger_->warning(standing ? "stop.stands" : "stop.lifted", {{"text", stops_.text()}});
  if (standing) {
    alarms_->raise(alarm::kStop, "", Severity::Warning, stops_.text(), wall_ms());
  } else {
    alarms_->clear(alarm::kStop, "", wall_ms());
  }
  wake_();
}

std::string SideChannel::raise_fence() {
  const std::lock_guard lock(mutex_);
  live_ = false;
  fence_ = std::to_string(++fence_count_) + "-" + random_text();
  return fence_;
}

std::vector<Notice> SideChannel::take_notices() {
  const std::lock_guard lock(mutex_);
  std::vector<Notice> out;
  out.swap(notices_);
  return out;
}

}  // namespace agent
