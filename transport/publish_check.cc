// PUBLISH packet (MQTT 5.0, section 3.3):
//
//   1       type and flags
//   1..4    remaining length, 7 bits a byte
//   2 + n   topic
//   2       packet identifier, with QoS 1 and 2 only
//   1..4    length of the properties    -+ MQTT 5 only
//   n       properties                  -+
//   n       payload

#include "transport/publish_check.h"

#include <string>

#include "transport/topic_filter.h"

namespace transport {
namespace {

std::size_t varint_bytes(std::size_t value) {
  std::size_t bytes = 1;
  for (; value >= 128; value /= 128) ++bytes;
  return bytes;
}

// Identifier, length, text; a property that is not set is not sent.
std::size_t text_property_bytes(const std::string& text) {
  return text.empty() ? 0 : 1 + 2 + text.size();
}

std::size_t properties_bytes(const Properties& properties) {
  std::size_t bytes = text_property_bytes(properties.content_type) +
                      text_property_bytes(properties.response_topic) +
                      text_property_bytes(properties.correlation_data);
  if (properties.message_expiry_s) bytes += 1 + 4;
  for (const auto& [name, value] : properties.user) bytes += 1 + 2 + name.size() + 2 + value.size();
  return bytes;
}

}  // namespace

const char* publish_error(const Message& message) {
  if (message.qos < 0 || message.qos > 2) return "qos is not 0, 1 or 2";
  if (const char* error = topic_error(message.topic)) return error;
  const Properties& properties = message.properties;
  if (string_error(properties.content_type)) return "content type is no MQTT string";
  if (!properties.response_topic.empty() && topic_error(properties.response_topic)) {
    return "response topic is malformed";
  }
  if (properties.correlation_data.size() > kTopicBytesMax) return "correlation data is too long";
  for (const auto& [name, value] : properties.user) {
    if (string_error(name) || string_error(value)) return "user property is no MQTT string";
  }
  return nullptr;
}

std::size_t publish_packet_bytes(const Message& message, ProtocolVersion version) {
  std::size_t remaining = 2 + message.topic.size() + (message.qos > 0 ? 2 : 0);
  if (version == ProtocolVersion::Mqtt5) {
    const std::size_t properties = properties_bytes(message.properties);
    remaining += varint_bytes(properties) + properties;
  }
  remaining += message.payload.size();
  return 1 + varint_bytes(remaining) + remaining;
}

}  // namespace transport
