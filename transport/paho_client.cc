// With paho_connect and paho_properties the only place that knows Eclipse Paho MQTT C++ (1.2.0,
// over the C library 1.3.12). Paho is used as a protocol engine only: its persistence, offline
// buffer, automatic reconnect, consumer queue and blocking waits all stay off, because they lose or
// hide messages. What remains are asynchronous requests, whose replies arrive at one listener with
// the request's number.
//
// Locks: Paho calls back with its own process-wide mutex held and takes the same mutex in every
// request, so no lock that a callback takes is ever held while calling Paho; else a callback and
// a request would wait for each other.

#include <mqtt/async_client.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

#include "transport/client.h"
#include "transport/endpoint.h"
#include "transport/link.h"
#include "transport/mutex.h"
#include "transport/paho_connect.h"
#include "transport/paho_properties.h"
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
constexpr int kFailureCode = 0x80;  // this and above is a refusal
constexpr milliseconds kProbeTimeout{500};

// Stopping Paho's threads, which happens with the last client of the process, is where its C
// library races with itself and sleeps for up to seconds. One client that never connects and is
// never destroyed keeps them running; while nothing is connected they only sleep. Call it before
// anything else of Paho: the first client empties the library's record of what it has allocated,
// and what was allocated before can never be freed.
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

std::vector<int> numbers(const std::vector<mqtt::ReasonCode>& codes) {
  std::vector<int> numbers;
  numbers.reserve(codes.size());
  for (const mqtt::ReasonCode code : codes) numbers.push_back(static_cast<int>(code));
  return numbers;
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
  // Paho hands the pointer back and never follows it.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  static void* context(Requests::Id id) { return reinterpret_cast<void*>(id); }

  template <typename Request>
  std::vector<Reply> ask(steady_clock::time_point deadline, std::size_t count, Request request);
  ConnectResult connect_failure(const Reply& reply) const;
  PublishResult check(const Message& message) const;
  PublishStatus thrown_status(const mqtt::exception& error) const;

  // Network thread.
  void on_success(const mqtt::token& token) override;
  void on_failure(const mqtt::token& token) override;
  void message_arrived(const mqtt::message& message);
  void connection_lost(const std::string& cause, int reason_code);

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
    MutexLock lock(paho_mutex());
    keep_paho_threads();
    set_connect_options(options_, endpoint_, connect_options_);
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
    paho_->set_message_callback([this](const mqtt::const_message_ptr& m) { message_arrived(*m); });
    paho_->set_connection_lost_handler([this](const std::string& cause) {
      connection_lost(cause.empty() ? "the connection was lost" : cause, 0);
    });
    // After a DISCONNECT from the broker Paho calls only this one.
    paho_->set_disconnected_handler([this](const mqtt::properties&, mqtt::ReasonCode code) {
      connection_lost("the broker closed the connection", static_cast<int>(code));
    });
  } catch (const mqtt::exception& error) {
    throw TransportError(std::string("MQTT options: ") + error.what());
  }
}

PahoClient::~PahoClient() {
  connected_ = false;
  requests_.finish_all_publishes(PublishStatus::Lost);
  MutexLock lock(paho_mutex());
  paho_.reset();
}

// Sends `count` requests by calling request(context, index) and waits for their replies; Paho's
// own waits have no time limit or use the wall clock. An empty list comes back on timeout and
// after cancel(); a late reply is ignored.
template <typename Request>
std::vector<Reply> PahoClient::ask(steady_clock::time_point deadline, std::size_t count,
                                   Request request) {
  const std::optional<Requests::Id> first = requests_.begin(count);
  if (!first) return {};
  for (std::size_t i = 0; i < count; ++i) {
    try {
      MutexLock lock(paho_mutex());
      request(context(*first + i), i);
    } catch (const mqtt::exception& error) {
      requests_.answer(*first + i, {.code = error.get_return_code(), .text = error.what()});
    }
  }
  return requests_.wait(deadline);
}

