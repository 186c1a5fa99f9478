// The link thread runs one loop: ask the policy, connect, subscribe, serve until the link is
// lost or stop() is called. Only this thread touches the client, so a client can be destroyed
// without anybody still calling it; publish() puts messages into a bounded queue instead.
//
// Events of a client carry the number of its connection. An event that arrives after the next
// connection began is thus told apart and cannot end it.

#include "transport/link.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "transport/mutex.h"
#include "transport/subscription_book.h"

namespace transport {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using PublishDone = std::function<void(PublishResult)>;

std::function<double()> jitter(std::uint64_t seed) {
  if (seed == 0) {
    std::random_device device;
    seed = (std::uint64_t{device()} << 32) | device();
  }
  return [engine = std::mt19937_64(seed)]() mutable {
    return static_cast<double>(engine() >> 11) * 0x1.0p-53;  // [0, 1)
  };
}

}  // namespace

class Link::Impl {
 public:
  Impl(ClientFactory factory, const SupervisorOptions& options, LinkEvents events)
      : factory_(std::move(factory)),
        options_(options),
        events_(std::move(events)),
        policy_(options.reconnect, jitter(options.jitter_seed)) {}

  void start();
  void set_subscriptions(std::vector<Subscription> list);
  bool publish(Message message, PublishDone done);
  void stop(milliseconds timeout);
  LinkState state();
  milliseconds disconnect_timeout() const { return options_.disconnect_timeout; }

 private:
  using Connection = std::uint64_t;
  struct Outgoing {
    Message message;
    PublishDone done;
  };

  // Link thread.
  void run();
  bool wait_for_leave();
  bool connect_once();
  bool subscribe_wanted();
  void serve();
  bool step();
  void send(std::uint64_t id, Outgoing outgoing);
  void close();
  void end_connection(const std::string& cause, int code);
  void failed(const ConnectResult& result);
  template <typename Change>
  void report(Change change);
  ClientEvents events_of(Connection connection);

  // Network thread.
  void acknowledged(std::uint64_t id);
  void lost(Connection connection, std::string_view cause, int reason_code);

  const ClientFactory factory_;
  const SupervisorOptions options_;
  const LinkEvents events_;

  // Link thread only.
  ReconnectPolicy policy_;
  ProtocolVersion version_ = ProtocolVersion::Mqtt5;
  SubscriptionBook book_;
  std::uint64_t last_id_ = 0;

  std::thread thread_;  // of the caller of start() and stop(), serialised by lifecycle_
  Mutex lifecycle_;

  Mutex mutex_;
  CondVar changed_;
  std::unique_ptr<Client> client_;  // changed by the link thread, with mutex_ held
  LinkState state_ PICOLM_GUARDED_BY(mutex_);
  std::vector<Subscription> wanted_ PICOLM_GUARDED_BY(mutex_);
  bool wanted_changed_ PICOLM_GUARDED_BY(mutex_) = false;
  std::deque<Outgoing> queue_ PICOLM_GUARDED_BY(mutex_);
  std::map<std::uint64_t, SteadyTime> in_flight_ PICOLM_GUARDED_BY(mutex_);  // in order of sending
  Connection connection_ PICOLM_GUARDED_BY(mutex_) = 0;
  bool lost_ PICOLM_GUARDED_BY(mutex_) = false;
  std::string lost_cause_ PICOLM_GUARDED_BY(mutex_);
  int lost_code_ PICOLM_GUARDED_BY(mutex_) = 0;
  bool stopping_ PICOLM_GUARDED_BY(mutex_) = false;
  SteadyTime stop_at_ PICOLM_GUARDED_BY(mutex_){};
};

// ---- any thread

void Link::Impl::start() {
  MutexLock lifecycle(lifecycle_);
  if (thread_.joinable()) return;
  {
    MutexLock lock(mutex_);
    stopping_ = false;
    state_ = LinkState{};
    state_.version = options_.version;
  }
  version_ = options_.version;
  thread_ = std::thread([this] { run(); });
}

void Link::Impl::stop(milliseconds timeout) {
  MutexLock lifecycle(lifecycle_);
  if (!thread_.joinable()) return;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    stop_at_ = steady_clock::now() + timeout;
    if (client_ && state_.phase != LinkPhase::Connected) client_->cancel();
    changed_.notify_all();
  }
  thread_.join();
  thread_ = std::thread();
}

void Link::Impl::set_subscriptions(std::vector<Subscription> list) {
  MutexLock lock(mutex_);
  wanted_ = std::move(list);
  wanted_changed_ = true;
  changed_.notify_all();
}

