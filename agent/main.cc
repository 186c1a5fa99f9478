// The command line of picolm-agent. Exit codes: 0 done, 1 refused input, 2 wrong usage.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <map>
#include <string>

#include "agent/commands.h"

namespace {

constexpr int kWrongUsage = 2;

void add_config(CLI::App* command, std::string* config) {
  command->add_option("-c,--config", *config, "configuration file (JSON with comments)")
      ->required();
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app{"Structured decisions from MQTT messages, on the device."};
  app.name("picolm-agent");
  app.set_version_flag("--version", std::string(PICOLM_VERSION));
  app.require_subcommand(1);

  agent::RunCommand run;
  bool advise = false;  // the only mode there is, so it changes nothing yet
  CLI::App* run_command = app.add_subcommand("run", "run until SIGTERM; SIGHUP reloads");
  add_config(run_command, &run.config);
  run_command->add_flag("--advise", advise, "force every route to advise");
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
  if (given->count() > 0) attempt.payload = payload;
  return agent::try_messages(attempt);
} catch (const std::exception& error) {
  std::fprintf(stderr, "picolm-agent: %s\n", error.what());
  return 1;
}
