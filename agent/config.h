#pragma once

// The configuration of an agent, as plain data, read and checked in full before anything starts.
// Every key is in the table of config_keys.h; contracts between keys are checked here.
// Thread safety: constant after load_config returned.

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/interlock_config.h"
#include "agent/rules.h"
#include "agent/text_template.h"
#include "agent/window.h"
#include "schemas/payload.h"
#include "schemas/schema_spec.h"
#include "transport/topic_filter.h"

namespace agent {

// Thrown at load. what() says where (file and key), what was found and what was wanted.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct TlsConfig {
  std::string ca;
  std::string cert;
  std::string key;
};

struct BrokerConfig {
  std::string uri;
  std::string username;
  std::string password_file;
  TlsConfig tls;
  std::uint32_t keep_alive_s = 10;
  std::uint32_t session_expiry_s = 86400;
  std::vector<std::string> reply_to;  // filters; a Response Topic outside all of them is ignored
};

struct ModelConfig {
  std::string path;
  std::string sha256;              // lower case hex; empty: not checked
  std::string digest;              // path of the file's hashes; empty: pages are not checked
  std::uint64_t memory_bytes = 0;  // 0: what is available
  std::uint32_t threads = 0;       // 0: cores - 1, at least 1
  std::uint32_t read_mb_s = 0;     // 0: no limit
  std::string prefix_dir;          // not a key: where run keeps evaluated prompts; empty: nowhere
};

enum class MessageClass : std::uint8_t { Telemetry, Event, Command };
enum class RetainedPolicy : std::uint8_t { Ignore, State };
enum class TimeFormat : std::uint8_t { Milliseconds, Seconds, Iso8601 };
enum class RouteMode : std::uint8_t { Advise, Act };
enum class EnvelopeKind : std::uint8_t { Bare, Full };

// One value of the payload under the name that the prompt sees.
struct FieldConfig {
  std::string name;
  std::string from;  // JSON pointer
  std::optional<double> scale;
  std::string unit;
  std::optional<double> minimum;  // after scaling
  std::optional<double> maximum;
};

struct TimeConfig {
  std::string pointer;
  TimeFormat format = TimeFormat::Milliseconds;
};

// A property of the decision that the agent fills; the model never sees it.
struct BindConfig {
  std::string property;
  TextTemplate value;
};

struct ExampleRow {
  std::string payload;   // bytes as they would arrive
  std::string expected;  // compact JSON
};

struct RouteConfig {
  std::string name;
  std::vector<transport::TopicPattern> subscribe;
  int qos = 1;
  MessageClass message_class = MessageClass::Telemetry;
  RetainedPolicy retained = RetainedPolicy::Ignore;
  schemas::PayloadOptions payload;
  std::string split;  // JSON pointer of an array; empty: one message is one element
  std::vector<FieldConfig> fields;
  std::optional<WindowConfig> window;
  std::string id;  // JSON pointer; empty: none
  std::optional<TimeConfig> time;
  std::uint32_t max_age_s = 0;      // 0: any age
  std::string schema_hash;          // SHA-256 of the schema's text
  schemas::SchemaSpec schema;       // of the published decision
  schemas::SchemaSpec open_schema;  // of what the model decides: `schema` without bound properties
  std::string instructions;
  std::vector<ExampleRow> examples;
  std::vector<BindConfig> bind;
  std::vector<RuleConfig> rules;  // the first that matches decides
  bool rule = true;               // rungs
  bool cache = true;
  bool head = true;
  bool model = true;
  double learn_from_self = 0;  // weight of the model's own sure answers as lessons; 0: none
  double min_confidence = 0;
  std::string fallback;  // compact JSON; empty: none
  transport::TopicTemplate publish{"-"};
  EnvelopeKind envelope = EnvelopeKind::Bare;
  RouteMode mode = RouteMode::Advise;
  std::optional<transport::TopicTemplate> command;  // used in mode act only
  double min_precision = 0.98;                      // below it mode act only advises
  std::uint32_t decision_expiry_s = 60;
  std::vector<StateConfig> states;
  InterlockConfig interlock;
  ChangeConfig change;
  std::uint32_t silence_s = 0;      // 0: silence is not noticed
  std::vector<std::string> expect;  // topics that must speak, heard before or not

  bool needs_model() const { return head || model; }
};

struct Config {
  std::string file;      // as given
  std::string agent_id;  // default: host name
  std::string topic_root = "picolm";
  BrokerConfig broker;
  ModelConfig model;
  std::string state_dir;  // empty: none
  std::vector<RouteConfig> routes;
  std::string hash;  // SHA-256 over this file and the files it names except model and keys

  // Whether any route asks the model or what was learned; rules alone need none.
  bool needs_model() const;
  // Whether any route may act.
  bool acts() const;

  // Topic of the agent itself, such as "picolm/press-line-4/status".
  std::string own_topic(std::string_view leaf) const;
};

// Reads, checks and returns the configuration in `path`. Throws ConfigError.
Config load_config(const std::string& path);

// First line of a secret's file, at most 4 KiB, which nobody else may read or write.
// Throws ConfigError; the message never holds the content.
std::string read_secret(const std::string& path);

// "256M" to bytes, with K, M and G as powers of 1024. Nothing if it is not a size.
std::optional<std::uint64_t> parse_size(std::string_view text);

std::string_view name(MessageClass message_class);

}  // namespace agent
