#include "agent/config_change.h"

#include <tuple>

#include "agent/lint.h"

namespace agent {

Config advise_only(Config config, bool advise) {
  for (RouteConfig& route : config.routes) {
    if (advise) route.mode = RouteMode::Advise;
  }
  return config;
}

Config checked(Config config, Logger* logger) {
  const Findings findings = lint(config);
  for (const std::string& warning : findings.warnings) {
    logger->warning("config.warning", {{"text", warning}});
  }
  if (!findings.errors.empty()) throw ConfigError(config.file + ": " + findings.errors.front());
  return config;
}

std::string needs_restart(const Config& present, const Config& next) {
  const auto broker = [](const Config& config) {
    const BrokerConfig& b = config.broker;
    return std::tuple(b.uri, b.username, b.password_file, b.tls.ca, b.tls.cert, b.tls.key,
                      b.keep_alive_s, b.session_expiry_s);
  };
  const auto model = [](const Config& config) {
    const ModelConfig& m = config.model;
    return std::tuple(m.path, m.sha256, m.digest, m.memory_bytes, m.threads, m.read_mb_s);
  };
  if (present.agent_id != next.agent_id) return "agent_id";
  if (present.topic_root != next.topic_root) return "topic_root";
  if (present.state_dir != next.state_dir) return "state_dir";
  if (broker(present) != broker(next)) return "broker";
  if (!present.needs_model() && next.needs_model()) return "rungs: the need of a model";
  if (model(present) != model(next)) return "model";
  return {};
}

}  // namespace agent
