#pragma once

// std::mutex and a condition variable with clang's thread-safety annotations, which libstdc++'s
// own types lack. With GCC the annotations are nothing.
// Thread safety: that is what they are for.

#include <chrono>
#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define PICOLM_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define PICOLM_THREAD_ATTRIBUTE(x)
#endif
#define PICOLM_GUARDED_BY(x) PICOLM_THREAD_ATTRIBUTE(guarded_by(x))
#define PICOLM_REQUIRES(...) PICOLM_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define PICOLM_EXCLUDES(...) PICOLM_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))

namespace transport {

class PICOLM_THREAD_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  void lock() PICOLM_THREAD_ATTRIBUTE(acquire_capability()) { mutex_.lock(); }
  void unlock() PICOLM_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class PICOLM_THREAD_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) PICOLM_THREAD_ATTRIBUTE(acquire_capability(mutex))
      : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() PICOLM_THREAD_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

class CondVar {
 public:
  // Wait for a notification, releasing `mutex` meanwhile. May wake for no reason: loop.
  void wait(Mutex& mutex) PICOLM_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  void wait_until(Mutex& mutex, std::chrono::steady_clock::time_point deadline)
      PICOLM_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait_until(lock, deadline);
    lock.release();
  }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace transport
