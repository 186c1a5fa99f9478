#include "agent/app.h"

#include <algorithm>
#include <exception>
#include <random>
#include <thread>

#include "agent/broker_link.h"
#include "agent/clock.h"
#include "agent/config_change.h"
#include "agent/config_route.h"
#include "agent/envelope.h"
#include "agent/object_writer.h"

namespace agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::string random_nonce() {
  std::random_device device;
  static constexpr char kHex[] = "0123456789abcdef";
  std::string nonce;
  for (int i = 0; i < 4; ++i) {
    std::uint32_t bits = device();
    for (int digit = 0; digit < 4; ++digit, bits >>= 4) nonce += kHex[bits & 15];
  }
  return nonce;
}

// `model` with a place for the prompts that were evaluated.
ModelConfig with_prefixes(ModelConfig model, const StateDir& state_dir) {
  model.prefix_dir = state_dir.subfolder("prefixes");
  return model;
}

}  // namespace

App::App(Config config, AppOptions options, Logger* logger)
    : options_(std::move(options)),
      logger_(logger),
      started_at_(steady_clock::now()),
      file_(config.file),
      source_(config.topic_root + "/" + config.agent_id),
      config_(checked(advise_only(std::move(config), options_.advise), logger)),
      state_dir_(config_.state_dir),
      alarms_(source_ + "/alarm/"),
      inbox_(options_.inbox),
      feedback_(logger, [this](const FeedbackRefusal& refusal) { tell_refused(refusal); }),
      side_(config_.state_dir.empty() ? "" : config_.state_dir + "/stop.db", &alarms_, logger,
            [this] { inbox_.wake(); }),
      ingress_(&inbox_, &ledger_, &feedback_, logger, &side_),
      outbox_(
          options_.outbox,
          [this](transport::Message message, Outbox::Done done) {
            transport::Link* link = link_for_send_;
            return link != nullptr && link->publish(std::move(message), std::move(done));
          },
          [this](const Outbound& outbound) {
            return outbound.duty != Outbound::Duty::Command || !side_.stops().standing();
          }),
      worker_({config_.agent_id,
               config_.state_dir.empty() ? "" : config_.state_dir + "/windows.json", random_nonce(),
               [load = options_.load, model = with_prefixes(config_.model, state_dir_),
                needed = config_.needs_model()] { return needed ? load(model) : no_model(); },
               [path = config_.state_dir] { return open_store(path, {}); },
               [this](const DecisionRecord& record, const RouteConfig& route,
                      const transport::Properties& request) { deliver(record, route, request); },
               [this](const ConfirmRequest& request) { ask(request); }, &side_, &alarms_},
              &inbox_, &ledger_, &feedback_, logger) {
  // Options that can never work must not wait for the model to be loaded.
  transport::make_paho_factory(client_options(config_, status()));
  for (const std::string_view code : {alarm::kAckMissing, alarm::kActSuspended, alarm::kClock,
                                      alarm::kSilent, alarm::kStop, alarm::kStore}) {
    alarms_.declare(code);
  }
}

App::~App() = default;

void App::start() {
  auto routes = make_route_set(config_, generation_);
  ingress_.set_routes(routes);
  side_.silence().set_routes(*routes, moment_now().steady_ms);
  logger_->info("agent.starting", {{"agent", config_.agent_id},
                                   {"version", PICOLM_VERSION},
                                   {"routes", std::to_string(config_.routes.size())},
                                   {"model", config_.model.path},
                                   {"config_hash", config_.hash}});
  worker_.start(std::move(routes));
}

bool App::tick() {
  if (link_ == nullptr) {
    switch (worker_.wait_loaded(milliseconds(0))) {
      case WorkerPhase::Loading:
        return true;
      case WorkerPhase::Failed:
      case WorkerPhase::Stopped:
        failure_ = worker_.failure();
        return false;
      case WorkerPhase::Running:
        break;
    }
    try {
      start_link();
    } catch (const std::exception& error) {
      // A password or key file that went away while the model was loaded.
      failure_ = error.what();
      return false;
    }
    return true;
  }
  watch_clock();
  pump();
  update_status();
  publish_alarms();
  if (steady_clock::now() >= metrics_at_) publish_metrics();
  return true;
}

void App::start_link() {
  const std::chrono::duration<double> taken = steady_clock::now() - started_at_;
  logger_->info("model.loaded", {{"model_hash", worker_.model_hash()},
                                 {"seconds", json_decimal(taken.count(), 2)}});
  StatusReport will = status();
  will.state = "offline";
  will.since.clear();
  transport::LinkEvents events;
  events.on_message = [this](transport::Message&& message) { ingress_.accept(std::move(message)); };
  events.on_link = [this](const transport::LinkState& state) { on_link(state); };
  events.on_rejected = [this](std::string_view why) { ingress_.reject_dropped(why); };
  link_ =
      std::make_unique<transport::Link>(transport::make_paho_factory(client_options(config_, will)),
                                        options_.link, std::move(events));
  link_for_send_ = link_.get();
  link_->set_subscriptions(subscriptions(config_));
  link_->start();
}

