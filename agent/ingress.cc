#include "agent/ingress.h"

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
  InboxItem item{set.generation, route, message, std::move(captures),
                 std::chrono::steady_clock::now()};
  if (inbox_->push(std::move(item))) return;
  refuse(Outcome::Shed,
         config.message_class == MessageClass::Telemetry ? reason::kQueueFull
                                                         : reason::kCommandQueueFull,
         route->name(), message.topic);
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