ConnectResult PahoClient::connect() {
  if (std::exchange(used_, true)) {
    return {.error = ConnectError::Refused, .detail = "a client connects only once"};
  }
  const std::vector<Reply> replies =
      ask(steady_clock::now() + options_.connect_timeout, 1,
          [this](void* id, std::size_t) { paho_->connect(connect_options_, id, *this); });
  if (replies.empty()) {
    return {.error = ConnectError::Timeout, .detail = "no answer to the connect in time"};
  }
  const Reply& reply = replies.front();
  if (!reply.ok) return connect_failure(reply);
  broker_packet_bytes_max_ = std::min(reply.packet_bytes_max, kPacketBytesMax);
  broker_retains_ = reply.retain_available;
  broker_qos_max_ = reply.qos_max;
  return {.session_present = reply.session_present};
}

ConnectResult PahoClient::connect_failure(const Reply& reply) const {
  ConnectResult result{.detail = reply.text};
  if (reply.code > 0) {
    result.error = connect_error(reply.code, options_.version);
    result.reason_code = reply.code;
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

// One request a filter: Paho's call for a list copies the options of its filters wrongly (the
// copy points nowhere) and ignores them for a list of one.
std::vector<int> PahoClient::subscribe(const std::vector<Subscription>& list,
                                       milliseconds timeout) {
  if (list.empty() || !connected_) return {};
  const auto send = [&](void* id, std::size_t i) {
    const Subscription& one = list[i];
    const bool no_local = one.no_local && !is_shared(one.filter);  // forbidden together
    const mqtt::subscribe_options options(
        no_local, mqtt::subscribe_options::NO_RETAIN_AS_PUBLISHED,
        mqtt::subscribe_options::RetainHandling(one.retain_handling));  // unused on 3.1.1
    paho_->subscribe(one.filter, one.qos, id, *this, options);
  };
  std::vector<int> codes;
  for (const Reply& reply : ask(steady_clock::now() + timeout, list.size(), send)) {
    const bool answered = reply.ok && reply.codes.size() == 1;
    if (!answered && reply.code < kFailureCode) return {};  // the link went
    codes.push_back(answered ? reply.codes.front() : reply.code);
  }
  return codes;
}

std::vector<int> PahoClient::unsubscribe(const std::vector<std::string>& filters,
                                         milliseconds timeout) {
  if (filters.empty() || !connected_) return {};
  const auto send = [&](void* id, std::size_t i) { paho_->unsubscribe(filters[i], id, *this); };
  std::vector<int> codes;
  for (const Reply& reply : ask(steady_clock::now() + timeout, filters.size(), send)) {
    if (!reply.ok) return {};
    codes.push_back(reply.codes.empty() ? 0 : reply.codes.front());
  }
  return codes;
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
    (void)ask(deadline, 1, [this](void* id, std::size_t) { paho_->disconnect(0, id, *this); });
  }
  requests_.finish_all_publishes(PublishStatus::Lost);
}

// ---- network thread. Nothing may escape into Paho's C code.

void PahoClient::on_success(const mqtt::token& token) {
  const auto id = reinterpret_cast<Requests::Id>(token.get_user_context());
  try {
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
      case mqtt::token::UNSUBSCRIBE:
        // Its response object throws for the harmless 0x11, "no subscription existed".
        reply.codes = {static_cast<int>(token.get_reason_code())};
        break;
      case mqtt::token::DISCONNECT:
        break;
    }
    requests_.answer(id, std::move(reply));
  } catch (...) {
    requests_.answer(id, {.code = MQTTASYNC_FAILURE});
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
      error = kOverPacketLimit;  // only 3.1.1 lets it get this far
    }
    std::optional<Properties> properties;
    if (!error) {
      properties = from_paho(from.get_properties().c_struct());
      if (!properties) error = kPropertiesTooLarge;
    }
    if (error) {
      if (events_.on_rejected) events_.on_rejected(error);
      return;
    }
    if (events_.on_message) events_.on_message(from_paho(from, std::move(*properties)));
  } catch (...) {
    if (events_.on_rejected) events_.on_rejected("the message callback failed");
  }
}

void PahoClient::connection_lost(const std::string& cause, int reason_code) {
  try {
    if (!connected_.exchange(false)) return;
    requests_.finish_all_publishes(PublishStatus::Lost);
    if (events_.on_disconnected) events_.on_disconnected(cause, reason_code);
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
