// A pool built for sections of a few microseconds, hundreds of times a token.
//
// One 64-bit ticket holds the number of the current section and how many of its parts nobody has
// taken yet. Whoever wants work takes a part by a compare-and-swap on the ticket: a worker that
// wakes up late, even several sections late, sees either no part left or a part of the section
// that is really running, so nobody has to wait for workers that took nothing. run() returns when
// all parts are done, so the description of a section cannot change while anyone may read it.
//
// Threads without work spin for a moment, since the next section usually follows at once, and
// then sleep in the kernel until it comes: an idle process uses no processor time.

#include "inference/model/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "inference/check.h"

namespace inference {
namespace {

// Longer than the single-threaded work between two sections of a small model, shorter than
// anybody would notice.
constexpr auto kSpin = std::chrono::microseconds(50);
constexpr int kSpinsPerClockRead = 64;

void relax_processor() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
  asm volatile("yield");
#endif
}

// Spins until `ready()` or until the time is up.
template <typename Ready>
bool spin_until(const Ready& ready) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < kSpinsPerClockRead; ++i) {
      if (ready()) return true;
      relax_processor();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

}  // namespace

std::uint32_t physical_core_count() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
    return std::max(1u, std::thread::hardware_concurrency());
  }
  std::set<std::string> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    // The list of the core's threads names the core; where there is none each CPU is a core.
    std::ifstream file("/sys/devices/system/cpu/cpu" + std::to_string(cpu) +
                       "/topology/thread_siblings_list");
    std::string siblings;
    cores.insert(std::getline(file, siblings) ? siblings : std::to_string(cpu));
  }
  return std::max<std::uint32_t>(1, static_cast<std::uint32_t>(cores.size()));
}

struct ThreadPool::Impl {
  // Written by run() while no part is left to take; read after taking one.
  Task task = nullptr;
  void* context = nullptr;
  std::uint32_t part_count = 0;

  alignas(64) std::atomic<std::uint64_t> ticket{0};      // section number << 32 | parts not taken
  alignas(64) std::atomic<std::uint32_t> section{0};     // what sleeping workers wait on
  alignas(64) std::atomic<std::uint32_t> parts_left{0};  // of the section, not yet done
  std::atomic<bool> stop{false};

  std::vector<std::thread> workers;  // constant after construction

  // Takes parts and works until none is left.
  void work() {
    std::uint64_t seen = ticket.load(std::memory_order_acquire);
    while ((seen & 0xffffffffu) != 0) {
      if (!ticket.compare_exchange_weak(seen, seen - 1, std::memory_order_acq_rel,
                                        std::memory_order_acquire)) {
        continue;
      }
      const std::uint32_t part = part_count - static_cast<std::uint32_t>(seen & 0xffffffffu);
      task(context, part, part_count);
      // The last to finish wakes the caller, who may be asleep already.
      if (parts_left.fetch_sub(1, std::memory_order_acq_rel) == 1) parts_left.notify_one();
      seen = ticket.load(std::memory_order_acquire);
    }
  }

  void worker_loop() {
    std::uint32_t seen = 0;
    while (true) {
      const auto changed = [&] { return section.load(std::memory_order_acquire) != seen; };
      if (!spin_until(changed)) section.wait(seen, std::memory_order_acquire);
      seen = section.load(std::memory_order_acquire);
      if (stop.load(std::memory_order_acquire)) return;
      work();
    }
  }

  void wake_workers() {
    section.fetch_add(1, std::memory_order_acq_rel);
    section.notify_all();
  }
};

ThreadPool::ThreadPool(std::uint32_t thread_count) : impl_(std::make_unique<Impl>()) {
  PICOLM_CHECK(thread_count > 0);
  impl_->workers.reserve(thread_count - 1);
  for (std::uint32_t i = 1; i < thread_count; ++i) {
    impl_->workers.emplace_back([impl = impl_.get()] { impl->worker_loop(); });
  }
}

ThreadPool::~ThreadPool() {
  impl_->stop.store(true, std::memory_order_release);
  impl_->wake_workers();
  for (std::thread& worker : impl_->workers) worker.join();
}

std::uint32_t ThreadPool::thread_count() const {
  return static_cast<std::uint32_t>(impl_->workers.size()) + 1;
}

void ThreadPool::run(Task task, void* context, std::uint32_t part_count) {
  if (part_count <= 1 || impl_->workers.empty()) {
    for (std::uint32_t part = 0; part < part_count; ++part) task(context, part, part_count);
    return;
  }
  Impl& pool = *impl_;
  pool.task = task;
  pool.context = context;
  pool.part_count = part_count;
  pool.parts_left.store(part_count, std::memory_order_relaxed);
  const std::uint64_t number = (pool.ticket.load(std::memory_order_relaxed) >> 32) + 1;
  pool.ticket.store(number << 32 | part_count, std::memory_order_release);
  pool.wake_workers();
  pool.work();
  const auto done = [&] { return pool.parts_left.load(std::memory_order_acquire) == 0; };
  if (spin_until(done)) return;
  for (std::uint32_t left = pool.parts_left.load(std::memory_order_acquire); left != 0;
       left = pool.parts_left.load(std::memory_order_acquire)) {
    pool.parts_left.wait(left, std::memory_order_acquire);
  }
}

}  // namespace inference
