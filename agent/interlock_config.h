#pragma once

// What stands between a decision and a machine, as it is configured. Plain data.
// Thread safety: constant after the configuration is read.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schemas/payload.h"
#include "transport/topic_filter.h"

namespace agent {

// The property of a decision that says what is done; safe actions and confirmations name its
// values.
inline constexpr const char* kActionProperty = "action";

// A topic whose latest message preconditions look at.
struct StateConfig {
  std::string name;
  transport::TopicTemplate topic{"-"};
  std::string pointer;  // of the value in its payload
  std::uint32_t max_age_s = 0;
};

// A field of the decision and the values that it may have in a command.
struct AllowConfig {
  std::string field;
  std::vector<schemas::Scalar> values;
};

struct RequireConfig {
  enum class Source : std::uint8_t { Field, Window, State };
  Source source = Source::Field;
  std::string name;
  std::optional<schemas::Scalar> equals;
  std::optional<double> minimum;
  std::optional<double> maximum;
  std::vector<std::string> actions;  // for these; empty: for every action that is not safe
};

// A number of the decision.
struct LimitConfig {
  std::string field;
  std::optional<double> minimum;
  std::optional<double> maximum;
  std::optional<double> step;  // largest change since the last act on the target
};

struct ConfirmConfig {
  std::vector<std::string> actions;
  transport::TopicTemplate topic{"-"};
  std::uint32_t timeout_s = 30;
};

struct AckConfig {
  transport::TopicTemplate topic{"-"};
  std::uint32_t timeout_s = 10;
};

struct InterlockConfig {
  std::vector<AllowConfig> allow;
  std::vector<RequireConfig> require;
  std::vector<LimitConfig> limits;
  std::uint32_t max_per_min = 0;  // 0: no bound
  std::uint32_t min_dwell_s = 0;
  std::vector<std::string> safe_actions;
  std::optional<ConfirmConfig> confirm;
  std::optional<AckConfig> ack;
};

// When a decision like the last one is published again.
struct ChangeConfig {
  bool on_change = false;      // else always
  std::uint32_t agree = 1;     // another decision must come so often in a row
  std::uint32_t repeat_s = 0;  // the same again after so long; 0: never
  std::vector<std::pair<std::string, double>> deadband;  // field, smaller changes are none
};

}  // namespace agent
