#include "agent/report.h"

#include <unistd.h>

#include <cmath>
#include <cstdio>

#include "agent/clock.h"
#include "agent/object_writer.h"

namespace agent {

std::string json_decimal(double value, int digits) {
  char buffer[64];
  const bool shown = std::isfinite(value) && std::fabs(value) < 1e15;
  std::snprintf(buffer, sizeof buffer, "%.*f", digits, shown ? value : 0.0);
  return buffer;
}

std::string status_json(const StatusReport& status) {
  ObjectWriter routes;
  for (const auto& [name, failure] : status.routes) {
    routes.text(name, failure.empty() ? "ok" : "failed: " + failure);
  }
  return ObjectWriter()
      .text("state", status.state)
      .raw("since", status.since.empty() ? "null" : json_quote(status.since))
      .text("version", PICOLM_VERSION)
      .text("config_hash", status.config_hash)
      .text("model_hash", status.model_hash)
      .raw("routes", routes.done())
      .done();
}

std::string metrics_json(const MetricsReport& metrics) {
  ObjectWriter outcomes;
  for (std::size_t i = 0; i < kOutcomeCount; ++i) {
    outcomes.count(kOutcomeNames[i], metrics.ledger.outcomes[i]);
  }
  ObjectWriter reasons;
  for (const auto& [name, count] : metrics.ledger.reasons) reasons.count(name, count);
  ObjectWriter refusals;
  for (const auto& [name, count] : metrics.feedback.reasons) refusals.count(name, count);
  const LatencySummary& latency = metrics.ledger.latency_ms;
  const OutboxCounts& outbox = metrics.outbox;
  return ObjectWriter()
      .count("received", metrics.ledger.received)
      .count("pending", metrics.ledger.pending)
      .raw("outcomes", outcomes.done())
      .raw("reasons", reasons.done())
      .raw("latency_ms", ObjectWriter()
                             .count("count", latency.count)
                             .raw("p50", json_decimal(latency.p50, 3))
                             .raw("p99", json_decimal(latency.p99, 3))
                             .raw("max", json_decimal(latency.max, 3))
                             .done())
      .raw("queue", ObjectWriter()
                        .count("messages", metrics.queue.messages)
                        .count("bytes", metrics.queue.bytes)
                        .done())
      .raw("outbox", ObjectWriter()
                         .count("added", outbox.added)
                         .count("acknowledged", outbox.acknowledged)
                         .count("no_subscribers", outbox.no_subscribers)
                         .count("refused", outbox.refused)
                         .count("expired", outbox.expired)
                         .count("stopped", outbox.stopped)
                         .count("dropped", outbox.dropped)
                         .count("waiting", outbox.waiting)
                         .count("in_flight", outbox.in_flight)
                         .done())
      .raw("feedback",
           ObjectWriter()
               .count("received", metrics.feedback.received)
               .count("accepted", metrics.feedback.accepted)
               .count("refused", metrics.feedback.refused)
               .raw("reasons", refusals.done())
               .count("trainings", metrics.feedback.trainings)
               .raw("training_ms_max", json_decimal(metrics.feedback.training_ms_max, 1))
               .done())
      .raw("link", ObjectWriter()
                       .count("connects", metrics.link.connects)
                       .count("attempts", metrics.link.attempts)
                       .done())
      .raw("uptime_s", std::to_string(metrics.uptime_s))
      .count("resident_bytes", metrics.resident_bytes)
      .done();
}

std::string refused_json(const FeedbackRefusal& refusal, std::int64_t time_ms) {
  return ObjectWriter()
      .text("kind", "feedback")
      .raw("input", refusal.input.empty() ? "null" : json_quote(refusal.input))
      .raw("topic", refusal.topic.empty() ? "null" : json_quote(refusal.topic))
      .raw("best_guess", "null")
      .raw("confidence", "0")
      .text("reason", refusal.reason)
      .text("text", refusal.text)
      .text("time", iso8601(time_ms))
      .done();
}

std::uint64_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long long total = 0;
  unsigned long long resident = 0;
  const int read = std::fscanf(file, "%llu %llu", &total, &resident);
  std::fclose(file);
  if (read != 2) return 0;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace agent
