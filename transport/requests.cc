#include "transport/requests.h"

#include <utility>

namespace transport {

using std::chrono::steady_clock;

std::optional<Requests::Id> Requests::begin(std::size_t count) {
  MutexLock lock(mutex_);
  if (cancelled_) return std::nullopt;
  first_ = last_id_ + 1;
  last_id_ += count;
  replies_.assign(count, std::nullopt);
  missing_ = count;
  return first_;
}

std::vector<Reply> Requests::wait(steady_clock::time_point deadline) {
  MutexLock lock(mutex_);
  while (missing_ > 0 && !cancelled_ && steady_clock::now() < deadline) {
    changed_.wait_until(mutex_, deadline);
  }
  std::vector<Reply> all;
  if (missing_ == 0) {
    for (std::optional<Reply>& reply : replies_) all.push_back(std::move(*reply));
  }
  replies_.clear();
  return all;
}

void Requests::answer(Id id, Reply reply) {
  MutexLock lock(mutex_);
  if (id < first_ || id - first_ >= replies_.size() || replies_[id - first_]) return;
  replies_[id - first_] = std::move(reply);
  --missing_;
  changed_.notify_all();
}

void Requests::cancel() {
  MutexLock lock(mutex_);
  cancelled_ = true;
  changed_.notify_all();
}

std::optional<Requests::Id> Requests::add_publish(PublishDone& done, std::size_t max) {
  MutexLock lock(mutex_);
  if (publishes_.size() >= max) return std::nullopt;
  const Id id = ++last_id_;
  publishes_.emplace(id, std::move(done));
  return id;
}

void Requests::finish_publish(Id id, PublishResult result) {
  PublishDone done;
  {
    MutexLock lock(mutex_);
    const auto found = publishes_.find(id);
    if (found == publishes_.end()) return;
    done = std::move(found->second);
    publishes_.erase(found);
    changed_.notify_all();
  }
  if (done) done(result);
}

void Requests::finish_all_publishes(PublishStatus status) {
  std::map<Id, PublishDone> left;
  {
    MutexLock lock(mutex_);
    left.swap(publishes_);
    changed_.notify_all();
  }
  for (const auto& [id, done] : left) {
    if (done) done({.status = status});
  }
}

void Requests::wait_for_publishes(steady_clock::time_point deadline) {
  MutexLock lock(mutex_);
  while (!publishes_.empty() && steady_clock::now() < deadline) {
    changed_.wait_until(mutex_, deadline);
  }
}

}  // namespace transport
