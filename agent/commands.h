#pragma once

// The subcommands of picolm-agent. Each returns the exit code: 0 done, 1 refused input.
// Thread safety: called once, from main.

#include <cstdint>
#include <optional>
#include <string>

#include "agent/log.h"

namespace agent {

struct RunCommand {
  std::string config;
  LogLevel log_level = LogLevel::Info;
  bool advise = false;  // every route only advises
};

struct CheckCommand {
  std::string config;
  bool load_model = true;
};

struct TryCommand {
  std::string config;
  std::string topic;
  std::optional<std::string> payload;  // nothing: JSON lines on standard input
};

struct LessonsCommand {
  enum class Action { List, Export, Forget };
  std::string config;
  Action action = Action::List;
  std::string route;               // empty: all; never for Forget
  std::optional<std::int64_t> id;  // Forget: this one; nothing: all of the route
};

int run(const RunCommand& command);
int check(const CheckCommand& command);
int try_messages(const TryCommand& command);
int lessons(const LessonsCommand& command);

}  // namespace agent
