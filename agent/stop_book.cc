#include "agent/stop_book.h"

#include "agent/json_scan.h"

namespace agent {
namespace {

constexpr std::size_t kByBytesMax = 256;
constexpr std::array<std::string_view, 2> kNames = {"agent", "all"};

std::size_t place(StopBook::Scope scope) { return static_cast<std::size_t>(scope); }

}  // namespace

StopBook::StopBook(const std::string& path) {
  if (path.empty()) return;
  try {
    table_ = std::make_unique<StopTable>(path);
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      const StopTable::Row row = table_->read(kNames[i]);
      stopped_[i] = row.stopped;
      by_[i] = row.by;
    }
  } catch (const StoreError& error) {
    trouble_ = error.what();
    stopped_[0] = true;
    by_[0] = "the file of the stop cannot be read";
  }
}

StopBook::~StopBook() = default;

StopBook::Change StopBook::take(Scope scope, std::string_view payload, bool retained) {
  if (payload.empty()) return {};
  const auto stop = json_at(payload, "/stop");
  const bool lifts = stop && *stop == "false";
  if (lifts && retained) return {};
  const auto raw_by = json_at(payload, "/by");
  const auto by = raw_by ? json_unquote(*raw_by) : std::nullopt;
  const std::lock_guard lock(mutex_);
  const bool before = stopped_[0] || stopped_[1];
  stopped_[place(scope)] = !lifts;
  by_[place(scope)] = by.value_or("").substr(0, kByBytesMax);
  Change change;
  change.changed = before != (stopped_[0] || stopped_[1]);
  change.stored = store_locked(scope);
  return change;
}

bool StopBook::store_locked(Scope scope) {
  if (table_ == nullptr) return trouble_.empty();
  try {
    table_->write(kNames[place(scope)], {stopped_[place(scope)], by_[place(scope)]});
    trouble_.clear();
    return true;
  } catch (const StoreError& error) {
    trouble_ = error.what();
    return false;
  }
}

bool StopBook::standing() const {
  const std::lock_guard lock(mutex_);
  return stopped_[0] || stopped_[1];
}

std::string StopBook::text() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (!stopped_[i]) continue;
    text += (text.empty() ? "" : "; ") + std::string("stop of ") + std::string(kNames[i]);
    if (!by_[i].empty()) text += " by " + by_[i];
  }
  return text;
}

std::string StopBook::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

}  // namespace agent
