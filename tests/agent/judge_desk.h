#pragma once

// One route, one scripted decider, and the message that comes in, for tests of what lies between.
// Thread safety: unsafe.

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/envelope.h"
#include "agent/judge.h"
#include "agent/open_routes.h"
#include "tests/agent/config_text.h"
#include "tests/agent/scripted_decider.h"

namespace agent {

inline constexpr std::int64_t kNow = 1767225600000;

// One route, one decider, and the message that comes in.
struct Desk {
  explicit Desk(const TestJson& change, inference::Decision answer = decision(R"({"status":"ok"})"))
      : Desk(change, [answer](std::string_view) { return answer; }) {}

  Desk(const TestJson& change, ScriptedDecider::Answer answer) : decider(std::move(answer)) {
    TestJson json = good_config();
    json["routes"][0].merge_patch(change);
    json["broker"]["reply_to"] = {"reply/#"};
    config = load(json);
    routes = make_route_set(config, 1);
    message.topic = "plant/hall/press/2/telemetry";
    message.payload = R"({"t":653})";
  }

  DecisionRecord judge() {
    const Route& route = *routes->routes[0];
    const auto captures = route.match(message.topic);
    const auto elements = read_payload(route.config(), message.payload);
    JudgeInput input;
    input.route = &route;
    if (!handle) handle = decider.open_route({});
    if (opened) input.handle = handle;
    input.lesson_count = lesson_count;
    input.message = &message;
    input.captures = &*captures;
    input.element = &elements[0];
    input.now_ms = kNow;
    input.queued_ms = queued_ms;
    return clerk.judge({&input, 1}).front();
  }

  std::vector<Outbound> compose_all(const DecisionRecord& record) const {
    return compose(record, config.routes[0], message.properties, *routes,
                   {"picolm/agent-1", "hash", "picolm/agent-1/abstained/"});
  }

  ScriptedDecider decider;
  Judge clerk{"agent-1", "hash", &decider, "nonce"};
  Config config;
  std::shared_ptr<const RouteSet> routes;
  std::optional<RouteHandle> handle;
  transport::Message message;
  std::int64_t queued_ms = 0;
  bool opened = true;
  std::size_t lesson_count = 0;
};

inline const TestJson kNothing = TestJson::object();

}  // namespace agent
