#pragma once

// The subcommands of picolm-agent. Each returns the exit code: 0 done, 1 refused input.
// Thread safety: called once, from main.

#include <optional>
#include <string>

#include "agent/log.h"

namespace agent {

struct RunCommand {
  std::string config;
  LogLevel log_level = LogLevel::Info;
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

int run(const RunCommand& command);
int check(const CheckCommand& command);
int try_messages(const TryCommand& command);

}  // namespace agent
