// The Paho client against scripted brokers that do what no good broker does.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/tcp_proxy.h"
#include "tests/transport/paho_peer.h"
#include "transport/client.h"

namespace transport {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using test_support::TcpProxy;

// ---- peers that no broker is

std::string publish_packet(const std::string& topic) {
  std::string body;
  body += static_cast<char>(topic.size() >> 8);
  body += static_cast<char>(topic.size() & 0xFF);
  body += topic;
  body += '\0';  // no properties
  return "\x30" + std::string(1, static_cast<char>(body.size())) + body + "";
}

TEST(PahoClient, DropsMessagesWithMalformedTopics) {
  const std::string connack("\x20\x03\x00\x00\x00", 5);
  TcpProxy hostile([&](const std::string& received, int) {
    if ((received[0] & 0xF0) != 0x10) return std::string();
    return connack + publish_packet("a/+") + publish_packet("#") +
           publish_packet(std::string("a\0b", 3)) + publish_packet("a\xff") + publish_packet("ok");
  });
  Peer peer(options_for(hostile.uri(), "peer"));
  peer.connect_ok();
  ASSERT_TRUE(peer.messages.wait_for_count(1));
  EXPECT_EQ(peer.messages.items()[0].topic, "ok");
  EXPECT_EQ(peer.rejected.items().size(), 4u);
}

std::string varint(std::size_t value) {
  std::string bytes;
  for (; value >= 128; value /= 128) bytes += static_cast<char>(value % 128 + 128);
  return bytes + static_cast<char>(value);
}

// `count` user properties with an empty name and a value of `value_bytes`, on topic "a".
std::string packet_of_user_properties(std::size_t count, std::size_t value_bytes) {
  std::string one("\x26\0\0", 3);
  one += static_cast<char>(value_bytes >> 8);
  one += static_cast<char>(value_bytes & 0xFF);
  one.append(value_bytes, 'x');
  std::string properties;
  for (std::size_t i = 0; i < count; ++i) properties += one;
  const std::string body = std::string(
                               "\0\x01"
                               "a",
                               3) +
                           varint(properties.size()) + properties;
  return "\x30" + varint(body.size()) + body;
}

// As many as a packet of 1.9 MB holds. Sanitizers copy Paho's array each time it grows by a few, so
// they get fewer.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kManyProperties = 2'000;
#else
constexpr std::size_t kManyProperties = 380'000;
#endif

TEST(PahoClient, DropsTooManyUserPropertiesWithoutHoldingUpTheOthers) {
  const std::string connack("\x20\x03\x00\x00\x00", 5);
  const std::string packets =
      packet_of_user_properties(kManyProperties, 0) + packet_of_user_properties(65, 0) +
      packet_of_user_properties(2, 8193) + packet_of_user_properties(64, 256);
  TcpProxy hostile([&](const std::string& received, int) {
    return (received[0] & 0xF0) == 0x10 ? connack + packets : std::string();
  });
  Peer peer(options_for(hostile.uri(), "peer"));
  const auto before = steady_clock::now();
  peer.connect_ok();
  ASSERT_TRUE(peer.messages.wait_for_count(1));
  EXPECT_LT(steady_clock::now() - before, 10s);  // quadratic: minutes
  EXPECT_EQ(peer.messages.items()[0].properties.user.size(), 64u);
  EXPECT_EQ(peer.rejected.items(), std::vector<std::string>(3, kPropertiesTooLarge));
}

TEST(PahoClient, ReadsTheBrokersLimitsFromConnack) {
  // Maximum QoS 1 (0x24), Retain Available 0 (0x25), Maximum Packet Size 64 (0x27).
  const std::string connack("\x20\x0C\x01\x00\x09\x24\x01\x25\x00\x27\x00\x00\x00\x40", 14);
  TcpProxy peer_without_retain([&](const std::string& received, int) {
    return (received[0] & 0xF0) == 0x10 ? connack : std::string();
  });
  Peer peer(options_for(peer_without_retain.uri(), "peer"));
  EXPECT_TRUE(peer.connect_ok().session_present);
  EXPECT_EQ(peer.publish({.topic = "a", .payload = std::string(57, 'x')}).status,
            PublishStatus::TooLarge);
  const PublishResult kept = peer.publish({.topic = "a", .retained = true});
  EXPECT_EQ(kept.status, PublishStatus::Denied);
  EXPECT_EQ(kept.reason_code, 0x9A);
}

TEST(PahoClient, ReadsWhyTheBrokerClosed) {
  const std::string connack("\x20\x03\x00\x00\x00", 5);
  const std::string taken_over("\xE0\x02\x8E\x00", 4);
  TcpProxy script([&](const std::string& received, int) {
    if ((received[0] & 0xF0) == 0x10) return connack;
    return taken_over;
  });
  Peer peer(options_for(script.uri(), "peer"));
  peer.connect_ok();
  EXPECT_EQ(peer.publish({.topic = "a"}).status, PublishStatus::Lost);
  ASSERT_TRUE(peer.losses.wait_for_count(1));
  EXPECT_EQ(peer.losses.items(), std::vector<int>{0x8E});
}

TEST(PahoClient, TellsWhichVersionTheBrokerRefuses) {
  for (const std::string& connack :
       {std::string("\x20\x03\x00\x84\x00", 5), std::string("\x20\x02\x00\x01", 4)}) {
    TcpProxy old([&](const std::string&, int) { return connack; });
    Peer peer(options_for(old.uri(), "peer"));
    EXPECT_EQ(peer.client->connect().error, ConnectError::UnsupportedVersion)
        << testing::PrintToString(connack);
  }
}

TEST(PahoClient, SurvivesPeersThatSendNonsense) {
  for (const std::string& bytes :
       {std::string("close"), std::string("\xff\xff\xff\xff\xff\xff", 6),
        std::string("\x00\x00", 2), std::string("\x20\x03\x00", 3) + "close",
        std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), std::string("\x90\x03\x00\x01\x00", 5)}) {
    TcpProxy nonsense([&](const std::string&, int) { return bytes; });
    ClientOptions options = options_for(nonsense.uri(), "peer");
    options.connect_timeout = 500ms;
    Peer peer(options);
    EXPECT_NE(peer.client->connect().error, ConnectError::None) << testing::PrintToString(bytes);
  }
}

}  // namespace
}  // namespace transport
