// The one file that knows Eclipse Paho MQTT C++ (1.2.0, over the C library 1.3.12). Paho is used
// as a protocol engine only: its persistence, offline buffer, automatic reconnect, consumer
// queue and blocking waits all stay off, because they lose or hide messages. What remains are
// asynchronous requests, whose replies arrive at one listener with the request's number.
//
// Locks: Paho calls back with its own process-wide mutex held and takes the same mutex in every
// request, so no lock that a callback takes is ever held while calling Paho; else a callback and
// a request would wait for each other.

#include <mqtt/async_client.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <utility>

#include "transport/client.h"
#include "transport/endpoint.h"
#include "transport/link.h"
#include "transport/mutex.h"
#include "transport/publish_check.h"
#include "transport/requests.h"
#include "transport/tls.h"
#include "transport/topic_filter.h"

namespace transport {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kNoSubscribers = 0x10;
constexpr int kRetainNotSupported = 0x9A;
constexpr int kMalformed = 0x81;
constexpr int kFailureCode = 0x80;                    // this and above is a refusal
constexpr std::size_t kPacketBytesMax = 268'435'460;  // the protocol's own limit
constexpr milliseconds kProbeTimeout{500};

// Stopping Paho's threads, which happens with the last client of the process, is where its C
// library races with itself and sleeps for up to seconds. One client that never connects and is
// never destroyed keeps them running; while nothing is connected they only sleep.
void keep_paho_threads() {
  static const auto* const anchor =
      new mqtt::async_client("tcp://127.0.0.1:1", "anchor", mqtt::create_options());
  (void)anchor;
}

// Paho guards its list of requests with two different mutexes when one client is destroyed while
// another one sends, so all requests of this process take this one first. Callbacks never do.
Mutex& paho_mutex() {
  static auto* const mutex = new Mutex;  // outlives the clients that static objects hold
  return *mutex;
}

mqtt::properties to_paho(const Properties& from) {
  mqtt::properties to;
  using Code = mqtt::property::code;
  if (!from.content_type.empty()) to.add({Code::CONTENT_TYPE, from.content_type});
  if (!from.response_topic.empty()) to.add({Code::RESPONSE_TOPIC, from.response_topic});
  if (!from.correlation_data.empty()) to.add({Code::CORRELATION_DATA, from.correlation_data});
  if (from.message_expiry_s) {
    to.add({Code::MESSAGE_EXPIRY_INTERVAL, static_cast<std::int32_t>(*from.message_expiry_s)});
  }
  for (const auto& [name, value] : from.user) to.add({Code::USER_PROPERTY, name, value});
  return to;
}

std::string text_of(const mqtt::properties& from, mqtt::property::code code) {
  return from.contains(code) ? mqtt::get<std::string>(from, code) : std::string();
}

std::uint32_t number_of(const mqtt::properties& from, mqtt::property::code code,
                        std::uint32_t otherwise) {
  return from.contains(code) ? mqtt::get<std::uint32_t>(from, code) : otherwise;
}

Properties from_paho(const mqtt::properties& from) {
  using Code = mqtt::property::code;
  Properties to;
  to.content_type = text_of(from, Code::CONTENT_TYPE);
  to.response_topic = text_of(from, Code::RESPONSE_TOPIC);
  to.correlation_data = text_of(from, Code::CORRELATION_DATA);
  if (from.contains(Code::MESSAGE_EXPIRY_INTERVAL)) {
    to.message_expiry_s = mqtt::get<std::uint32_t>(from, Code::MESSAGE_EXPIRY_INTERVAL);
  }
  const std::size_t count = from.count(Code::USER_PROPERTY);
  for (std::size_t i = 0; i < count; ++i) {
    auto [name, value] = mqtt::get<mqtt::string_pair>(from, Code::USER_PROPERTY, i);
    to.user.emplace_back(std::move(name), std::move(value));
  }
  return to;
}

std::vector<int> numbers(const std::vector<mqtt::ReasonCode>& codes) {
  std::vector<int> numbers;
  for (const mqtt::ReasonCode code : codes) numbers.push_back(static_cast<int>(code));
  return numbers;
}

ConnectError connect_error(int code, ProtocolVersion version) {
  if (version == ProtocolVersion::Mqtt311) {
    if (code == 1) return ConnectError::UnsupportedVersion;
    return code == 4 || code == 5 ? ConnectError::BadCredentials : ConnectError::Refused;
  }
  // A broker older than MQTT 5 refuses with 3.1.1's own code 1.
  if (code == 0x84 || code == 1) return ConnectError::UnsupportedVersion;
  const bool credentials = code == 0x86 || code == 0x87 || code == 0x8C;
  return credentials ? ConnectError::BadCredentials : ConnectError::Refused;
}

Reply connect_reply(const mqtt::connect_response& response) {
  using Code = mqtt::property::code;
  const mqtt::properties& properties = response.get_properties();
  Reply reply{.ok = true};
  reply.session_present = response.is_session_present();
  reply.packet_bytes_max =
      number_of(properties, Code::MAXIMUM_PACKET_SIZE, std::uint32_t{kPacketBytesMax});
  if (properties.contains(Code::RETAIN_AVAILABLE)) {
    reply.retain_available = mqtt::get<std::uint8_t>(properties, Code::RETAIN_AVAILABLE) != 0;
  }
  if (properties.contains(Code::MAXIMUM_QOS)) {
    reply.qos_max = mqtt::get<std::uint8_t>(properties, Code::MAXIMUM_QOS);
  }
  return reply;
}

class PahoClient final : public Client, private virtual mqtt::iaction_listener {
 public:
  PahoClient(ClientOptions options, ClientEvents events);
  ~PahoClient() override;

