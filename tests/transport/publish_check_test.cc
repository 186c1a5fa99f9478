#include "transport/publish_check.h"

#include <gtest/gtest.h>

#include "transport/topic_filter.h"

namespace transport {
namespace {

// Builds the packet byte by byte; only its size is of interest.
std::string variable_length(std::size_t value) {
  std::string bytes;
  do {
    bytes += static_cast<char>(value % 128);
    value /= 128;
  } while (value > 0);
  return bytes;
}

std::string text(const std::string& value) { return "LL" + value; }

std::string packet(const Message& message, bool v5) {
  std::string properties;
  const Properties& from = message.properties;
  if (!from.content_type.empty()) properties += "T" + text(from.content_type);
  if (!from.response_topic.empty()) properties += "R" + text(from.response_topic);
  if (!from.correlation_data.empty()) properties += "C" + text(from.correlation_data);
  if (from.message_expiry_s) properties += "E1234";
  for (const auto& [name, value] : from.user) properties += "U" + text(name) + text(value);
  std::string body = text(message.topic) + (message.qos > 0 ? "ID" : "");
  if (v5) body += variable_length(properties.size()) + properties;
  body += message.payload;
  return "F" + variable_length(body.size()) + body;
}

TEST(PublishCheck, CountsTheBytesOfThePacket) {
  for (const std::size_t payload : {0u, 1u, 100u, 127u, 128u, 16383u, 16384u, 2097152u}) {
    for (const int qos : {0, 1}) {
      Message message{.topic = "plant/press"};
      message.payload.assign(payload, 'x');
      message.qos = qos;
      for (int step = 0; step < 3; ++step) {
        if (step == 1) message.properties = {.content_type = "application/json"};
        if (step == 2) {
          message.properties = {.content_type = "t",
                                .response_topic = "r/x",
                                .correlation_data = std::string(200, 'c'),
                                .message_expiry_s = 60,
                                .user = {{"name", "value"}, {"", ""}}};
        }
        EXPECT_EQ(publish_packet_bytes(message, ProtocolVersion::Mqtt5),
                  packet(message, true).size());
        EXPECT_EQ(publish_packet_bytes(message, ProtocolVersion::Mqtt311),
                  packet(message, false).size());
      }
    }
  }
}

TEST(PublishCheck, RefusesWhatWouldCostTheConnection) {
  const auto error = [](auto change) {
    Message message{.topic = "a"};
    change(message);
    return publish_error(message);
  };
  EXPECT_EQ(error([](Message&) {}), nullptr);
  EXPECT_NE(error([](Message& m) { m.topic = "a/+"; }), nullptr);
  EXPECT_NE(error([](Message& m) { m.qos = 3; }), nullptr);
  EXPECT_NE(error([](Message& m) { m.qos = -1; }), nullptr);
  EXPECT_NE(error([](Message& m) { m.properties.content_type = "\xff"; }), nullptr);
  EXPECT_NE(error([](Message& m) { m.properties.response_topic = "a/#"; }), nullptr);
  EXPECT_NE(error([](Message& m) { m.properties.correlation_data.assign(65536, 'x'); }), nullptr);
  EXPECT_NE(error([](Message& m) { m.properties.user = {{"a", std::string(1, '\0')}}; }), nullptr);
  EXPECT_NE(error([](Message& m) {
              m.properties.user = {{std::string(65536, 'x'), ""}};
            }),
            nullptr);
  EXPECT_EQ(error([](Message& m) { m.properties.correlation_data = std::string("\0\xff", 2); }),
            nullptr);
}

}  // namespace
}  // namespace transport
