// The configuration of an agent. Whatever its bytes:
//  - load_config gives a Config or ConfigError with a message, nothing else;
//  - an accepted one keeps what the agent relies on: names that are free of conflict, topics that
//    can be published, numbers in bounds, a fallback and examples that the route's schema allows.

#include <algorithm>
#include <set>

#include "agent/config.h"
#include "schemas/validator.h"
#include "tests/fuzz/fuzz.h"

namespace {

void check_route(const agent::RouteConfig& route) {
  FUZZ_HOLDS(!route.name.empty());
  FUZZ_HOLDS(!route.subscribe.empty());
  FUZZ_HOLDS(route.qos >= 0 && route.qos <= 2);
  FUZZ_HOLDS(route.min_confidence >= 0 && route.min_confidence <= 1);
  for (const transport::TopicPattern& pattern : route.subscribe) {
    FUZZ_HOLDS(transport::filter_error(pattern.filter()) == nullptr);
    // A name in a topic to publish must have a value on every way in.
    for (const std::string& name : route.publish.names()) {
      FUZZ_HOLDS(std::find(pattern.names().begin(), pattern.names().end(), name) !=
                 pattern.names().end());
    }
  }
  for (const agent::FieldConfig& field : route.fields) {
    FUZZ_HOLDS(!field.name.empty());
    FUZZ_HOLDS(!field.minimum || !field.maximum || *field.minimum <= *field.maximum);
  }
  FUZZ_HOLDS(route.schema.root < route.schema.nodes.size());
  FUZZ_HOLDS(route.open_schema.root < route.open_schema.nodes.size());
  FUZZ_HOLDS(route.fallback.empty() || schemas::validate(route.schema, route.fallback).valid);
  for (const agent::ExampleRow& row : route.examples) {
    FUZZ_HOLDS(schemas::validate(route.schema, row.expected).valid ||
               schemas::validate(route.open_schema, row.expected).valid);
  }
}

void check(const agent::Config& config) {
  FUZZ_HOLDS(!config.agent_id.empty());
  FUZZ_HOLDS(transport::topic_error(config.own_topic("status")) == nullptr);
  FUZZ_HOLDS(config.hash.size() == 64);
  FUZZ_HOLDS(!config.routes.empty());
  for (const std::string& filter : config.broker.reply_to) {
    FUZZ_HOLDS(transport::filter_error(filter) == nullptr);
  }
  std::set<std::string> names;
  for (const agent::RouteConfig& route : config.routes) {
    FUZZ_HOLDS(names.insert(route.name).second);
    check_route(route);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile memory;
  memory.replace({reinterpret_cast<const char*>(data), size});
  try {
    check(agent::load_config(memory.path()));
  } catch (const agent::ConfigError& error) {
    FUZZ_HOLDS(error.what()[0] != '\0');
  }
  return 0;
}