  ConnectResult connect() override;
  void cancel() override;
  std::vector<int> subscribe(const std::vector<Subscription>& list, milliseconds timeout) override;
  std::vector<int> unsubscribe(const std::vector<std::string>& filters,
                               milliseconds timeout) override;
  void publish(const Message& message, PublishDone done) override;
  void disconnect(milliseconds timeout) override;
  bool connected() const override { return connected_; }

 private:
  static void* context(Requests::Id id) { return reinterpret_cast<void*>(id); }

  void set_connect_options();
  template <typename Request>
  std::optional<Reply> ask(steady_clock::time_point deadline, Request request);
  ConnectResult connect_failure(const std::optional<Reply>& reply) const;
  PublishResult check(const Message& message) const;
  PublishStatus thrown_status(const mqtt::exception& error) const;
  std::vector<int> filter_codes(const std::optional<Reply>& reply, std::size_t count) const;

  // Network thread.
  void on_success(const mqtt::token& token) override;
  void on_failure(const mqtt::token& token) override;
  void message_arrived(const mqtt::message& message);
  void connection_lost(const std::string& cause);

  const ClientOptions options_;
  const Endpoint endpoint_;
  const ClientEvents events_;
  mqtt::connect_options connect_options_;  // constant after construction

  // Of the broker, from CONNACK; owned by the caller's thread.
  std::size_t broker_packet_bytes_max_ = kPacketBytesMax;
  bool broker_retains_ = true;
  int broker_qos_max_ = 2;
  bool used_ = false;

  std::atomic<bool> connected_ = false;
  std::atomic<int> disconnect_code_ = 0;
  Requests requests_;