bool Link::Impl::publish(Message message, PublishDone done) {
  MutexLock lock(mutex_);
  if (state_.phase != LinkPhase::Connected || lost_ || stopping_) return false;
  if (queue_.size() >= options_.queue_max) return false;
  queue_.push_back({std::move(message), std::move(done)});
  changed_.notify_all();
  return true;
}

LinkState Link::Impl::state() {
  MutexLock lock(mutex_);
  return state_;
}

// ---- network thread

void Link::Impl::acknowledged(std::uint64_t id) {
  MutexLock lock(mutex_);
  in_flight_.erase(id);
  changed_.notify_all();
}

void Link::Impl::lost(Connection connection, std::string_view cause, int reason_code) {
  MutexLock lock(mutex_);
  if (connection != connection_ || lost_) return;
  lost_ = true;
  lost_cause_ = std::string(cause);
  lost_code_ = reason_code;
  changed_.notify_all();
}

ClientEvents Link::Impl::events_of(Connection connection) {
  return {.on_message = events_.on_message,
          .on_disconnected = [this, connection](
                                 std::string_view cause,
                                 int reason_code) { lost(connection, cause, reason_code); },
          .on_rejected = events_.on_rejected};
}

// ---- link thread

// Changes the state and tells of it, without the lock: the callee may call publish() or state().
template <typename Change>
void Link::Impl::report(Change change) {
  LinkState copy;
  {
    MutexLock lock(mutex_);
    change(state_);
    copy = state_;
  }
  if (events_.on_link) events_.on_link(copy);
}

void Link::Impl::run() {
  while (wait_for_leave()) {
    if (connect_once()) serve();
  }
  report([](LinkState& state) {
    state.phase = LinkPhase::Stopped;
    state.session_present = false;
  });
}

// Waits until the policy lets us connect; false when stopping.
bool Link::Impl::wait_for_leave() {
  while (true) {
    const ReconnectAction action = policy_.next(steady_clock::now());
    MutexLock lock(mutex_);
    if (stopping_) return false;
    if (action.connect) return true;
    while (!stopping_ && steady_clock::now() < action.at) changed_.wait_until(mutex_, action.at);
  }
}

bool Link::Impl::connect_once() {
  Connection connection = 0;
  report([&](LinkState& state) {
    state.phase = LinkPhase::Connecting;
    ++state.attempts;
  });
  {
    MutexLock lock(mutex_);
    connection = ++connection_;
    lost_ = false;
    lost_cause_.clear();
    lost_code_ = 0;
  }
  std::unique_ptr<Client> client;
  try {
    client = factory_(version_, events_of(connection));
  } catch (const TransportError& error) {
    failed({.error = ConnectError::Refused, .detail = error.what()});
    return false;
  }
  {
    MutexLock lock(mutex_);
    client_ = std::move(client);
    if (stopping_) client_->cancel();
  }
  const ConnectResult result = client_->connect();
  if (result.error != ConnectError::None) {
    close();
    failed(result);
    return false;
  }
  policy_.connected(steady_clock::now());
  book_.connected(result.session_present);
  if (!subscribe_wanted()) {
    policy_.lost(steady_clock::now());
    end_connection("the broker did not answer the subscriptions", 0);
    return false;
  }
  report([&](LinkState& state) {
    state.phase = LinkPhase::Connected;
    state.session_present = result.session_present;
    state.version = version_;
    state.error = ConnectError::None;
    state.reason_code = 0;
    state.cause.clear();
    state.refused_filters = book_.refused();
    ++state.connects;
  });
  return true;
}

void Link::Impl::failed(const ConnectResult& result) {
  const bool fall_back =
      result.error == ConnectError::UnsupportedVersion && version_ == ProtocolVersion::Mqtt5;
  if (fall_back) {
    version_ = ProtocolVersion::Mqtt311;  // tried next, without a wait
  } else {
    policy_.connect_failed(steady_clock::now());
  }
  report([&](LinkState& state) {
    state.phase = LinkPhase::Waiting;
    state.session_present = false;
    state.error = result.error;
    state.reason_code = result.reason_code;
    state.cause = result.detail;
  });
}

// Brings the broker's subscriptions in line with wanted_. False when it does not answer.
bool Link::Impl::subscribe_wanted() {
  std::vector<Subscription> wanted;
  {
    MutexLock lock(mutex_);
    wanted = wanted_;
    wanted_changed_ = false;
  }
  const SubscriptionBook::Plan plan = book_.plan(wanted);
  std::vector<int> codes;
  if (!plan.leave.empty()) {
    codes = client_->unsubscribe(plan.leave, options_.subscribe_timeout);
    if (codes.size() != plan.leave.size()) return false;
    codes.clear();
  }
  if (!plan.ask.empty()) {
    codes = client_->subscribe(plan.ask, options_.subscribe_timeout);
    if (codes.size() != plan.ask.size()) return false;
  }
  book_.carried_out(plan, codes);
  return true;
}

