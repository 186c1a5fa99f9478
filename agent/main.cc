// The command line of picolm-agent. Exit codes: 0 done, 1 refused input, 2 wrong usage.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <map>
#include <string>

#include "agent/commands.h"

namespace {

constexpr int kWrongUsage = 2;

// `lessons list|export|forget`; which of them was given is in `command` after parsing.
CLI::App* add_lessons(CLI::App* app, agent::LessonsCommand* command, std::int64_t* id, bool* all) {
  using Action = agent::LessonsCommand::Action;
  CLI::App* lessons =
      app->add_subcommand("lessons",
                          "what was taught by feedback: list, export or forget it; a running agent "
                          "notices within two seconds, or at once on SIGHUP");
  lessons->add_option("-c,--config", command->config, "configuration file (JSON with comments)")
      ->required();
  lessons->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, Action action) {
    CLI::App* sub = lessons->add_subcommand(name, text);
    sub->fallthrough();
    sub->callback([command, action] { command->action = action; });
    CLI::Option* route = sub->add_option("--route", command->route, "of this route only");
    if (action == Action::Forget) route->required();
    return sub;
  };
  add("list", "one JSON line a lesson, forgotten and pending ones included", Action::List);
  add("export", "rows {payload,expected} for the configuration's `examples`", Action::Export);
  CLI::App* forget = add("forget", "undo lessons of a route", Action::Forget);
  CLI::Option* one = forget->add_option("--id", *id, "the lesson with this id");
  CLI::Option* every = forget->add_flag("--all", *all, "all lessons of the route");
  one->excludes(every);
  return lessons;
}

void add_config(CLI::App* command, std::string* config) {
  command->add_option("-c,--config", *config, "configuration file (JSON with comments)")
      ->required();
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app{"Structured decisions from MQTT messages, on the device."};
  app.name("picolm-agent");
  app.set_version_flag("--version", std::string("picolm-agent ") + PICOLM_VERSION);
  app.require_subcommand(1);

  agent::RunCommand run;
  CLI::App* run_command = app.add_subcommand("run", "run until SIGTERM; SIGHUP reloads");
  add_config(run_command, &run.config);
  run_command->add_flag("--advise", run.advise, "force every route to advise");
  const std::map<std::string, agent::LogLevel> levels = {{"debug", agent::LogLevel::Debug},
                                                         {"info", agent::LogLevel::Info},
                                                         {"warning", agent::LogLevel::Warning},
                                                         {"error", agent::LogLevel::Error}};
  run_command->add_option("--log-level", run.log_level, "debug, info, warning or error")
      ->transform(CLI::CheckedTransformer(levels));

  agent::CheckCommand check;
  bool no_model = false;
  CLI::App* check_command =
      app.add_subcommand("check", "validate the configuration without a broker");
  add_config(check_command, &check.config);
  check_command->add_flag("--no-model", no_model, "do not load the model");

  agent::TryCommand attempt;
  std::string payload;
  CLI::App* try_command =
      app.add_subcommand("try",
                         "decide and explain, publish nothing; without --payload reads "
                         "JSON lines {ts,topic,payload}");
  add_config(try_command, &attempt.config);
  CLI::Option* topic = try_command->add_option("--topic", attempt.topic, "topic of the message");
  CLI::Option* given = try_command->add_option("--payload", payload, "payload of the message");
  given->needs(topic);
  topic->needs(given);

  agent::LessonsCommand lessons;
  std::int64_t lesson_id = -1;
  bool all_lessons = false;
  CLI::App* lessons_command = add_lessons(&app, &lessons, &lesson_id, &all_lessons);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kWrongUsage;
  }
  if (run_command->parsed()) return agent::run(run);
  if (check_command->parsed()) {
    check.load_model = !no_model;
    return agent::check(check);
  }
  if (lessons_command->parsed()) {
    if (lesson_id >= 0) lessons.id = lesson_id;
    const bool forgets = lessons.action == agent::LessonsCommand::Action::Forget;
    if (forgets && !lessons.id && !all_lessons) {
      std::fputs("forget: wanted --id N or --all\n", stderr);
      return kWrongUsage;
    }
    return agent::lessons(lessons);
  }
  if (given->count() > 0) attempt.payload = payload;
  return agent::try_messages(attempt);
} catch (const std::exception& error) {
  std::fprintf(stderr, "picolm-agent: %s\n", error.what());
  return 1;
}
