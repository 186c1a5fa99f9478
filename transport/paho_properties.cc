#include "transport/paho_properties.h"

#include <algorithm>
#include <string>
#include <utility>

namespace transport {
namespace {

constexpr std::int64_t kNumberMax = 0x7FFFFFFF;  // Paho garbles four-byte numbers above it
constexpr std::size_t kUserPropertiesMax = 64;   // of a message that is passed on
constexpr std::size_t kUserPropertyBytesMax = 16 << 10;

// A string of the packet, or empty.
std::string text_of(const MQTTLenString& from) {
  return from.data == nullptr ? std::string()
                              : std::string(from.data, static_cast<std::size_t>(from.len));
}

}  // namespace

std::int32_t paho_number(std::int64_t value) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(value, 0, kNumberMax));
}

mqtt::properties to_paho(const Properties& from) {
  mqtt::properties to;
  using Code = mqtt::property::code;
  if (!from.content_type.empty()) to.add({Code::CONTENT_TYPE, from.content_type});
  if (!from.response_topic.empty()) to.add({Code::RESPONSE_TOPIC, from.response_topic});
  if (!from.correlation_data.empty()) to.add({Code::CORRELATION_DATA, from.correlation_data});
  if (from.message_expiry_s) {
    to.add({Code::MESSAGE_EXPIRY_INTERVAL, paho_number(*from.message_expiry_s)});
  }
  for (const auto& [name, value] : from.user) to.add({Code::USER_PROPERTY, name, value});
  return to;
}

std::uint32_t number_of(const mqtt::properties& from, mqtt::property::code code,
                        std::uint32_t otherwise) {
  return from.contains(code) ? mqtt::get<std::uint32_t>(from, code) : otherwise;
}

// Nothing: more user properties than kUserPropertiesMax or kUserPropertyBytesMax. One walk over
// the C array: mqtt::get() searches from its start for every index, which makes a large packet of
// empty user properties hold up the network thread for minutes.
std::optional<Properties> from_paho(const MQTTProperties& from) {
  Properties to;
  std::size_t user_bytes = 0;
  for (int i = 0; i < from.count; ++i) {
    const MQTTProperty& property = from.array[i];
    switch (property.identifier) {
      case MQTTPROPERTY_CODE_CONTENT_TYPE:
        to.content_type = text_of(property.value.data);
        break;
      case MQTTPROPERTY_CODE_RESPONSE_TOPIC:
        to.response_topic = text_of(property.value.data);
        break;
      case MQTTPROPERTY_CODE_CORRELATION_DATA:
        to.correlation_data = text_of(property.value.data);
        break;
      case MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL:
        to.message_expiry_s = property.value.integer4;
        break;
      case MQTTPROPERTY_CODE_USER_PROPERTY: {
        auto& [name, value] =
            to.user.emplace_back(text_of(property.value.data), text_of(property.value.value));
        user_bytes += name.size() + value.size();
        if (to.user.size() > kUserPropertiesMax || user_bytes > kUserPropertyBytesMax) return {};
        break;
      }
      default:
        break;  // means nothing to us
    }
  }
  return to;
}

Message from_paho(const mqtt::message& from, Properties properties) {
  Message to;
  to.topic = from.get_topic();
  to.payload = from.to_string();
  to.qos = from.get_qos();
  to.retained = from.is_retained();
  to.duplicate = from.is_duplicate();
  to.properties = std::move(properties);
  return to;
}

}  // namespace transport
