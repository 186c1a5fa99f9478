#pragma once

// An MQTT client without any third-party type, so that the library behind it can be replaced
// and tests can bring their own. Bytes and topics only; nothing here knows decisions.
// Thread safety: all methods may be called from one owner thread, cancel() and connected() from
// any. Callbacks arrive on the client's network thread and must only enqueue (they hold up
// keep-alive and acknowledgements).

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace transport {

// The one exception of this library: options that can never work (bad URI, unreadable key file).
class TransportError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class ProtocolVersion { Mqtt311, Mqtt5 };

struct TlsOptions {
  std::string ca_file = {};    // private trust store; required with mqtts://
  std::string cert_file = {};  // client certificate; empty: no mutual TLS
  std::string key_file = {};
};

// What travels beside the payload. On 3.1.1 only retained and qos survive.
struct Properties {
  std::string content_type = {};
  std::string response_topic = {};
  std::string correlation_data = {};
  std::optional<std::uint32_t> message_expiry_s = {};
  std::vector<std::pair<std::string, std::string>> user = {};
};

struct Message {
  std::string topic = {};
  std::string payload = {};
  int qos = 1;
  bool retained = false;
  bool duplicate = false;
  Properties properties = {};
};

struct Subscription {
  std::string filter = {};
  int qos = 1;
  bool no_local = true;     // MQTT 5 only
  int retain_handling = 0;  // MQTT 5: 0 send retained, 1 only if new, 2 never
};

struct ClientOptions {
  std::string uri = {};  // mqtt://host:port, mqtts://host:port
  std::string client_id = {};
  std::string username = {};
  std::string password = {};  // never logged
  TlsOptions tls = {};
  ProtocolVersion version = ProtocolVersion::Mqtt5;
  std::chrono::seconds keep_alive{10};
  std::chrono::seconds session_expiry{86400};
  std::chrono::milliseconds connect_timeout{5000};
  std::uint16_t receive_maximum = 16;
  std::uint32_t packet_bytes_max = 1 << 20;  // of what the broker may send us
  std::size_t in_flight_max = 16;            // publishes waiting for their acknowledgement
  std::optional<Message> will = {};
};

enum class ConnectError {
  None,
  Unreachable,
  Refused,
  BadCredentials,
  UnsupportedVersion,
  Tls,
  Timeout
};

struct ConnectResult {
  ConnectError error = ConnectError::None;
  int reason_code = 0;  // of CONNACK, 0 if none arrived
  bool session_present = false;
  std::string detail = {};  // for the log; no secrets
};

enum class PublishStatus {
  Acknowledged,
  NoSubscribers,  // acknowledged with reason 0x10: nobody listens (Paho C up to 1.3.13 hides the
                  // reason of a success; then it is Acknowledged)
  Denied,         // reason 0x87 and other permanent refusals
  Lost,           // the link went before the acknowledgement
  NotConnected,
  TooLarge,  // over the broker's maximum packet size
  Busy,      // in_flight_max are waiting; try again after an acknowledgement
};

struct PublishResult {
  PublishStatus status = PublishStatus::NotConnected;
  int reason_code = 0;
};

// Reasons of on_rejected besides those of topic_error().
inline constexpr const char* kOverPacketLimit = "payload is over the packet limit";
inline constexpr const char* kPropertiesTooLarge =
    "user properties are more than 64 or over 16 KiB together";

// Callbacks. They must not throw, block, or call back into the client.
struct ClientEvents {
  std::function<void(Message&&)> on_message = {};
  // Once for a connection that was lost; not after disconnect().
  std::function<void(std::string_view cause, int reason_code)> on_disconnected = {};
  // A message was dropped: its topic is malformed, it is over packet_bytes_max, or it has too many
  // user properties. The reason is a fixed text.
  std::function<void(std::string_view reason)> on_rejected = {};
};

// A client serves one connection: after a failed connect or a lost link, make a new one.
class Client {
 public:
  // Cuts what is open; the broker keeps the session. Every outstanding `done` is called.
  virtual ~Client() = default;

  // Connects once, waiting at most connect_timeout; no retry inside. Callbacks are live before
  // the first packet of a kept session arrives.
  [[nodiscard]] virtual ConnectResult connect() = 0;

  // Makes a connect() or subscribe() that waits on another thread give up soon.
  virtual void cancel() {}

  // Subscribes and waits for the acknowledgement; one reason code a filter (0x80 and above
  // refused), or an empty list when none came in time.
  [[nodiscard]] virtual std::vector<int> subscribe(const std::vector<Subscription>& list,
                                                   std::chrono::milliseconds timeout) = 0;

  // Same for leaving filters, which a kept session would go on serving. 3.1.1 has no codes: zeros.
  [[nodiscard]] virtual std::vector<int> unsubscribe(const std::vector<std::string>& filters,
                                                     std::chrono::milliseconds timeout) {
    (void)timeout;
    return std::vector<int>(filters.size(), 0x80);
  }

  // Sends `message`; `done` is called exactly once, on the network thread, or before return.
  virtual void publish(const Message& message, std::function<void(PublishResult)> done) = 0;

  // Closes in order, waiting at most `timeout` for what is in flight. The session is kept.
  virtual void disconnect(std::chrono::milliseconds timeout) = 0;

  [[nodiscard]] virtual bool connected() const = 0;
};

// The Paho client. Throws TransportError for options that can never work.
std::unique_ptr<Client> make_paho_client(const ClientOptions& options, ClientEvents events);

}  // namespace transport
