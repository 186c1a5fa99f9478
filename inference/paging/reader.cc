#include "inference/paging/reader.h"

#include "inference/check.h"

namespace inference {

Reader::Reader(Storage& storage, const BlockMap& map, const ReaderOptions& options)
    : storage_(storage),
      map_(map),
      verifier_(options.verifier),
      check_(map),
      throttle_(options.read_bytes_s),
      ring_(options.slot_count, map.hull_bytes_max()),
      thread_([this] { run(); }) {}

Reader::~Reader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  work_.notify_all();
  thread_.join();
}

void Reader::begin_sweep(const SweepScope& scope) {
  {
    const std::lock_guard lock(mutex_);
    scope_ = scope;
    ++sweep_;
    const BlockId failed = ring_.drop_failed();
    if (failed != kNoBlock) next_ = failed;
    if (next_ == kNoBlock) next_ = map_.first();
  }
  work_.notify_one();
}

void Reader::doubt() {
  {
    const std::lock_guard lock(mutex_);
    ++generation_;
    ring_.drop_all();
    next_ = map_.first();
  }
  work_.notify_one();
}

const std::byte* Reader::acquire(BlockId block, const std::atomic<bool>& cancelled) {
  std::unique_lock lock(mutex_);
  while (!cancelled.load(std::memory_order_acquire)) {
    switch (ring_.bring_to_front(block)) {
      case Ring::Front::Ready:
        return ring_.take();
      case Ring::Front::Failed:
        ring_.drop_failed();
        // Reading ahead failed before this sweep began: it is tried again.
        next_ = filled_in_ == sweep_ ? map_.first() : block;
        work_.notify_one();
        if (filled_in_ == sweep_) return nullptr;
        break;
      case Ring::Front::Filling:
        break;
      case Ring::Front::Absent:
        next_ = block;
        work_.notify_one();
        break;
    }
    ready_.wait(lock);
  }
  return nullptr;
}

void Reader::release(const std::byte* data) {
  {
    const std::lock_guard lock(mutex_);
    ring_.give_back(data);
  }
  work_.notify_one();
}

void Reader::wake() {
  const std::lock_guard lock(mutex_);  // not between a look at the flag and the wait
  ready_.notify_all();
}

void Reader::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [&] { return stop_ || (next_ != kNoBlock && ring_.can_fill()); });
    if (stop_) return;
    const BlockId id = next_;
    const auto now = Throttle::Clock::now();
    const auto start = throttle_.take(map_.block(id).bytes, now);
    if (start > now) {
      // A block that is wanted more urgently, or the end, interrupts the pause.
      if (work_.wait_until(lock, start, [&] { return stop_ || next_ != id; })) continue;
      if (!ring_.can_fill()) continue;
    }
    const std::span<std::byte> slot = ring_.begin_fill(id);
    const std::uint32_t generation = generation_;
    filled_in_ = sweep_;
    next_ = map_.after(id, scope_);
    lock.unlock();
    const std::byte* data = read(id, slot, generation);
    lock.lock();
    ring_.end_fill(data);
    ready_.notify_one();
  }
}

const std::byte* Reader::read(BlockId id, std::span<std::byte> slot, std::uint32_t generation) {
  const Block& block = map_.block(id);
  const Hull hull = hull_of(block.offset, block.bytes);
  const auto bytes = read_hull(storage_, hull, slot);
  if (!bytes) return nullptr;
  bytes_read_.fetch_add(bytes->size(), std::memory_order_relaxed);
  const auto inside = bytes->subspan(static_cast<std::size_t>(block.offset - hull.begin),
                                     static_cast<std::size_t>(block.bytes));
  const bool right =
      verifier_ ? verifier_->verify(hull.begin, *bytes) : check_.accept(id, inside, generation);
  return right ? inside.data() : nullptr;
}

}  // namespace inference
