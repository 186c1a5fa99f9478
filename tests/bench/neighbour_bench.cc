// What a gateway's other work feels of the engine: how late a thread that wakes every millisecond
// is, and how long Mosquitto takes to acknowledge a message, first on an idle machine and then
// while the model is swept without a pause, with the agent's default of threads.
//
//   neighbour_bench MODEL [MEMORY_MIB [SECONDS]]
//
// The 99th percentiles should stay within twice their idle figures.

#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "inference/model/loaded_model.h"
#include "tests/support/broker.h"
#include "transport/link.h"

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::int64_t kNsInS = 1'000'000'000;
constexpr milliseconds kPublishEvery{5};

double microseconds(Clock::duration d) {
  return std::chrono::duration<double, std::micro>(d).count();
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) throw std::runtime_error("nothing was measured");
  const auto at = static_cast<std::ptrdiff_t>(static_cast<double>(values.size() - 1) * share);
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

// How many microseconds late each millisecond's wake-up was.
std::vector<double> measure_timer(Clock::time_point end) {
  std::vector<double> late;
  timespec next{};
  clock_gettime(CLOCK_MONOTONIC, &next);
  while (Clock::now() < end) {
    next.tv_nsec += 1'000'000;
    if (next.tv_nsec >= kNsInS) {
      next.tv_nsec -= kNsInS;
      ++next.tv_sec;
    }
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, nullptr);
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    late.push_back(
        static_cast<double>((now.tv_sec - next.tv_sec) * kNsInS + now.tv_nsec - next.tv_nsec) /
        1000);
  }
  return late;
}

// Microseconds from a publish to its acknowledgement by the broker.
std::vector<double> measure_broker(transport::Client& client, Clock::time_point end) {
  std::vector<double> taken;
  std::mutex mutex;
  std::condition_variable changed;
  for (Clock::time_point next = Clock::now(); next < end; next += kPublishEvery) {
    std::this_thread::sleep_until(next);  // tidy: allow, the pace of the load
    bool done = false;
    const Clock::time_point start = Clock::now();
    client.publish({.topic = "neighbour", .payload = "1"}, [&](transport::PublishResult) {
      const std::lock_guard lock(mutex);
      done = true;
      changed.notify_one();
    });
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return done; });
    taken.push_back(microseconds(Clock::now() - start));
  }
  return taken;
}

struct Figures {
  double timer_p50 = 0, timer_p99 = 0, broker_p50 = 0, broker_p99 = 0;
};

Figures measure(transport::Client& client, std::chrono::seconds seconds) {
  const Clock::time_point end = Clock::now() + seconds;
  std::vector<double> late;
  std::thread timer([&] { late = measure_timer(end); });
  const std::vector<double> taken = measure_broker(client, end);
  timer.join();
  return {percentile(late, 0.5), percentile(late, 0.99), percentile(taken, 0.5),
          percentile(taken, 0.99)};
}

// Passes of 35 rows, as decisions are, until told to stop.
void sweep_until(inference::LoadedModel& loaded, const std::atomic<bool>& stop,
                 std::atomic<std::uint64_t>* passes) {
  std::vector<inference::BatchRow> rows;
  for (std::int32_t i = 0; i < 35; ++i) {
    rows.push_back({.token = static_cast<inference::TokenId>(100 + i), .parent = i - 1});
  }
  const inference::TokenId wanted[] = {1, 2};
  float out[2];
  rows.back().logits = inference::BatchRow::Logits::Some;
  rows.back().wanted = wanted;
  rows.back().out = out;
  while (!stop) {
    if (loaded.model.forward(rows) != inference::ForwardStatus::Done) return;
    ++*passes;
  }
}

void print(const char* name, double idle, double busy) {
  std::printf("%-34s %9.0f us idle %9.0f us swept   %5.2fx\n", name, idle, busy, busy / idle);
}

void run(const char* model, std::uint64_t memory_mib, std::chrono::seconds seconds) {
  const test_support::Broker broker;
  const auto client = transport::make_paho_factory({.uri = broker.uri(), .client_id = "neighbour"})(
      transport::ProtocolVersion::Mqtt5, {});
  if (client->connect().error != transport::ConnectError::None) {
    throw std::runtime_error("the broker could not be reached");
  }
  inference::LoadOptions options;
  options.model_path = model;
  options.memory_bytes_max = memory_mib << 20;
  options.threads = std::max(2u, inference::physical_core_count()) - 1;
  inference::LoadedModel loaded(options);
  const Figures idle = measure(*client, seconds);
  std::atomic<bool> stop = false;
  std::atomic<std::uint64_t> passes = 0;
  std::thread sweeper([&] { sweep_until(loaded, stop, &passes); });
  const Figures busy = measure(*client, seconds);
  stop = true;
  sweeper.join();
  std::printf("%llu passes in %lld s, %u threads, %s\n",
              static_cast<unsigned long long>(passes.load()),
              static_cast<long long>(seconds.count()), options.threads,
              loaded.plan.paged() ? "paged" : "in memory");
  print("1 kHz timer, late, median", idle.timer_p50, busy.timer_p50);
  print("1 kHz timer, late, 99th percentile", idle.timer_p99, busy.timer_p99);
  print("Mosquitto's PUBACK, median", idle.broker_p50, busy.broker_p50);
  print("Mosquitto's PUBACK, 99th percentile", idle.broker_p99, busy.broker_p99);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    std::fprintf(stderr, "usage: %s MODEL [MEMORY_MIB [SECONDS]]\n", argv[0]);
    return 2;
  }
  try {
    run(argv[1], argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 256,
        std::chrono::seconds(argc > 3 ? std::atoi(argv[3]) : 10));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