  std::unique_ptr<mqtt::async_client> paho_;  // last: gone before what its callbacks use
};

PahoClient::PahoClient(ClientOptions options, ClientEvents events)
    : options_(std::move(options)),
      endpoint_(parse_endpoint(options_.uri)),
      events_(std::move(events)) {
  check_tls(endpoint_, options_.tls);
  if (options_.client_id.empty()) throw TransportError("the MQTT client id is empty");
  if (options_.will && publish_error(*options_.will)) {
    throw TransportError(std::string("the will: ") + publish_error(*options_.will));
  }
  try {
    set_connect_options();
    MutexLock lock(paho_mutex());
    keep_paho_threads();
    mqtt::create_options create;
    const bool v5 = options_.version == ProtocolVersion::Mqtt5;
    create.set_mqtt_verison(v5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1);
    create.set_send_while_disconnected(false);
    // Counts requests not yet written, also while connected; 0 would refuse every publish.
    create.set_max_buffered_messages(static_cast<int>(options_.in_flight_max) + 1);
    // No persistence: Paho's is not synced and is restored whole into memory.
    paho_ = std::make_unique<mqtt::async_client>(endpoint_.uri(), options_.client_id, create,
                                                 static_cast<mqtt::iclient_persistence*>(nullptr));
    // Before connect: without a callback a kept session's messages would be acknowledged unseen.
    paho_->set_message_callback([this](mqtt::const_message_ptr m) { message_arrived(*m); });
    paho_->set_connection_lost_handler([this](const std::string& c) { connection_lost(c); });
    paho_->set_disconnected_handler([this](const mqtt::properties&, mqtt::ReasonCode code) {
      disconnect_code_ = static_cast<int>(code);
    });
  } catch (const mqtt::exception& error) {
    throw TransportError(std::string("MQTT options: ") + error.what());
  }
}

// A plain connect_options, never copied: a copy and the builder leave the connect properties
// dangling, and then session expiry and receive maximum are not sent.
void PahoClient::set_connect_options() {
  using Code = mqtt::property::code;
  mqtt::connect_options& to = connect_options_;
  const bool v5 = options_.version == ProtocolVersion::Mqtt5;
  to.set_mqtt_version(v5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1);
  v5 ? to.set_clean_start(false) : to.set_clean_session(false);
  to.set_keep_alive_interval(static_cast<int>(options_.keep_alive.count()));
  to.set_connect_timeout(std::chrono::ceil<std::chrono::seconds>(options_.connect_timeout));
  to.set_automatic_reconnect(false);  // it neither subscribes again nor shows session present
  if (!options_.username.empty()) to.set_user_name(options_.username);
  if (!options_.password.empty()) to.set_password(options_.password);
  if (options_.will) {
    const Message& will = *options_.will;
    to.set_will(mqtt::will_options(will.topic, will.payload.data(), will.payload.size(), will.qos,
                                   will.retained,
                                   v5 ? to_paho(will.properties) : mqtt::properties()));
  }
  if (endpoint_.tls) {
    mqtt::ssl_options ssl;
    ssl.set_trust_store(options_.tls.ca_file);
    if (!options_.tls.cert_file.empty()) {
      ssl.set_key_store(options_.tls.cert_file);
      ssl.set_private_key(options_.tls.key_file);
    }
    ssl.set_enable_server_cert_auth(true);
    ssl.set_verify(true);  // the host name; off by default
    ssl.set_enabled_cipher_suites(kCipherList);
    // No error handler: Paho would call it through the address of a copy that is gone.
    to.set_ssl(ssl);
  }
  if (!v5) return;
  mqtt::properties properties;
  const auto expiry = std::clamp<std::int64_t>(options_.session_expiry.count(), 0, 0xFFFFFFFF);
  properties.add({Code::SESSION_EXPIRY_INTERVAL, static_cast<std::int32_t>(expiry)});
  properties.add({Code::RECEIVE_MAXIMUM, std::max<std::int32_t>(options_.receive_maximum, 1)});
  // Paho allocates what a packet's header declares, up to 256 MB.
  properties.add({Code::MAXIMUM_PACKET_SIZE, static_cast<std::int32_t>(options_.packet_bytes_max)});
  to.set_properties(properties);  // last: other setters must not disturb it
}

PahoClient::~PahoClient() {
  connected_ = false;
  requests_.finish_all_publishes(PublishStatus::Lost);
  MutexLock lock(paho_mutex());
  paho_.reset();
}

// Sends a request and waits for its reply; Paho's own waits have no time limit or use the wall
// clock. Nothing comes back on timeout and after cancel(); a late reply is ignored.
template <typename Request>
std::optional<Reply> PahoClient::ask(steady_clock::time_point deadline, Request request) {
  const std::optional<Requests::Id> id = requests_.begin();
  if (!id) return std::nullopt;
  try {
    MutexLock lock(paho_mutex());
    request(context(*id));
  } catch (const mqtt::exception& error) {
    return Reply{.code = error.get_return_code(), .text = error.what()};
  }
  return requests_.wait(deadline);
}

ConnectResult PahoClient::connect() {
  if (std::exchange(used_, true)) {
    return {.error = ConnectError::Refused, .detail = "a client connects only once"};
  }
  const std::optional<Reply> reply =
      ask(steady_clock::now() + options_.connect_timeout,
          [this](void* id) { paho_->connect(connect_options_, id, *this); });
  if (!reply || !reply->ok) return connect_failure(reply);
  broker_packet_bytes_max_ = std::min(reply->packet_bytes_max, kPacketBytesMax);
  broker_retains_ = reply->retain_available;
  broker_qos_max_ = reply->qos_max;
  return {.session_present = reply->session_present};
}

ConnectResult PahoClient::connect_failure(const std::optional<Reply>& reply) const {
  if (!reply) return {.error = ConnectError::Timeout, .detail = "no answer to the connect in time"};
  ConnectResult result{.detail = reply->text};
  if (reply->code > 0) {
    result.error = connect_error(reply->code, options_.version);
    result.reason_code = reply->code;
    result.detail = "the broker refused the connection";
  } else if (endpoint_.tls && accepts_tcp(endpoint_, kProbeTimeout)) {
    // Paho reports both with one code.
    result.error = ConnectError::Tls;
    result.detail = "the TLS handshake failed: certificate, host name, key or protocol version";
  } else {
    result.error = ConnectError::Unreachable;
  }
  return result;
}

void PahoClient::cancel() { requests_.cancel(); }

std::vector<int> PahoClient::filter_codes(const std::optional<Reply>& reply,
                                          std::size_t count) const {
  if (!reply) return {};
  if (reply->ok && reply->codes.size() == count) return reply->codes;
  // One refused filter is reported as a failure of the request.
  if (reply->code >= kFailureCode) return std::vector<int>(count, reply->code);
  return {};
}

std::vector<int> PahoClient::subscribe(const std::vector<Subscription>& list,
                                       milliseconds timeout) {
  if (list.empty() || !connected_) return {};
  auto filters = std::make_shared<mqtt::string_collection>();
  std::vector<int> qos;
  std::vector<mqtt::subscribe_options> options;
  for (const Subscription& one : list) {
    filters->push_back(one.filter);
    qos.push_back(one.qos);
    if (options_.version != ProtocolVersion::Mqtt5) continue;
    const bool no_local = one.no_local && !is_shared(one.filter);  // forbidden together
    options.emplace_back(no_local, mqtt::subscribe_options::NO_RETAIN_AS_PUBLISHED,
                         mqtt::subscribe_options::RetainHandling(one.retain_handling));
  }
  return filter_codes(ask(steady_clock::now() + timeout,
                          [&](void* id) { paho_->subscribe(filters, qos, id, *this, options); }),
                      list.size());
}

std::vector<int> PahoClient::unsubscribe(const std::vector<std::string>& filters,
                                         milliseconds timeout) {
  if (filters.empty() || !connected_) return {};
  const auto list = std::make_shared<mqtt::string_collection>(filters);
  std::optional<Reply> reply =
      ask(steady_clock::now() + timeout, [&](void* id) { paho_->unsubscribe(list, id, *this); });
  if (reply && reply->ok && reply->codes.empty()) reply->codes.assign(filters.size(), 0);
  return filter_codes(reply, filters.size());
}

// What is known to fail before sending; Acknowledged means that it may go.
PublishResult PahoClient::check(const Message& message) const {
  if (!connected_) return {.status = PublishStatus::NotConnected};
  if (publish_error(message)) return {.status = PublishStatus::Denied, .reason_code = kMalformed};
  if (message.retained && !broker_retains_) {
    return {.status = PublishStatus::Denied, .reason_code = kRetainNotSupported};
  }
  // Paho does not look at the broker's limit, and exceeding it costs the connection.
  if (publish_packet_bytes(message, options_.version) > broker_packet_bytes_max_) {
    return {.status = PublishStatus::TooLarge};
  }
  return {.status = PublishStatus::Acknowledged};
}

PublishStatus PahoClient::thrown_status(const mqtt::exception& error) const {
  const int code = error.get_return_code();
  if (code == MQTTASYNC_NO_MORE_MSGIDS || code == MQTTASYNC_MAX_BUFFERED_MESSAGES) {
    return PublishStatus::Busy;
  }
  return code == MQTTASYNC_DISCONNECTED ? PublishStatus::NotConnected : PublishStatus::Denied;
}

void PahoClient::publish(const Message& message, PublishDone done) {
  const PublishResult checked = check(message);
  if (checked.status != PublishStatus::Acknowledged) return done(checked);
  // Kept before sending: the acknowledgement may be faster than the return.
  const std::optional<Requests::Id> id = requests_.add_publish(done, options_.in_flight_max);
  if (!id) return done({.status = PublishStatus::Busy});
  try {
    const bool v5 = options_.version == ProtocolVersion::Mqtt5;
    const auto paho_message =
        mqtt::message::create(message.topic, message.payload.data(), message.payload.size(),
                              std::min(message.qos, broker_qos_max_), message.retained,
                              v5 ? to_paho(message.properties) : mqtt::properties());
    MutexLock lock(paho_mutex());
    paho_->publish(paho_message, context(*id), *this);
  } catch (const mqtt::exception& error) {
    requests_.finish_publish(*id, {.status = thrown_status(error)});
  }
}

void PahoClient::disconnect(milliseconds timeout) {
  const steady_clock::time_point deadline = steady_clock::now() + timeout;
  requests_.wait_for_publishes(deadline);
  if (connected_.exchange(false)) {
    // 0: with a timeout Paho looks for what is in flight only every three seconds.
    (void)ask(deadline, [this](void* id) { paho_->disconnect(0, id, *this); });
  }
  requests_.finish_all_publishes(PublishStatus::Lost);
}

// ---- network thread. Nothing may escape into Paho's C code.

void PahoClient::on_success(const mqtt::token& token) {
  try {
    const auto id = reinterpret_cast<Requests::Id>(token.get_user_context());
    Reply reply{.ok = true};
    switch (token.get_type()) {
      case mqtt::token::PUBLISH: {
        const int code = static_cast<int>(token.get_reason_code());
        const bool unheard = code == kNoSubscribers;
        requests_.finish_publish(
            id, {.status = unheard ? PublishStatus::NoSubscribers : PublishStatus::Acknowledged,
                 .reason_code = code});
        return;
      }
      case mqtt::token::CONNECT: {
        reply = connect_reply(token.get_connect_response());
        connected_ = true;  // here, so that a loss right after it is not missed
        break;
      }
      case mqtt::token::SUBSCRIBE: {
        const mqtt::subscribe_response response = token.get_subscribe_response();
        reply.codes = numbers(response.get_reason_codes());
        break;
      }
      case mqtt::token::UNSUBSCRIBE: {
        const mqtt::unsubscribe_response response = token.get_unsubscribe_response();
        reply.codes = numbers(response.get_reason_codes());
        break;
      }
      case mqtt::token::DISCONNECT:
        break;
    }
    requests_.answer(id, std::move(reply));
  } catch (...) {
  }
}

void PahoClient::on_failure(const mqtt::token& token) {
  try {
    const auto id = reinterpret_cast<Requests::Id>(token.get_user_context());
    int code = token.get_return_code();
    const int reason = static_cast<int>(token.get_reason_code());
    if (code == 0 && reason >= kFailureCode && reason < 0x100) code = reason;
    if (token.get_type() == mqtt::token::PUBLISH) {
      const bool refused = code >= kFailureCode;
      requests_.finish_publish(id, {.status = refused ? PublishStatus::Denied : PublishStatus::Lost,
                                    .reason_code = refused ? code : 0});
      return;
    }
    requests_.answer(id, {.code = code, .text = mqtt::exception::error_str(code)});
  } catch (...) {
  }
}

void PahoClient::message_arrived(const mqtt::message& from) {
  try {
    const std::string& topic = from.get_topic();
    const char* error = topic_error(topic);  // Paho checks what we send, not what we receive
    if (!error && from.get_payload_ref().length() > options_.packet_bytes_max) {
      error = "payload is over the packet limit";  // only 3.1.1 lets it get this far
    }
    if (error) {
      if (events_.on_rejected) events_.on_rejected(error);
      return;
    }
    Message to;
    to.topic = topic;
    to.payload = from.to_string();
    to.qos = from.get_qos();
    to.retained = from.is_retained();
    to.duplicate = from.is_duplicate();
    to.properties = from_paho(from.get_properties());
    if (events_.on_message) events_.on_message(std::move(to));
  } catch (...) {
    if (events_.on_rejected) events_.on_rejected("the message callback failed");
  }
}

void PahoClient::connection_lost(const std::string& cause) {
  try {
    if (!connected_.exchange(false)) return;
    requests_.finish_all_publishes(PublishStatus::Lost);
    const int code = disconnect_code_;
    if (!events_.on_disconnected) return;
    if (code != 0) return events_.on_disconnected("the broker closed the connection", code);
    events_.on_disconnected(cause.empty() ? "the connection was lost" : cause, code);
  } catch (...) {
  }
}

}  // namespace

std::unique_ptr<Client> make_paho_client(const ClientOptions& options, ClientEvents events) {
  return std::make_unique<PahoClient>(options, std::move(events));
}

ClientFactory make_paho_factory(const ClientOptions& options) {
  (void)make_paho_client(options, {});
  return [options](ProtocolVersion version, ClientEvents events) {
    ClientOptions copy = options;
    copy.version = version;
    return make_paho_client(copy, std::move(events));
  };
}

}  // namespace transport
