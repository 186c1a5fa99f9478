#include "agent/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "agent/json_scan.h"

namespace agent {
namespace {

constexpr std::size_t kValueBytesMax = 200;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-./:+#").find(c) != std::string_view::npos;
}

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return spdlog::level::debug;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Warning:
      return spdlog::level::warn;
    case LogLevel::Error:
      return spdlog::level::err;
    case LogLevel::Off:
      break;
  }
  return spdlog::level::off;
}

}  // namespace

std::string log_text(std::string_view event, Logger::Fields fields) {
  std::string out(event);
  for (const auto& [key, value] : fields) {
    out += ' ';
    out += key;
    out += '=';
    std::string_view shown = value;
    if (shown.size() > kValueBytesMax) shown = shown.substr(0, kValueBytesMax);
    if (!shown.empty() && std::all_of(shown.begin(), shown.end(), is_plain)) {
      out += shown;
    } else {
      out += json_quote(shown);
    }
    if (shown.size() < value.size()) out += "...";
  }
  return out;
}

struct Logger::Impl {
  spdlog::logger logger{"agent", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
};

Logger::Logger(LogLevel level) : impl_(std::make_unique<Impl>()) {
  impl_->logger.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  impl_->logger.set_level(level_of(level));
}

Logger::~Logger() = default;

void Logger::write(LogLevel level, std::string_view event, Fields fields) {
  if (!impl_->logger.should_log(level_of(level))) return;
  const std::string text = log_text(event, fields);
  impl_->logger.log(level_of(level), spdlog::string_view_t(text.data(), text.size()));
}

}  // namespace agent
