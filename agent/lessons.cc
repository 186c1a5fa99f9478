// What was taught in service: looked at, written out, undone. Works beside a running agent, which
// notices within two seconds, or at once on SIGHUP.

#include <algorithm>
#include <cstdio>
#include <exception>

#include "agent/clock.h"
#include "agent/commands.h"
#include "agent/config.h"
#include "agent/object_writer.h"
#include "agent/store/store.h"

namespace agent {
namespace {

// A payload as it stands in a row of `examples`: JSON as it is, everything else as a text.
std::string row_payload(const RouteConfig* route, const StoredLesson& lesson) {
  schemas::PayloadOptions options;
  if (route != nullptr) options = route->payload;
  const schemas::Payload payload = schemas::parse_payload(lesson.payload, options);
  const bool json = payload.error == schemas::PayloadError::None &&
                    payload.format == schemas::PayloadFormat::Json;
  // A payload that is a JSON text keeps its quotes as a text within a text.
  if (json && json_members(payload.text)) return json_compact(payload.text);
  return json_quote(lesson.payload);
}

const RouteConfig* find_route(const Config& config, const std::string& name) {
  const auto found = std::find_if(config.routes.begin(), config.routes.end(),
                                  [&](const RouteConfig& route) { return route.name == name; });
  return found == config.routes.end() ? nullptr : &*found;
}

void print_lesson(const StoredLesson& lesson) {
  std::puts(ObjectWriter()
                .count("id", static_cast<std::uint64_t>(lesson.id))
                .text("route", lesson.route)
                .text("state", lesson.state)
                .text("source", lesson.source)
                .raw("weight", json_decimal(lesson.weight, 2))
                .text("time", iso8601(lesson.time_ms))
                .text("text", lesson.text)
                .raw("expected", lesson.expected)
                .text("topic", lesson.topic)
                .text("input", lesson.input)
                .done()
                .c_str());
}

void print_row(const Config& config, const StoredLesson& lesson) {
  if (lesson.state != "active") return;
  std::puts(ObjectWriter()
                .raw("payload", row_payload(find_route(config, lesson.route), lesson))
                .raw("expected", lesson.expected)
                .done()
                .c_str());
}

int forget(const LessonsCommand& command, Store* store) {
  const std::int64_t count = store->lessons().forget(command.route, command.id);
  std::fprintf(stderr, "picolm-agent: %lld lessons of route %s forgotten\n",
               static_cast<long long>(count), command.route.c_str());
  if (count > 0 || !command.id) return 0;
  std::fprintf(stderr, "picolm-agent: --id: found no lesson %lld of this route to forget\n",
               static_cast<long long>(*command.id));
  return 1;
}

}  // namespace

int lessons(const LessonsCommand& command) {
  try {
    const Config config = load_config(command.config);
    if (config.state_dir.empty()) {
      throw ConfigError(config.file +
                        ": state_dir: found none, wanted the folder that keeps "
                        "lessons");
    }
    const std::unique_ptr<Store> store = existing_store(config.state_dir);
    if (store == nullptr) {
      std::fprintf(stderr, "picolm-agent: %s: nothing was taught yet\n",
                   store_path(config.state_dir).c_str());
      return command.action == LessonsCommand::Action::Forget && command.id ? 1 : 0;
    }
    if (command.action == LessonsCommand::Action::Forget) return forget(command, store.get());
    for (const StoredLesson& lesson : store->lessons().all(command.route)) {
      if (command.action == LessonsCommand::Action::List) {
        print_lesson(lesson);
      } else {
        print_row(config, lesson);
      }
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "picolm-agent: %s\n", error.what());
    return 1;
  }
}

}  // namespace agent
