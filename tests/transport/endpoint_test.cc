#include "transport/endpoint.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/temp_dir.h"
#include "transport/client.h"
#include "transport/link.h"
#include "transport/tls.h"

namespace transport {
namespace {

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const TransportError& error) {
    return error.what();
  }
  return {};
}

TEST(Endpoint, ReadsHostsAndPorts) {
  const auto expect = [](const char* uri, bool tls, const char* host, int port, const char* full) {
    const Endpoint endpoint = parse_endpoint(uri);
    EXPECT_EQ(endpoint.tls, tls) << uri;
    EXPECT_EQ(endpoint.host, host) << uri;
    EXPECT_EQ(endpoint.port, port) << uri;
    EXPECT_EQ(endpoint.uri(), full) << uri;
  };
  expect("mqtt://broker", false, "broker", 1883, "mqtt://broker:1883");
  expect("mqtts://broker", true, "broker", 8883, "mqtts://broker:8883");
  expect("mqtt://10.0.0.1:65535", false, "10.0.0.1", 65535, "mqtt://10.0.0.1:65535");
  expect("mqtts://[::1]:1", true, "::1", 1, "mqtts://[::1]:1");
  expect("mqtt://plant_gw-2.local:2883", false, "plant_gw-2.local", 2883,
         "mqtt://plant_gw-2.local:2883");
}

TEST(Endpoint, RefusesWhatItCannotConnectTo) {
  for (const char* uri :
       {"", "broker", "tcp://a:1", "ws://a:1", "mqtt://", "mqtt://:1883", "mqtt://a:0",
        "mqtt://a:65536", "mqtt://a:1883x", "mqtt://a:", "mqtt://a/path", "mqtt://a:1/x",
        "mqtt://[::1", "mqtt://[::1]x", "mqtt://a b", "mqtt://[]:1", "MQTT://a"}) {
    EXPECT_THROW((void)parse_endpoint(uri), TransportError) << uri;
  }
}

TEST(Endpoint, NeverRepeatsAPasswordFromTheUri) {
  const std::string message =
      message_of([] { (void)parse_endpoint("mqtt://user:hunter2@broker:1883"); });
  EXPECT_FALSE(message.empty());
  EXPECT_EQ(message.find("hunter2"), std::string::npos);
}

TEST(Tls, RefusesSettingsThatCannotWork) {
  const test_support::TempDir dir;
  const std::string pem = dir.write("good.pem", "-----BEGIN CERTIFICATE-----\n");
  const std::string text = dir.write("text", "no certificate");
  const Endpoint plain{.tls = false, .host = "a", .port = 1};
  const Endpoint secure{.tls = true, .host = "a", .port = 1};
  EXPECT_NO_THROW(check_tls(plain, {}));
  EXPECT_NO_THROW(check_tls(secure, {.ca_file = pem}));
  EXPECT_NO_THROW(check_tls(secure, {.ca_file = pem, .cert_file = pem, .key_file = pem}));
  EXPECT_THROW(check_tls(plain, {.ca_file = pem}), TransportError);
  EXPECT_THROW(check_tls(plain, {.key_file = pem}), TransportError);
  EXPECT_THROW(check_tls(secure, {}), TransportError);
  EXPECT_THROW(check_tls(secure, {.ca_file = pem, .cert_file = pem}), TransportError);
  EXPECT_THROW(check_tls(secure, {.ca_file = pem, .key_file = pem}), TransportError);
  EXPECT_THROW(check_tls(secure, {.ca_file = text}), TransportError);
  EXPECT_THROW(check_tls(secure, {.ca_file = dir.path().string()}), TransportError);
  const std::string missing = dir.file("missing.pem");
  EXPECT_NE(message_of([&] { check_tls(secure, {.ca_file = missing}); }).find(missing),
            std::string::npos);
}

TEST(Tls, TheFactoryRefusesBadOptionsBeforeAnyConnection) {
  EXPECT_THROW(make_paho_factory({.uri = "tcp://a:1", .client_id = "x"}), TransportError);
  EXPECT_THROW(make_paho_factory({.uri = "mqtts://a:1", .client_id = "x"}), TransportError);
  EXPECT_THROW(make_paho_factory({.uri = "mqtt://a:1", .client_id = ""}), TransportError);
  ClientOptions options{.uri = "mqtt://a:1", .client_id = "x"};
  EXPECT_NO_THROW(make_paho_factory(options));
  options.will = Message{.topic = "a/#"};
  EXPECT_THROW(make_paho_factory(options), TransportError);
}

}  // namespace
}  // namespace transport
