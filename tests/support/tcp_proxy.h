#pragma once

// A TCP server on a free loopback port that misbehaves on request: a proxy to a real broker that
// can go silent or cut its connections, or a scripted peer without any broker behind it.
// Thread safety: safe.

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace test_support {

class TcpProxy {
 public:
  // Forwards every connection to the loopback port `target`.
  explicit TcpProxy(std::uint16_t target);

  // No target: `answer` gets the bytes that arrived at once (and the number of the connection,
  // from 0) and returns what to send back; an empty answer sends nothing, "close" closes.
  using Answer = std::function<std::string(const std::string& received, int connection)>;
  explicit TcpProxy(Answer answer);

  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  std::uint16_t port() const { return port_; }
  std::string uri() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }

  // While silent, all bytes both ways vanish and no connection is closed: a half-open link.
  // Connections accepted while silent stay dead.
  void set_silent(bool silent) { silent_ = silent; }

  void cut();  // closes all connections now open

  int accepted() const { return accepted_; }

 private:
  struct Pair {
    int client = -1;
    int server = -1;  // -1 with a scripted peer
    int number = 0;
    bool dead = false;
  };

  void listen();
  void run();
  void accept_one();
  bool pump(const Pair& pair, int from);  // false: close the pair
  void wake();

  const std::uint16_t target_ = 0;
  const Answer answer_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  int wake_[2] = {-1, -1};
  std::atomic<bool> silent_ = false;
  std::atomic<bool> cut_ = false;
  std::atomic<bool> stop_ = false;
  std::atomic<int> accepted_ = 0;
  std::vector<Pair> pairs_;  // of the thread
  std::thread thread_;
};

}  // namespace test_support
