#include "agent/ingress.h"

#include <algorithm>

#include "schemas/payload.h"
#include "transport/topic_filter.h"

namespace agent {

void Ingress::set_routes(std::shared_ptr<const RouteSet> routes) {
  const std::lock_guard lock(mutex_);
  routes_ = std::move(routes);
}

std::shared_ptr<const RouteSet> Ingress::routes() const {
  const std::lock_guard lock(mutex_);
  return routes_;
}

void Ingress::accept(transport::Message&& message) noexcept {
  const auto reject = [&](std::string_view why) {
    ledger_->receive(1);
    refuse(Outcome::Rejected, why, "", message.topic);
  };
  const std::shared_ptr<const RouteSet> set = routes();
  if (transport::topic_error(message.topic) != nullptr) return reject(reason::kTopicInvalid);
  if (side_ != nullptr && side_->take(*set, message)) return;
  if (set->is_feedback(message.topic)) return accept_feedback(*set, std::move(message));
  if (set->is_own_output(message.topic)) return reject(reason::kOwnOutput);
  bool taken = false;
  for (const auto& route : set->routes) {
    auto captures = route->match(message.topic);
    if (!captures) continue;
    taken = true;
    offer(*set, route, message, std::move(*captures));
  }
  if (!taken) reject(reason::kNoRoute);
}

void Ingress::offer(const RouteSet& set, const std::shared_ptr<const Route>& route,
                    const transport::Message& message, transport::Captures captures) {
  ledger_->receive(1);
  const RouteConfig& config = route->config();
  const bool command = config.message_class == MessageClass::Command;
  if (message.retained && (command || config.retained == RetainedPolicy::Ignore)) {
    return refuse(Outcome::Rejected, reason::kRetained, route->name(), message.topic);
  }
  if (message.payload.size() > config.payload.limits.bytes_max) {
    return refuse(Outcome::Rejected, schemas::name(schemas::PayloadError::TooLarge), route->name(),
                  message.topic);
  }
  InboxItem item{InboxKind::Input, set.generation,      route,
                 message,          std::move(captures), std::chrono::steady_clock::now()};
  if (side_ != nullptr) {
    item.sequence = side_->next_sequence();
    item.queued = !side_->live();
  }
  if (inbox_->push(std::move(item))) return;
  refuse(Outcome::Shed,
         config.message_class == MessageClass::Telemetry ? reason::kQueueFull
                                                         : reason::kCommandQueueFull,
         route->name(), message.topic);
}

void Ingress::accept_feedback(const RouteSet& set, transport::Message&& message) {
  feedback_->receive();
  FeedbackRefusal refusal;
  refusal.route = message.topic.substr(set.feedback_prefix.size());
  const auto refuse = [&](std::string_view why, std::string text) {
    refusal.reason = why;
    refusal.text = std::move(text);
    feedback_->refuse(refusal);
  };
  const auto route = std::find_if(set.routes.begin(), set.routes.end(),
                                  [&](const auto& each) { return each->name() == refusal.route; });
  if (route == set.routes.end()) return refuse(reason::kUnknownRoute, "no route of this name");
  // What the broker had stored would teach again after every start.
  if (message.retained) return refuse(reason::kRetained, "feedback must not be retained");
  if (message.payload.size() > kFeedbackBytesMax) {
    return refuse(reason::kFeedbackTooLarge, "found " + std::to_string(message.payload.size()) +
                                                 " bytes, wanted at most " +
                                                 std::to_string(kFeedbackBytesMax));
  }
  InboxItem item{InboxKind::Feedback,
                 set.generation,
                 *route,
                 std::move(message),
                 {},
                 std::chrono::steady_clock::now()};
  if (!inbox_->push(std::move(item))) refuse(reason::kQueueFull, "too many messages wait");
}

void Ingress::reject_dropped(std::string_view why) noexcept {
  std::string_view code = reason::kTopicInvalid;
  if (why == transport::kPropertiesTooLarge) code = reason::kPropertiesTooLarge;
  if (why == transport::kOverPacketLimit) code = schemas::name(schemas::PayloadError::TooLarge);
  ledger_->receive(1);
  const std::uint64_t count = ledger_->finish(Outcome::Rejected, code);
  if (!worth_logging(count)) return;
  logger_->warning("input.rejected", {{"reason", std::string(code)},
                                      {"detail", std::string(why)},
                                      {"count", std::to_string(count)}});
}

void Ingress::refuse(Outcome outcome, std::string_view why, std::string_view route,
                     std::string_view topic) {
  const std::uint64_t count = ledger_->finish(outcome, why);
  if (!worth_logging(count)) return;
  logger_->warning(outcome == Outcome::Shed ? "input.shed" : "input.rejected",
                   {{"reason", std::string(why)},
                    {"route", std::string(route)},
                    {"topic", std::string(topic)},
                    {"count", std::to_string(count)}});
}

}  // namespace agent
