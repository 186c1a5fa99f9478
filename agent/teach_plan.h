#pragma once

// What a route is to be taught, in order: its examples, then the model's own answers, then
// corrections, each oldest first. Of rows with the same text the last stays, so the newest label
// wins and a correction overrules an example; of more than 512 rows the last are taken.
// Thread safety: free functions without state.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config.h"
#include "agent/store/lesson_table.h"

namespace agent {

inline constexpr std::size_t kTaughtRowsMax = 512;  // what the engine takes

struct TeachRow {
  std::string text;  // as the model sees the message
  std::string expected;
  double weight = 1;
  std::int64_t lesson = 0;  // id in the store; 0: an example
};

struct TeachPlan {
  std::vector<TeachRow> rows;
  std::vector<std::int64_t> misfits;  // lessons that the route's schema or fields do not take now
};

TeachPlan plan_lessons(const RouteConfig& route, std::span<const StoredLesson> lessons);

// Whether `expected` is a decision of the route, with or without its bound properties; if not, why.
bool is_expected(const RouteConfig& route, std::string_view expected, std::string* error);

// Element `index` of a message as a message of its own, which gives that element alone.
std::string element_payload(const RouteConfig& route, std::string_view payload, std::size_t index);

}  // namespace agent
