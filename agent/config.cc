#include "agent/config.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "agent/config_file.h"
#include "agent/config_route.h"
#include "agent/config_shape.h"
#include "agent/trust.h"
#include "transport/topic_filter.h"

namespace agent {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kConfigBytesMax = 1 << 20;
constexpr std::size_t kKeyFileBytesMax = 1 << 20;

std::string text_of(const Json& json, const char* key) {
  return json.contains(key) ? json[key].get<std::string>() : std::string();
}

std::uint32_t count_of(const Json& json, const char* key, std::uint32_t initial) {
  return json.contains(key) ? json[key].get<std::uint32_t>() : initial;
}

bool is_id_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
}

std::string host_name() {
  std::array<char, 256> buffer{};
  if (::gethostname(buffer.data(), buffer.size() - 1) != 0) return "agent";
  std::string name(buffer.data());
  std::erase_if(name, [](char c) { return !is_id_char(c); });
  name.resize(std::min<std::size_t>(name.size(), 64));
  return name.empty() ? "agent" : name;
}

void read_identity(const Json& json, Config* config) {
  config->agent_id = json.contains("agent_id") ? text_of(json, "agent_id") : host_name();
  if (!std::all_of(config->agent_id.begin(), config->agent_id.end(), is_id_char)) {
    throw ConfigError("agent_id: found \"" + config->agent_id +
                      "\", wanted letters, digits, '.', '_' or '-'");
  }
  if (json.contains("topic_root")) config->topic_root = text_of(json, "topic_root");
  if (const char* error = transport::topic_error(config->topic_root)) {
    throw ConfigError("topic_root: found \"" + config->topic_root + "\": " + error);
  }
  if (config->topic_root.front() == '$' || config->topic_root.back() == '/') {
    throw ConfigError("topic_root: found \"" + config->topic_root +
                      "\", wanted a topic that does not begin with $ or end with /");
  }
}

// `uri` without what may be a password: everything between its scheme (or the start) and the
// last @.
std::string masked(std::string uri) {
  const std::size_t at = uri.rfind('@');
  if (at == std::string::npos) return uri;
  const std::size_t scheme = uri.find("://");
  const bool named = scheme < at && scheme == uri.find(':');  // else a part of the password
  const std::size_t begin = named ? scheme + 3 : 0;
  return uri.replace(begin, at - begin, "***");
}

void read_tls(const Json& json, const std::string& file, BrokerConfig* broker) {
  if (json.contains("tls")) {
    const auto& tls = json["tls"];
    for (const auto& [key, value] : {std::pair{"ca", &broker->tls.ca},
                                     {"cert", &broker->tls.cert},
                                     {"key", &broker->tls.key}}) {
      *value = relative_to(file, text_of(tls, key));
    }
  }
  const TlsConfig& tls = broker->tls;
  const bool any = !tls.ca.empty() || !tls.cert.empty() || !tls.key.empty();
  const bool secure = broker->uri.starts_with("mqtts://");
  if (any && !secure) {
    throw ConfigError("broker.tls: found keys together with " + masked(broker->uri) +
                      ", wanted mqtts:// or no tls keys");
  }
  if (secure && tls.ca.empty()) {
    throw ConfigError(
        "broker.tls.ca: required with mqtts://: the file of certificates that may "
        "sign the broker's");
  }
  if (tls.cert.empty() != tls.key.empty()) {
    throw ConfigError("broker.tls: cert and key are only of use together");
  }
  for (const auto& [key, path] : {std::pair{"ca", tls.ca}, {"cert", tls.cert}, {"key", tls.key}}) {
    if (path.empty()) continue;
    std::string bytes = read_config_file(std::string("broker.tls.") + key, path, kKeyFileBytesMax);
    std::fill(bytes.begin(), bytes.end(), '\0');
  }
}

