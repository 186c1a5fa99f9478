#include "inference/cli/bench_roof.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <vector>

#include "inference/paging/storage.h"

namespace picolm {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kRepetitions = 7;
constexpr std::size_t kReadBytes = 4u << 20;
constexpr std::size_t kCacheLineWords = 8;
constexpr std::size_t kInt8Rounds = 1u << 18;  // some milliseconds

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::uint64_t sum_of(const std::uint64_t* words, std::size_t count) {
  std::uint64_t a = 0, b = 0, c = 0, d = 0;
  for (std::size_t i = 0; i + 4 <= count; i += 4) {
    a += words[i];
    b += words[i + 1];
    c += words[i + 2];
    d += words[i + 3];
  }
  return a + b + c + d;
}

// Median seconds in which each thread calls work(part, parts) once; its results must not be 0.
double measure_threads(
    inference::ThreadPool& pool,
    const std::function<std::uint64_t(std::uint32_t part, std::uint32_t parts)>& work) {
  std::vector<std::uint64_t> results(pool.thread_count() * kCacheLineWords);
  const double seconds = median_seconds(kRepetitions, [&] {
    pool.run(pool.thread_count(), [&](std::uint32_t part, std::uint32_t parts) {
      results[part * kCacheLineWords] = work(part, parts);
    });
  });
  for (std::size_t part = 0; part < pool.thread_count(); ++part) {
    if (results[part * kCacheLineWords] == 0)
      throw std::runtime_error("roof: nothing was computed");
  }
  return seconds;
}

}  // namespace

double median_seconds(std::size_t repetitions, const std::function<void()>& work) {
  work();
  std::vector<double> seconds;
  for (std::size_t i = 0; i < repetitions; ++i) {
    const auto start = Clock::now();
    work();
    seconds.push_back(seconds_since(start));
  }
  const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(repetitions / 2);
  std::nth_element(seconds.begin(), middle, seconds.end());
  return *middle;
}

double measure_memory(inference::ThreadPool& pool, std::size_t buffer_bytes) {
  const std::vector<std::uint64_t> buffer(buffer_bytes / sizeof(std::uint64_t), 1);
  const double seconds = measure_threads(pool, [&](std::uint32_t part, std::uint32_t parts) {
    const std::size_t begin = buffer.size() * part / parts;
    return sum_of(buffer.data() + begin, buffer.size() * (part + 1) / parts - begin);
  });
  return static_cast<double>(buffer_bytes) / seconds;
}

double measure_int8(inference::ThreadPool& pool, const inference::Kernels& kernels) {
  const double seconds = measure_threads(pool, [&](std::uint32_t, std::uint32_t) {
    return static_cast<std::uint64_t>(kernels.multiply_adds(kInt8Rounds));
  });
  return static_cast<double>(kInt8Rounds * inference::kMultiplyAddsARound * pool.thread_count()) /
         seconds;
}

double measure_disk(const std::string& path, std::uint64_t bytes_max) {
  inference::FileStorage storage(path);
  storage.drop_cache();
  const inference::PageBuffer buffer(kReadBytes);
  const std::uint64_t end = std::min(storage.size_bytes(), bytes_max);
  const auto start = Clock::now();
  std::uint64_t done = 0;
  while (done < end) {
    const inference::Hull hull{done, done + kReadBytes};
    const auto read = inference::read_hull(storage, hull, buffer.bytes());
    if (!read) throw std::runtime_error(path + ": found a read error, wanted readable bytes");
    done += read->size();
  }
  return static_cast<double>(done) / seconds_since(start);
}

}  // namespace picolm
