#pragma once

// Log lines of a fixed form on standard error:
//   2026-01-31T12:00:00.000Z info link.connected session_present=true version=5
// that is time (UTC), level, event, then KEY=VALUE. Values with anything but letters, digits and
// _-./:+# are quoted and escaped as JSON and cut at 200 bytes, so nothing that came from the
// network can forge a line. Payloads and secrets are never logged.
// Thread safety: safe.

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace agent {

enum class LogLevel { Debug, Info, Warning, Error, Off };

class Logger {
 public:
  using Fields = std::initializer_list<std::pair<std::string_view, std::string>>;

  explicit Logger(LogLevel level);
  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  void debug(std::string_view event, Fields fields = {}) { write(LogLevel::Debug, event, fields); }
  void info(std::string_view event, Fields fields = {}) { write(LogLevel::Info, event, fields); }
  void warning(std::string_view event, Fields fields = {}) {
    write(LogLevel::Warning, event, fields);
  }
  void error(std::string_view event, Fields fields = {}) { write(LogLevel::Error, event, fields); }

 private:
  void write(LogLevel level, std::string_view event, Fields fields);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// "event key=value ..." as it is logged.
std::string log_text(std::string_view event, Logger::Fields fields);

// True for 1, 2, 4, 8 ...: which repetitions of the same event are worth a line.
constexpr bool worth_logging(std::uint64_t count) {
  return count > 0 && (count & (count - 1)) == 0;
}

}  // namespace agent