void read_broker(const Json& json, const std::string& file, BrokerConfig* broker) {
  broker->uri = text_of(json, "uri");
  if (!broker->uri.starts_with("mqtt://") && !broker->uri.starts_with("mqtts://")) {
    throw ConfigError("broker.uri: found \"" + masked(broker->uri) +
                      "\", wanted mqtt://HOST:PORT or mqtts://HOST:PORT");
  }
  broker->username = text_of(json, "username");
  broker->password_file = relative_to(file, text_of(json, "password_file"));
  if (!broker->password_file.empty()) {
    if (broker->username.empty()) {
      throw ConfigError("broker.password_file: needs \"username\"");
    }
    std::string secret = read_secret(broker->password_file);
    std::fill(secret.begin(), secret.end(), '\0');
  }
  read_tls(json, file, broker);
  broker->keep_alive_s = count_of(json, "keep_alive_s", broker->keep_alive_s);
  broker->session_expiry_s = count_of(json, "session_expiry_s", broker->session_expiry_s);
  if (!json.contains("reply_to")) return;
  broker->reply_to = json["reply_to"].get<std::vector<std::string>>();
  for (std::size_t i = 0; i < broker->reply_to.size(); ++i) {
    const std::string& filter = broker->reply_to[i];
    const char* error = transport::filter_error(filter);
    if (error == nullptr && transport::is_shared(filter)) error = "a share group makes no sense";
    if (error != nullptr) {
      throw ConfigError("broker.reply_to[" + std::to_string(i) + "]: found \"" + filter +
                        "\": " + error);
    }
  }
}

void read_model(const Json& json, const std::string& file, ModelConfig* model) {
  model->path = relative_to(file, text_of(json, "path"));
  model->sha256 = text_of(json, "sha256");
  for (char& c : model->sha256) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const bool hex = model->sha256.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!model->sha256.empty() && (model->sha256.size() != 64 || !hex)) {
    throw ConfigError("model.sha256: found \"" + model->sha256 + "\", wanted 64 digits of hex");
  }
  if (const std::string digest = text_of(json, "digest"); !digest.empty()) {
    model->digest = relative_to(file, digest);
  }
  if (json.contains("memory")) {
    const auto& memory = json["memory"];
    model->memory_bytes = memory.is_string() ? parse_size(memory.get<std::string>()).value_or(0)
                                             : memory.get<std::uint64_t>();
  }
  model->threads = count_of(json, "threads", 0);
  model->read_mb_s = count_of(json, "read_mb_s", 0);
}

}  // namespace

std::string Config::own_topic(std::string_view leaf) const {
  return topic_root + "/" + agent_id + "/" + std::string(leaf);
}

std::string_view name(MessageClass message_class) {
  switch (message_class) {
    case MessageClass::Telemetry:
      return "telemetry";
    case MessageClass::Event:
      return "event";
    case MessageClass::Command:
      return "command";
  }
  return "";
}

bool Config::acts() const {
  return std::any_of(routes.begin(), routes.end(),
                     [](const RouteConfig& route) { return route.mode == RouteMode::Act; });
}

bool Config::needs_model() const {
  return std::any_of(routes.begin(), routes.end(),
                     [](const RouteConfig& route) { return route.needs_model(); });
}

Config load_config(const std::string& path) {
  const std::string text = read_config_file("configuration", path, kConfigBytesMax);
  Config config;
  config.file = path;
  try {
    const Json json = parse_config_json("the document", text);
    check_shape(json);
    Sha256 hash;
    hash.add(text);
    read_identity(json, &config);
    read_broker(json["broker"], path, &config.broker);
    read_model(json["model"], path, &config.model);
    config.state_dir = relative_to(path, text_of(json, "state_dir"));
    for (std::size_t i = 0; i < json["routes"].size(); ++i) {
      const std::string where = "routes[" + std::to_string(i) + "]";
      RouteConfig route = read_route(json["routes"][i], where, path, &hash);
      for (const RouteConfig& other : config.routes) {
        if (other.name == route.name) {
          throw ConfigError(where + ".name: found \"" + route.name + "\" twice");
        }
      }
      config.routes.push_back(std::move(route));
    }
    if (config.acts() && config.state_dir.empty()) {
      throw ConfigError(
          "state_dir: required where a route has mode act: a global stop must "
          "outlive a restart");
    }
    config.hash = hash.hex();
  } catch (const ConfigError& error) {
    throw ConfigError(path + ": " + error.what());
  }
  return config;
}

}  // namespace agent
