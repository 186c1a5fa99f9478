#pragma once

// The one thread that reads streamed blocks into the ring, always ahead of their use: through a
// sweep, on into the beginning of the next, and while nobody asks, until the ring is full.
// Thread safety: safe; meant for one user besides its own thread.

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

#include "inference/paging/block_check.h"
#include "inference/paging/block_map.h"
#include "inference/paging/ring.h"
#include "inference/paging/storage.h"
#include "inference/paging/throttle.h"

namespace inference {

struct ReaderOptions {
  std::uint32_t slot_count = 8;
  std::uint64_t read_bytes_s = 0;     // 0: as fast as the storage
  BlockVerifier* verifier = nullptr;  // not owned; null: none
};

class Reader {
 public:
  // Takes all memory and starts the thread, which reads nothing before the first begin_sweep().
  // `storage` and `map` must outlive the reader.
  Reader(Storage& storage, const BlockMap& map, const ReaderOptions& options);
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // What the sweep that begins will visit. A block that could not be read ahead is tried again.
  void begin_sweep(const SweepScope& scope);

  // The file may have changed: drops what was read ahead. Blocks must be as they were from now on.
  void doubt();

  // Waits for the block, which is then held. Null if it could not be read or `cancelled` is set.
  // REQUIRES: it streams; fewer than slot_count - 1 blocks are held.
  const std::byte* acquire(BlockId block, const std::atomic<bool>& cancelled);
  void release(const std::byte* data);

  // Makes acquire() look at `cancelled`.
  void wake();

  std::uint64_t bytes_read() const { return bytes_read_.load(std::memory_order_relaxed); }
  std::uint64_t ring_bytes() const { return ring_.size_bytes(); }  // constant

 private:
  void run();
  const std::byte* read(BlockId id, std::span<std::byte> slot, std::uint32_t generation);

  // Constant after construction.
  Storage& storage_;
  const BlockMap& map_;
  BlockVerifier* verifier_;

  // Used by the thread only.
  BlockCheck check_;
  Throttle throttle_;

  std::atomic<std::uint64_t> bytes_read_{0};

  std::mutex mutex_;
  std::condition_variable work_;   // for the thread: something to read, or a place to put it
  std::condition_variable ready_;  // for the user: a block came or failed
  // Guarded by mutex_.
  Ring ring_;
  SweepScope scope_;
  BlockId next_ = kNoBlock;  // to be read
  std::uint32_t generation_ = 0;
  std::uint64_t sweep_ = 0;      // that runs, counted from 1
  std::uint64_t filled_in_ = 0;  // the sweep in which the latest block was begun to be read
  bool stop_ = false;

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace inference
