#pragma once

// A connection that keeps itself up. One thread owns the Client: it connects by the reconnect
// policy, subscribes again after every connect, sends what publish() handed over, and cuts a
// link whose broker stopped acknowledging. Every connection is a new Client from the factory.
// Falls back to MQTT 3.1.1 when the broker refuses version 5.
// Thread safety: all methods are safe from any thread, except from inside a callback, where only
// publish() and state() may be called.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "transport/client.h"
#include "transport/reconnect_policy.h"

namespace transport {

// Makes the client of one connection; called on the link thread. It must not throw for reasons
// of the network; a TransportError (a key file that vanished) counts as a failed attempt.
using ClientFactory = std::function<std::unique_ptr<Client>(ProtocolVersion, ClientEvents)>;

// The factory for real brokers. Throws TransportError at once for options that can never work.
// options.version is where the link starts; 3.1.1 stays 3.1.1.
ClientFactory make_paho_factory(const ClientOptions& options);

struct SupervisorOptions {
  ReconnectOptions reconnect = {};
  ProtocolVersion version = ProtocolVersion::Mqtt5;  // tried first
  std::chrono::milliseconds subscribe_timeout{5000};
  std::chrono::milliseconds ack_deadline{5000};       // an older publish cuts the link
  std::chrono::milliseconds disconnect_timeout{500};  // to close in order; then it is cut
  std::size_t in_flight_max = 8;                      // publishes sent and not acknowledged
  std::size_t queue_max = 64;     // publishes accepted and not sent; more are refused
  std::uint64_t jitter_seed = 0;  // 0: taken from the system's random device
};

enum class LinkPhase {
  Stopped,
  Connecting,  // a connect or the subscriptions after it are under way
  Waiting,     // down; the next attempt is scheduled
  Connected,   // subscribed; publish() works
};

struct LinkState {
  LinkPhase phase = LinkPhase::Stopped;
  bool session_present = false;  // of the present connection: the broker kept it
  ProtocolVersion version = ProtocolVersion::Mqtt5;
  ConnectError error = ConnectError::None;        // of the last failed attempt; None once connected
  int reason_code = 0;                            // of that failure, or of the broker's DISCONNECT
  std::string cause = {};                         // why the link is down, for the log; no secrets
  std::vector<std::string> refused_filters = {};  // subscriptions the broker did not grant
  std::uint64_t connects = 0;                     // successful ones since start()
  std::uint64_t attempts = 0;

  [[nodiscard]] bool connected() const { return phase == LinkPhase::Connected; }
};

// Callbacks. They must not throw or block.
struct LinkEvents {
  // Network thread. The broker gets its acknowledgement when this returns. May run before
  // on_link tells of the connection: a kept session delivers at once.
  std::function<void(Message&&)> on_message = {};
  // Link thread, at every change of phase and after set_subscriptions() took effect.
  std::function<void(const LinkState&)> on_link = {};
  // Network thread: a message was dropped, see ClientEvents. No bytes of it are passed on; the
  // reason is a fixed text.
  std::function<void(std::string_view reason)> on_rejected = {};
};

class Link {
 public:
  Link(ClientFactory factory, const SupervisorOptions& options, LinkEvents events);
  // Same as stop(disconnect_timeout).
  ~Link();

  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // Starts the link thread and returns at once; a broker that is absent is waited for.
  void start();

  // Replaces the list, which holds each filter once. While connected the difference is subscribed
  // and unsubscribed at once, else with the next connect. Filters removed are unsubscribed from a
  // kept session.
  void set_subscriptions(std::vector<Subscription> list);

  // Hands `message` over and returns at once. False: not connected, stopping, or queue_max
  // waiting; then `done` is not called. True: `done` is called exactly once, on the network or
  // the link thread; Lost means that it may or may not have reached the broker, NotConnected
  // that it was never sent.
  [[nodiscard]] bool publish(Message message, std::function<void(PublishResult)> done);

  // Refuses new publishes, waits up to `timeout` for those accepted to be acknowledged, closes
  // in order so that the will is not sent, and joins the thread. Every `done` has been called
  // when it returns, and no callback comes later. Idempotent; start() may follow.
  void stop(std::chrono::milliseconds timeout);

  [[nodiscard]] LinkState state() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace transport
