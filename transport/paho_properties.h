#pragma once

// Messages and MQTT 5 properties between Paho's types and ours. Only for paho_client.cc.
// Thread safety: free functions without state.

#include <mqtt/message.h>
#include <mqtt/properties.h>

#include <cstdint>
#include <optional>

#include "transport/client.h"

namespace transport {

// `value` as Paho takes numbers; larger ones than it can write are clamped.
std::int32_t paho_number(std::int64_t value);

mqtt::properties to_paho(const Properties& from);

// A number of `from`, or `otherwise` if it is not there.
std::uint32_t number_of(const mqtt::properties& from, mqtt::property::code code,
                        std::uint32_t otherwise);

// Nothing: more user properties than a message may carry.
std::optional<Properties> from_paho(const MQTTProperties& from);

// `from`, whose properties are `properties`.
Message from_paho(const mqtt::message& from, Properties properties);

}  // namespace transport