void App::on_link(const transport::LinkState& state) {
  {
    const std::lock_guard lock(mutex_);
    refused_filters_ = state.refused_filters;
  }
  using enum transport::LinkPhase;
  if (state.phase == Connected) {
    link_failures_ = 0;
    const bool v5 = state.version == transport::ProtocolVersion::Mqtt5;
    if (link_connects_ != state.connects) {
      logger_->info("link.connected",
                    {{"session_present", state.session_present ? "true" : "false"},
                     {"version", v5 ? "5" : "3.1.1"},
                     {"connects", std::to_string(state.connects)}});
    }
    link_connects_ = state.connects;
    // All that the broker had kept for this session comes before the fence does.
    if (fence_connect_ != state.connects) {
      fence_connect_ = state.connects;
      transport::Message fence;
      fence.topic = source_ + "/fence";
      fence.payload = side_.raise_fence();
      fence.properties.message_expiry_s = 60;
      if (!link_->publish(std::move(fence), [](transport::PublishResult) {})) fence_connect_ = 0;
    }
    for (const std::string& filter : state.refused_filters) {
      logger_->error("link.subscription_refused", {{"filter", filter}});
    }
    outbox_.pump(state.version, steady_clock::now());
  } else {
    side_.link_down();
  }
  if (state.phase == Waiting && worth_logging(++link_failures_)) {
    logger_->warning("link.down", {{"cause", state.cause},
                                   {"reason_code", std::to_string(state.reason_code)},
                                   {"attempts", std::to_string(state.attempts)}});
  }
}

void App::deliver(const DecisionRecord& record, const RouteConfig& route,
                  const transport::Properties& request) {
  const Sender sender{source_, worker_.model_hash(), source_ + "/abstained/"};
  const auto now = steady_clock::now();
  for (Outbound& outbound : compose(record, route, request, *ingress_.routes(), sender)) {
    outbox_.add(std::move(outbound), now);
  }
  pump();
}

void App::ask(const ConfirmRequest& request) {
  Outbound note;
  note.message.topic = source_ + "/confirm/" + request.route;
  note.message.payload = request.payload;
  note.message.properties.content_type = "application/json";
  note.payload_311 = note.message.payload;
  outbox_.add(std::move(note), steady_clock::now());
  pump();
}

void App::tell_refused(const FeedbackRefusal& refusal) {
  // The name is the sender's; only one that could be a route's becomes part of a topic.
  if (!is_plain_name(refusal.route)) return;
  Outbound note;
  note.message.topic = source_ + "/refused/" + refusal.route;
  note.message.payload = refused_json(refusal, wall_ms());
  note.message.properties.content_type = "application/json";
  note.payload_311 = note.message.payload;
  outbox_.add(std::move(note), steady_clock::now());
}

void App::pump() {
  transport::Link* link = link_for_send_;
  if (link == nullptr) return;
  const transport::LinkState state = link->state();
  if (state.connected()) outbox_.pump(state.version, steady_clock::now());
}

StatusReport App::status() const {
  StatusReport report;
  report.model_hash = worker_.model_hash();
  report.routes = worker_.route_states();
  const std::lock_guard lock(mutex_);
  report.config_hash = config_.hash;
  for (const RouteConfig& route : config_.routes) {
    for (const transport::TopicPattern& pattern : route.subscribe) {
      const bool refused = std::find(refused_filters_.begin(), refused_filters_.end(),
                                     pattern.filter()) != refused_filters_.end();
      if (refused) report.routes[route.name] = "the broker refuses " + pattern.filter();
    }
  }
  const bool works = std::all_of(report.routes.begin(), report.routes.end(),
                                 [](const auto& route) { return route.second.empty(); });
  report.state = works ? "online" : "degraded";
  return report;
}

void App::update_status() {
  const transport::LinkState link = link_->state();
  if (!link.connected()) return;
  StatusReport report = status();
  if (report.state != state_) {
    state_ = report.state;
    state_since_ = iso8601(wall_ms());
    logger_->info("agent.state", {{"state", state_}});
  }
  report.since = state_since_;
  transport::Message message;
  message.topic = source_ + "/status";
  message.payload = status_json(report);
  message.retained = true;
  message.properties.content_type = "application/json";
  if (message.payload == status_sent_ && link.connects == status_connect_) return;
  std::string payload = message.payload;
  if (!link_->publish(std::move(message), [](transport::PublishResult) {})) return;
  status_sent_ = std::move(payload);
  status_connect_ = link.connects;
}

