// TLS and mutual TLS against a real broker with certificates made for the test.

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/broker.h"
#include "tests/support/certificates.h"
#include "tests/support/child_process.h"
#include "transport/client.h"

namespace transport {
namespace {

using test_support::Broker;
using test_support::Certificates;

class TlsClient : public testing::Test {
 protected:
  void SetUp() override {
    if (!test_support::broker_installed()) GTEST_SKIP() << "skipped: mosquitto is not installed";
    if (!test_support::openssl_installed()) GTEST_SKIP() << "skipped: openssl is not installed";
    certificates_ = std::make_unique<Certificates>();
  }

  test_support::BrokerOptions broker_options(const std::string& names) const {
    const Certificates::Pair own = certificates_->issue("broker", names);
    return {.ca_file = certificates_->ca(), .cert_file = own.cert, .key_file = own.key};
  }

  ConnectResult connect(const Broker& broker, const TlsOptions& tls,
                        ProtocolVersion version = ProtocolVersion::Mqtt5,
                        const std::string& host = "localhost") {
    const auto client =
        make_paho_client({.uri = "mqtts://" + host + ":" + std::to_string(broker.port()),
                          .client_id = "peer",
                          .tls = tls,
                          .version = version,
                          .connect_timeout = std::chrono::seconds(10)},
                         {});
    const ConnectResult result = client->connect();
    if (result.error == ConnectError::None) {
      EXPECT_EQ(client->subscribe({{.filter = "a"}}, std::chrono::seconds(10)).size(), 1u);
    }
    return result;
  }

  std::unique_ptr<Certificates> certificates_;
};

constexpr const char* kGoodNames = "DNS:localhost,IP:127.0.0.1";

TEST_F(TlsClient, ConnectsWhenCaAndHostNameAreRight) {
  const Broker broker(broker_options(kGoodNames));
  const TlsOptions tls{.ca_file = certificates_->ca()};
  EXPECT_EQ(connect(broker, tls).error, ConnectError::None);
  EXPECT_EQ(connect(broker, tls, ProtocolVersion::Mqtt311).error, ConnectError::None);
  EXPECT_EQ(connect(broker, tls, ProtocolVersion::Mqtt5, "127.0.0.1").error, ConnectError::None);
}

TEST_F(TlsClient, RefusesABrokerOfAnotherAuthority) {
  const Certificates other;
  const Broker broker(broker_options(kGoodNames));
  const ConnectResult result = connect(broker, {.ca_file = other.ca()});
  EXPECT_EQ(result.error, ConnectError::Tls);
  EXPECT_FALSE(result.detail.empty());
}

TEST_F(TlsClient, RefusesABrokerWithAnotherName) {
  const Broker broker(broker_options("DNS:other.example"));
  EXPECT_EQ(connect(broker, {.ca_file = certificates_->ca()}).error, ConnectError::Tls);
  EXPECT_EQ(
      connect(broker, {.ca_file = certificates_->ca()}, ProtocolVersion::Mqtt5, "127.0.0.1").error,
      ConnectError::Tls);
}

TEST_F(TlsClient, RefusesABrokerWhoseCertificateHasExpired) {
  const Certificates::Pair own = certificates_->issue_expired("localhost");
  const Broker broker({.ca_file = certificates_->ca(), .cert_file = own.cert, .key_file = own.key});
  EXPECT_EQ(connect(broker, {.ca_file = certificates_->ca()}).error, ConnectError::Tls);
}

TEST_F(TlsClient, RefusesVersionsBeforeTls12) {
  const Certificates::Pair own = certificates_->issue("server", kGoodNames);
  for (const char* version : {"-tls1_1", "-tls1_2", "-tls1_3"}) {
    const std::uint16_t port = test_support::free_port();
    test_support::ChildProcess server({"openssl", "s_server", "-accept", std::to_string(port),
                                       "-cert", own.cert, "-key", own.key, version, "-cipher",
                                       "ALL:@SECLEVEL=0", "-www"});
    while (server.running() && !test_support::accepts_connections(port)) std::this_thread::yield();
    const auto client = make_paho_client({.uri = "mqtts://localhost:" + std::to_string(port),
                                          .client_id = "peer",
                                          .tls = {.ca_file = certificates_->ca()},
                                          .connect_timeout = std::chrono::seconds(2)},
                                         {});
    // It speaks no MQTT, so a handshake that succeeds ends in silence.
    const bool old = std::string(version) == "-tls1_1";
    EXPECT_EQ(client->connect().error, old ? ConnectError::Tls : ConnectError::Timeout) << version;
  }
}

TEST_F(TlsClient, ProvesItselfWithMutualTls) {
  test_support::BrokerOptions options = broker_options(kGoodNames);
  options.require_client_cert = true;
  const Broker broker(options);
  const Certificates::Pair good = certificates_->issue("agent", "");
  const Certificates::Pair expired = certificates_->issue_expired("late");
  const Certificates stranger;
  const Certificates::Pair foreign = stranger.issue("agent", "");
  const auto with = [&](const Certificates::Pair& pair) {
    return connect(broker,
                   {.ca_file = certificates_->ca(), .cert_file = pair.cert, .key_file = pair.key})
        .error;
  };
  EXPECT_EQ(with(good), ConnectError::None);
  EXPECT_NE(with(expired), ConnectError::None);
  EXPECT_NE(with(foreign), ConnectError::None);
  EXPECT_NE(with({good.cert, expired.key}), ConnectError::None);
  EXPECT_NE(connect(broker, {.ca_file = certificates_->ca()}).error, ConnectError::None);
}

TEST_F(TlsClient, DoesNotTalkPlainTextToATlsBroker) {
  const Broker broker(broker_options(kGoodNames));
  const auto client = make_paho_client(
      {.uri = "mqtt://127.0.0.1:" + std::to_string(broker.port()), .client_id = "peer"}, {});
  EXPECT_NE(client->connect().error, ConnectError::None);
}

}  // namespace
}  // namespace transport
