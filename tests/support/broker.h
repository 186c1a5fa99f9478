#pragma once

// A real Mosquitto on a free loopback port with its files in a folder of its own, for one test.
// The process dies with the test program. Tests skip when broker_installed() is false.
// Thread safety: unsafe.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

namespace test_support {

struct BrokerOptions {
  // TLS when ca_file is set; then cert and key are the broker's own.
  std::string ca_file = {};
  std::string cert_file = {};
  std::string key_file = {};
  bool require_client_cert = false;

  std::vector<std::pair<std::string, std::string>> passwords =
      {};                  // user, password; empty: anonymous
  std::string acl = {};    // text of the ACL file
  std::string extra = {};  // further lines of mosquitto.conf
};

bool broker_installed();

class Broker {
 public:
  // Starts it; returns when it accepts connections. Throws std::runtime_error with its log when
  // it does not within ten seconds.
  explicit Broker(const BrokerOptions& options = {});

  std::uint16_t port() const { return port_; }
  std::string uri() const;  // mqtt://127.0.0.1:PORT, or mqtts://localhost:PORT
  std::string log() const;  // what it wrote so far
  pid_t pid() const { return process_.pid(); }

  void stop();    // SIGTERM and wait; it saves its sessions
  void kill();    // SIGKILL and wait
  void start();   // again on the same port, with what was saved
  void forget();  // deletes what was saved. REQUIRES: not running.

 private:
  void write_config(const BrokerOptions& options);
  bool spawn_and_wait();

  TempDir dir_;
  bool tls_ = false;
  std::uint16_t port_ = 0;
  ChildProcess process_;
};

// Whether something accepts connections on the loopback port.
bool accepts_connections(std::uint16_t port);

// A loopback port that was free a moment ago.
std::uint16_t free_port();

}  // namespace test_support