void App::watch_clock() {
  const Moment now = moment_now();
  side_.clock().observe(now);
  if (side_.clock().trusted()) {
    alarms_.clear(alarm::kClock, "", now.wall_ms);
  } else {
    alarms_.raise(alarm::kClock, "", Severity::Error,
                  "the wall clock jumped or is before the year 2026; nothing acts", now.wall_ms);
  }
}

void App::publish_alarms() {
  const transport::LinkState link = link_->state();
  if (!link.connected()) return;
  if (alarms_connect_ != link.connects) alarms_.tell_all();
  alarms_connect_ = link.connects;
  bool sent = true;
  for (transport::Message& message : alarms_.take_changes()) {
    sent = link_->publish(std::move(message), [](transport::PublishResult) {}) && sent;
  }
  // One that the link did not take is told again with the others; a lost one with the next
  // connection.
  if (!sent) alarms_.tell_all();
}

void App::publish_metrics() {
  const transport::LinkState link = link_->state();
  if (!link.connected()) return;
  metrics_at_ = steady_clock::now() + options_.metrics_interval;
  MetricsReport report;
  report.ledger = ledger_.snapshot();
  report.queue = inbox_.depth();
  report.outbox = outbox_.counts();
  report.feedback = feedback_.counts();
  report.link = link;
  report.uptime_s =
      std::chrono::duration_cast<std::chrono::seconds>(steady_clock::now() - started_at_).count();
  report.resident_bytes = resident_bytes();
  transport::Message message;
  message.topic = source_ + "/metrics";
  message.payload = metrics_json(report);
  message.properties.content_type = "application/json";
  // The next one replaces it, so a lost one is not sent again.
  if (!link_->publish(std::move(message), [](transport::PublishResult) {})) return;
}

void App::reload() {
  if (worker_.phase() != WorkerPhase::Running || link_ == nullptr) {
    logger_->warning("config.reload_refused", {{"reason", "still starting"}});
    return;
  }
  try {
    Config next = checked(advise_only(load_config(file_), options_.advise), logger_);
    std::string changed;
    {
      const std::lock_guard lock(mutex_);
      changed = needs_restart(config_, next);
    }
    if (!changed.empty()) throw ConfigError(changed + " changed, which needs a restart");
    auto routes = make_route_set(next, ++generation_);
    worker_.reload(
        routes, [this, next, routes] { apply(next, routes); },
        [this](const std::string& why) {
          logger_->error("config.reload_refused", {{"reason", why}});
        });
  } catch (const std::exception& error) {
    logger_->error("config.reload_refused", {{"reason", error.what()}});
  }
}

void App::apply(Config config, std::shared_ptr<const RouteSet> routes) {
  logger_->info("config.reloaded",
                {{"config_hash", config.hash}, {"routes", std::to_string(config.routes.size())}});
  side_.silence().set_routes(*routes, moment_now().steady_ms);
  ingress_.set_routes(std::move(routes));
  link_->set_subscriptions(subscriptions(config));
  const std::lock_guard lock(mutex_);
  config_ = std::move(config);
}

bool App::stop() {
  logger_->info("agent.stopping", {{"queued", std::to_string(inbox_.depth().messages)}});
  const bool ended = worker_.stop(options_.drain, options_.decision_deadline);
  if (link_ != nullptr) {
    const auto deadline = steady_clock::now() + options_.flush;
    while (connected() && !outbox_.empty() && steady_clock::now() < deadline) {
      pump();
      std::this_thread::sleep_for(milliseconds(5));
    }
    publish_metrics();
    StatusReport report = status();
    report.state = "offline";
    report.since = iso8601(wall_ms());
    transport::Message message;
    message.topic = source_ + "/status";
    message.payload = status_json(report);
    message.retained = true;
    if (!link_->publish(std::move(message), [](transport::PublishResult) {})) {
      logger_->warning("agent.offline_not_published");  // the will is not sent on an orderly close
    }
    link_->stop(milliseconds(500));
    if (ended) {
      link_for_send_ = nullptr;
      link_.reset();  // a second stop() has nothing left to close
    }
    // Else the worker still has the link's address and may come to deliver: a stopped link takes
    // nothing, one that is gone would be used after its end.
  }
  const LedgerSnapshot books = ledger_.snapshot();
  logger_->info("agent.stopped", {{"received", std::to_string(books.received)},
                                  {"pending", std::to_string(books.pending)},
                                  {"decided", std::to_string(books.outcome(Outcome::Decided))},
                                  {"unsent", std::to_string(outbox_.counts().waiting)}});
  return ended;
}

}  // namespace agent
