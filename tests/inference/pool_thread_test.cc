#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "inference/model/parallel.h"
#include "inference/model/thread_pool.h"

namespace inference {
namespace {

TEST(ThreadPool, CountsTheCoresItMayUse) {
  cpu_set_t all;
  ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
  const std::uint32_t cores = physical_core_count();
  EXPECT_GE(cores, 1u);
  EXPECT_LE(cores, static_cast<std::uint32_t>(CPU_COUNT(&all)));
  int first = 0;
  while (!CPU_ISSET(first, &all)) ++first;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  std::thread([&] {  // the limit is the thread's own
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_EQ(physical_core_count(), 1u);
  })
      .join();
}

TEST(ThreadPool, RunsEveryPartOnceAndReturnsWhenAllAreDone) {
  for (const std::uint32_t threads : {1u, 2u, 5u}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.thread_count(), threads);
    for (const std::uint32_t parts : {0u, 1u, 2u, 3u, 64u}) {
      std::vector<int> runs(parts);  // plain: run() orders them before what follows
      pool.run(parts, [&](std::uint32_t part, std::uint32_t count) {
        EXPECT_EQ(count, parts);
        ++runs[part];
      });
      EXPECT_TRUE(std::all_of(runs.begin(), runs.end(), [](int n) { return n == 1; }));
    }
  }
}

TEST(ThreadPool, KeepsSectionsApartWhenTheyFollowEachOtherQuickly) {
  ThreadPool pool(4);
  std::vector<std::uint64_t> sums(7);
  constexpr std::uint64_t kSections = 5000;
  for (std::uint64_t section = 0; section < kSections; ++section) {
    const auto parts = static_cast<std::uint32_t>(1 + section % sums.size());
    pool.run(parts, [&sums, section](std::uint32_t part, std::uint32_t) { sums[part] += section; });
  }
  for (std::uint32_t part = 0; part < sums.size(); ++part) {
    std::uint64_t expected = 0;
    for (std::uint64_t section = 0; section < kSections; ++section) {
      if (part < 1 + section % sums.size()) expected += section;
    }
    EXPECT_EQ(sums[part], expected) << part;
  }
}

TEST(ThreadPool, UsesTheThreadsItHas) {
  ThreadPool pool(3);
  // Each part waits for the others, so that only three threads at once can finish it.
  std::atomic<int> arrived{0};
  pool.run(3, [&](std::uint32_t, std::uint32_t) {
    ++arrived;
    while (arrived.load() < 3) std::this_thread::yield();
  });
  EXPECT_EQ(arrived.load(), 3);
}

TEST(ThreadPool, StartsAndStopsWithoutWork) {
  for (int i = 0; i < 50; ++i) ThreadPool pool(3);
}

TEST(ParallelFor, CoversTheRangeOnceInPiecesOfTheGrain) {
  ThreadPool pool(3);
  for (const std::uint32_t count : {0u, 1u, 7u, 8u, 100u}) {
    for (const std::uint32_t grain : {1u, 3u, 8u, 1000u}) {
      std::vector<int> runs(count);
      parallel_for(pool, count, grain,
                   [&](std::uint32_t begin, std::uint32_t end, std::uint32_t worker) {
                     EXPECT_LT(worker, pool.thread_count());
                     EXPECT_LE(end - begin, grain);
                     for (std::uint32_t i = begin; i < end; ++i) ++runs[i];
                   });
      EXPECT_TRUE(std::all_of(runs.begin(), runs.end(), [](int n) { return n == 1; }));
    }
  }
}

// The state letter of a thread of this process: R running, S asleep.
char thread_state(pid_t thread) {
  std::string text;
  std::getline(std::ifstream("/proc/self/task/" + std::to_string(thread) + "/stat"), text);
  const std::size_t name_end = text.rfind(')');
  return name_end == std::string::npos ? '?' : text[name_end + 2];
}

TEST(ThreadPool, WorkersSleepWhenThereIsNothingToDo) {
  ThreadPool pool(3);
  std::vector<pid_t> threads(3);
  std::atomic<int> arrived{0};
  pool.run(3, [&](std::uint32_t part, std::uint32_t) {
    threads[part] = ::gettid();
    ++arrived;
    while (arrived.load() < 3) std::this_thread::yield();
  });
  std::erase(threads, ::gettid());
  ASSERT_EQ(threads.size(), 2u);
  // They spin for microseconds and must then be seen asleep; a busy machine may take its time.
  const auto asleep = [&] {
    return std::all_of(threads.begin(), threads.end(),
                       [](pid_t thread) { return thread_state(thread) == 'S'; });
  };
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  bool seen_asleep = false;
  while (!seen_asleep && std::chrono::steady_clock::now() < deadline) {
    seen_asleep = asleep();
    std::this_thread::yield();
  }
  EXPECT_TRUE(seen_asleep);
  // And still wake up.
  std::atomic<int> runs{0};
  pool.run(3, [&](std::uint32_t, std::uint32_t) { ++runs; });
  EXPECT_EQ(runs.load(), 3);
}

}  // namespace
}  // namespace inference
