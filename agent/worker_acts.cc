// What the worker does about commands to machines: it gives decisions to the actor, publishes what
// comes back, and between messages looks after answers, silence and the stop.

#include <chrono>
#include <string>
#include <utility>

#include "agent/clock.h"
#include "agent/worker.h"

namespace agent {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

void Worker::conclude(const std::vector<Settled>& settled) {
  for (const Settled& each : settled) {
    const DecisionRecord& record = each.record;
    // Into the outbox before the books close: what is counted as decided is on its way.
    options_.deliver(record, each.route->config(), each.request);
    finish(record);
    if (record.outcome == Outcome::Decided || record.outcome == Outcome::Abstained) {
      const std::chrono::duration<double, std::milli> taken =
          steady_clock::now() - each.received_at;
      ledger_->add_latency(taken.count());
    }
  }
  for (const ConfirmRequest& request : actor_->take_requests()) options_.ask(request);
}

ActInput Worker::act_input_of(const InboxItem& item, const Element& element) const {
  ActInput input;
  input.captures = item.captures;
  input.values = element.values;
  input.windows = windows_.values(item.route->config(), item.message.topic, item.received_at);
  input.origin.sequence = item.sequence;
  input.origin.received_ms =
      std::chrono::duration_cast<milliseconds>(item.received_at.time_since_epoch()).count();
  input.origin.source_ms = element.time_ms;
  input.origin.message_expiry_s = item.message.properties.message_expiry_s;
  input.origin.retained = item.message.retained;
  input.origin.queued = item.queued;
  const auto open = handle_of(item);
  input.precise = open && open->precise;
  return input;
}

void Worker::tend_acts() {
  const Moment now = moment_now();
  options_.side->clock().observe(now);
  conclude(actor_->tend(now));
  const SilenceWatch::Changes changes = options_.side->silence().tick(now.steady_ms);
  for (const std::string& topic : changes.speaking) {
    options_.alarms->clear(alarm::kSilent, topic, now.wall_ms);
  }
  for (const SilenceWatch::Silent& silent : changes.silent) {
    const std::string limit = std::to_string(silent.route->config().silence_s);
    options_.alarms->raise(alarm::kSilent, silent.topic, Severity::Warning,
                           silent.topic + ": nothing for " + limit + " s", now.wall_ms);
    const auto captures = silent.route->match(silent.topic);
    if (!captures) continue;
    // The agent's own observation is an input like any other in the books.
    InboxItem item;
    item.route = silent.route;
    item.message.topic = silent.topic;
    item.captures = *captures;
    // Made now and ruled now: a later clock reading would lie in the ruling's future.
    item.received_at = steady_clock::time_point(milliseconds(now.steady_ms));
    item.sequence = options_.side->next_sequence();
    const std::vector<Element> elements(1);
    const JudgeInput input = input_of(item, elements, 0);
    ledger_->receive(1);
    ActInput act = act_input_of(item, elements[0]);
    act.precise = true;  // nothing that was learned is in it
    Settled settled{judge_->silent(input), item.route, {}, item.received_at};
    conclude(actor_->settle(std::move(settled), std::move(act), now));
  }
  tell_precision();
}

void Worker::tell_precision() {
  if (open_.empty()) return;
  const std::int64_t now_ms = wall_ms();
  for (const Route* route : open_.back().routes->routes()) {
    const RouteConfig& config = route->config();
    if (config.mode != RouteMode::Act || !config.needs_model()) continue;
    const auto found = open_.back().routes->find(route);
    if (found && found->precise) {
      options_.alarms->clear(alarm::kActSuspended, config.name, now_ms);
      continue;
    }
    options_.alarms->raise(
        alarm::kActSuspended, config.name, Severity::Warning,
        "route " + config.name + ": not precise enough on held-out examples to act; it advises",
        now_ms);
  }
}

}  // namespace agent