void Link::Impl::serve() {
  while (step()) {
  }
  bool stopping = false;
  std::string cause;
  int code = 0;
  {
    MutexLock lock(mutex_);
    stopping = stopping_ && !lost_;
    lost_ = true;  // publish() refuses from here on
    cause = lost_cause_;
    code = lost_code_;
  }
  if (stopping) {
    client_->disconnect(options_.disconnect_timeout);
    close();
    return;
  }
  policy_.lost(steady_clock::now());
  version_ = options_.version;  // the broker may be a newer one when it comes back
  end_connection(cause, code);
}

void Link::Impl::end_connection(const std::string& cause, int code) {
  close();
  report([&](LinkState& state) {
    state.phase = LinkPhase::Waiting;
    state.session_present = false;
    state.reason_code = code;
    state.cause = cause;
  });
}

// Waits for something to do and does it. False when the link is lost or to be closed.
bool Link::Impl::step() {
  std::optional<Outgoing> outgoing;
  std::uint64_t id = 0;
  {
    MutexLock lock(mutex_);
    while (true) {
      const SteadyTime now = steady_clock::now();
      if (lost_) return false;
      if (stopping_ && ((queue_.empty() && in_flight_.empty()) || now >= stop_at_)) return false;
      const bool unanswered =
          !in_flight_.empty() && now >= in_flight_.begin()->second + options_.ack_deadline;
      if (unanswered) {
        // A half-open connection looks alive for tens of seconds to keep-alive alone.
        lost_ = true;
        lost_cause_ = "no acknowledgement in time";
        return false;
      }
      if (wanted_changed_ && !stopping_) break;
      if (!queue_.empty() && in_flight_.size() < options_.in_flight_max) {
        outgoing = std::move(queue_.front());
        queue_.pop_front();
        id = ++last_id_;
        in_flight_.emplace(id, now);
        break;
      }
      SteadyTime wake = stopping_ ? stop_at_ : SteadyTime::max();
      if (!in_flight_.empty()) {
        wake = std::min(wake, in_flight_.begin()->second + options_.ack_deadline);
      }
      if (wake == SteadyTime::max()) {
        changed_.wait(mutex_);
      } else {
        changed_.wait_until(mutex_, wake);
      }
    }
  }
  if (outgoing) {
    send(id, std::move(*outgoing));
  } else if (subscribe_wanted()) {
    report([&](LinkState& state) { state.refused_filters = book_.refused(); });
  } else {
    MutexLock lock(mutex_);
    if (!lost_) lost_cause_ = "the broker did not answer the subscriptions";
    lost_ = true;
  }
  return true;
}

void Link::Impl::send(std::uint64_t id, Outgoing outgoing) {
  client_->publish(outgoing.message,
                   [this, id, done = std::move(outgoing.done)](PublishResult result) {
                     acknowledged(id);
                     if (done) done(result);
                   });
}

// Destroys the client, which calls every outstanding `done`, and refuses what was queued.
void Link::Impl::close() {
  std::unique_ptr<Client> client;
  {
    MutexLock lock(mutex_);
    lost_ = true;
    ++connection_;  // what the old client still has to say is of no interest
    client = std::move(client_);
  }
  client.reset();
  std::deque<Outgoing> queue;
  {
    MutexLock lock(mutex_);
    queue.swap(queue_);
    in_flight_.clear();
  }
  for (const Outgoing& one : queue) {
    if (one.done) one.done({.status = PublishStatus::NotConnected});
  }
}

// ---- the door

Link::Link(ClientFactory factory, const SupervisorOptions& options, LinkEvents events)
    : impl_(std::make_unique<Impl>(std::move(factory), options, std::move(events))) {}

Link::~Link() { impl_->stop(impl_->disconnect_timeout()); }

void Link::start() { impl_->start(); }

void Link::set_subscriptions(std::vector<Subscription> list) {
  impl_->set_subscriptions(std::move(list));
}

bool Link::publish(Message message, PublishDone done) {
  return impl_->publish(std::move(message), std::move(done));
}

void Link::stop(milliseconds timeout) { impl_->stop(timeout); }

LinkState Link::state() const { return impl_->state(); }

}  // namespace transport
