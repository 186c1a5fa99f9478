#include "inference/cli/bench_paging.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <vector>

#include "inference/paging/storage.h"

namespace picolm {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadBytes = 4u << 20;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

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

SweepFigures measure_sweeps(inference::LoadedModel& loaded, std::size_t repetitions) {
  const inference::Config& config = loaded.model.config();
  inference::KvSequence sequence(config.layer_count, config.kv_width(), 1);
  const inference::TokenId wanted[] = {0, config.vocabulary_count / 2};
  float out[2];
  const inference::BatchRow row{.token = config.vocabulary_count / 3,
                                .sequence = &sequence,
                                .logits = inference::BatchRow::Logits::Some,
                                .wanted = wanted,
                                .out = out};
  const auto sweep = [&] {
    if (loaded.model.forward({&row, 1}) != inference::ForwardStatus::Done) {
      throw std::runtime_error("forward: the weights could not be read");
    }
  };
  sweep();
  const std::uint64_t before = loaded.model.bytes_read();
  std::vector<double> seconds;
  for (std::size_t i = 0; i < repetitions; ++i) {
    const auto start = Clock::now();
    sweep();
    seconds.push_back(seconds_since(start));
  }
  std::nth_element(seconds.begin(), seconds.begin() + static_cast<long>(repetitions / 2),
                   seconds.end());
  return {seconds[repetitions / 2], (loaded.model.bytes_read() - before) / repetitions};
}

}  // namespace picolm
