#include "agent/inbox.h"

#include <string>
#include <utility>
#include <vector>

namespace agent {
namespace {

std::size_t size_of(const InboxItem& item) {
  const transport::Message& message = item.message;
  std::size_t bytes = sizeof(InboxItem) + message.topic.size() + message.payload.size() +
                      message.properties.response_topic.size() +
                      message.properties.correlation_data.size() +
                      message.properties.content_type.size();
  // A pair costs its own size even when both texts are empty.
  const auto count = [&](const std::vector<std::pair<std::string, std::string>>& pairs) {
    for (const auto& pair : pairs) bytes += sizeof pair + pair.first.size() + pair.second.size();
  };
  count(message.properties.user);
  count(item.captures);
  return bytes;
}

}  // namespace

bool Inbox::push(InboxItem&& item) {
  const std::size_t bytes = size_of(item);
  const bool telemetry = item.kind == InboxKind::Feedback ||
                         item.route->config().message_class == MessageClass::Telemetry;
  const std::size_t percent = telemetry ? limits_.telemetry_share_percent : 100;
  {
    const std::lock_guard lock(mutex_);
    const bool full = items_.size() >= limits_.messages_max * percent / 100 ||
                      bytes_ + bytes > limits_.bytes_max * percent / 100;
    if (closed_ || full) return false;
    bytes_ += bytes;
    items_.push_back(std::move(item));
  }
  changed_.notify_one();
  return true;
}

std::vector<InboxItem> Inbox::pop(std::size_t count, std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [this] { return !items_.empty() || woken_; });
  woken_ = false;
  std::vector<InboxItem> out;
  while (!items_.empty() && out.size() < count) {
    bytes_ -= size_of(items_.front());
    out.push_back(std::move(items_.front()));
    items_.pop_front();
  }
  return out;
}

void Inbox::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_one();
}

void Inbox::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

InboxDepth Inbox::depth() const {
  const std::lock_guard lock(mutex_);
  return {items_.size(), bytes_};
}

}  // namespace agent
