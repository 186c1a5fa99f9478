#include <cstdio>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>

#include "agent/clock.h"
#include "agent/commands.h"
#include "agent/config_file.h"
#include "agent/envelope.h"
#include "agent/judge.h"
#include "agent/lint.h"
#include "agent/object_writer.h"
#include "agent/open_routes.h"
#include "agent/store/store.h"
#include "agent/window_book.h"

namespace agent {
namespace {

using Json = nlohmann::ordered_json;

struct RecordedMessage {
  std::int64_t time_ms = 0;  // stands for now, so that recorded ages are what they were
  transport::Message message;
};

void print_refused(const std::string& topic, std::string_view why) {
  std::puts(ObjectWriter()
                .text("topic", topic)
                .text("outcome", name(Outcome::Rejected))
                .text("reason", why)
                .raw("decision", "null")
                .done()
                .c_str());
}

// Everything that decides, without queue and network.
class Bench {
 public:
  explicit Bench(const Config& config)
      : model_(config.needs_model() ? load_model(config.model) : no_model()),
        open_(model_.decider.get()),
        judge_(config.agent_id, model_.model_hash, model_.decider.get(), "try"),
        routes_(make_route_set(config, 1)) {
    const std::unique_ptr<Store> store = existing_store(config.state_dir);
    for (const auto& route : routes_->routes) {
      std::vector<StoredLesson> lessons;
      if (store != nullptr) lessons = store->lessons().kept(route->name());
      const std::string failure = open_.open(route, plan_lessons(route->config(), lessons)).failure;
      if (!failure.empty()) {
        std::fprintf(stderr, "picolm-agent: route %s: %s\n", route->name().c_str(),
                     failure.c_str());
      }
    }
  }

  void decide(const RecordedMessage& recorded) {
    const transport::Message& message = recorded.message;
    if (transport::topic_error(message.topic) != nullptr) {
      return print_refused(message.topic, reason::kTopicInvalid);
    }
    bool taken = false;
    for (const auto& route : routes_->routes) {
      const auto captures = route->match(message.topic);
      if (!captures) continue;
      taken = true;
      auto elements = read_payload(route->config(), message.payload);
      const WindowBook::Clock::time_point at{std::chrono::milliseconds(recorded.time_ms)};
      for (std::size_t i = 0; i < elements.size(); ++i) {
        windows_.extend(route->config(), message.topic, at, &elements[i]);
        JudgeInput input;
        input.route = route.get();
        if (const auto open = open_.find(route.get())) {
          input.handle = open->handle;
          input.lesson_count = open->lesson_count;
        }
        input.message = &message;
        input.captures = &*captures;
        input.element = &elements[i];
        input.element_index = i;
        input.element_count = elements.size();
        input.now_ms = recorded.time_ms;
        std::puts(explain(judge_.judge({&input, 1}).front()).c_str());
      }
    }
    if (!taken) print_refused(message.topic, reason::kNoRoute);
    std::fflush(stdout);
  }

 private:
  LoadedModel model_;
  OpenRoutes open_;
  Judge judge_;
  WindowBook windows_;
  std::shared_ptr<const RouteSet> routes_;
};

std::int64_t recorded_time(const Json& line) {
  if (!line.contains("ts")) return wall_ms();
  const Json& ts = line["ts"];
  if (ts.is_string()) {
    if (const auto ms = parse_iso8601(ts.get_ref<const std::string&>())) return *ms;
  } else if (ts.is_number()) {
    // Seconds until the year 5138 are below this, milliseconds since 1973 above.
    constexpr double kSecondsMax = 1e11;
    const double value = ts.get<double>();
    if (value >= 0 && value < 1e15) {
      return static_cast<std::int64_t>(value < kSecondsMax ? value * 1000 : value);
    }
  }
  throw ConfigError("ts: found " + ts.dump() + ", wanted seconds, milliseconds or ISO 8601");
}

RecordedMessage read_line(const std::string& where, const std::string& text) {
  const Json line = parse_config_json(where, text);
  if (!line.is_object() || !line.contains("topic") || !line["topic"].is_string() ||
      !line.contains("payload")) {
    throw ConfigError(where + ": wanted {\"ts\":...,\"topic\":...,\"payload\":...}");
  }
  RecordedMessage recorded;
  recorded.time_ms = recorded_time(line);
  recorded.message.topic = line["topic"].get<std::string>();
  const Json& payload = line["payload"];
  recorded.message.payload = payload.is_string()
                                 ? payload.get<std::string>()
                                 : payload.dump(-1, ' ', false, Json::error_handler_t::replace);
  return recorded;
}

}  // namespace

int try_messages(const TryCommand& command) {
  try {
    const Config config = load_config(command.config);
    const Findings findings = lint(config);
    if (!findings.errors.empty()) throw ConfigError(config.file + ": " + findings.errors.front());
    Bench bench(config);
    if (command.payload) {
      RecordedMessage recorded;
      recorded.time_ms = wall_ms();
      recorded.message.topic = command.topic;
      recorded.message.payload = *command.payload;
      bench.decide(recorded);
      return 0;
    }
    std::string text;
    for (std::size_t number = 1; std::getline(std::cin, text); ++number) {
      if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
      const std::string where = "line " + std::to_string(number);
      try {
        bench.decide(read_line(where, text));
      } catch (const ConfigError& error) {
        std::fprintf(stderr, "picolm-agent: %s\n", error.what());
        print_refused("", "line_invalid");
      }
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "picolm-agent: %s\n", error.what());
    return 1;
  }
}

}  // namespace agent
