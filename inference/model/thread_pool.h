#pragma once

// Persistent workers for the matrix products. The calling thread works too.
// Thread safety: run() is called by one thread at a time.

#include <cstdint>
#include <functional>
#include <memory>

namespace inference {

// The cores this process may run on, at least 1. Threads of one core share its arithmetic, so they
// count once.
std::uint32_t physical_core_count();

class ThreadPool {
 public:
  // `thread_count` includes the caller; at least 1.
  explicit ThreadPool(std::uint32_t thread_count);
  ~ThreadPool();
  std::uint32_t thread_count() const;

  // Calls task(context, part, part_count) once for each part in [0, part_count), spread over the
  // threads; returns when all are done. Allocates nothing.
  using Task = void (*)(void* context, std::uint32_t part, std::uint32_t part_count);
  void run(Task task, void* context, std::uint32_t part_count);

  // The same for a callable.
  template <typename Function>
  void run(std::uint32_t part_count, Function&& function) {
    run(
        [](void* context, std::uint32_t part, std::uint32_t count) {
          (*static_cast<std::remove_reference_t<Function>*>(context))(part, count);
        },
        &function, part_count);
  }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace inference
