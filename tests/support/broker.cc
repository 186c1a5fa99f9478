#include "tests/support/broker.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace test_support {
namespace {

using std::chrono::steady_clock;
constexpr std::chrono::seconds kStartTimeout{10};
constexpr std::chrono::milliseconds kPollInterval{2};

// Debian puts it where an ordinary user's PATH does not look.
std::string mosquitto_path() {
  std::string path = std::getenv("PATH") ? std::getenv("PATH") : "";
  path += ":/usr/sbin:/usr/local/sbin";
  std::istringstream folders(path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string file = folder + "/mosquitto";
    if (!folder.empty() && access(file.c_str(), X_OK) == 0) return file;
  }
  return {};
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

}  // namespace

bool accepts_connections(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool accepted =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(fd);
  return accepted;
}

std::uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(fd);
  if (!bound) throw std::runtime_error("no free loopback port");
  return ntohs(address.sin_port);
}

bool broker_installed() { return !mosquitto_path().empty(); }

Broker::Broker(const BrokerOptions& options) : tls_(!options.ca_file.empty()) {
  // Another test may take the port between the look and the start; then try another one.
  for (int attempt = 0; attempt < 5; ++attempt) {
    port_ = free_port();
    write_config(options);
    if (spawn_and_wait()) return;
  }
  throw std::runtime_error("mosquitto did not start:\n" + log());
}

std::string Broker::uri() const {
  return (tls_ ? "mqtts://localhost:" : "mqtt://127.0.0.1:") + std::to_string(port_);
}

std::string Broker::log() const {
  std::ifstream file(dir_.file("log"));
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void Broker::write_config(const BrokerOptions& options) {
  std::ostringstream config;
  if (geteuid() == 0) config << "user root\n";  // else it could not read the folder
  config << "listener " << port_ << " 127.0.0.1\n"
         << "persistence true\npersistence_location " << dir_.path().string() << "/\n"
         << "log_dest file " << dir_.file("log") << "\nlog_type all\n";
  if (tls_) {
    config << "cafile " << options.ca_file << "\ncertfile " << options.cert_file << "\nkeyfile "
           << options.key_file << "\n";
    if (options.require_client_cert) config << "require_certificate true\n";
  }
  if (options.passwords.empty()) {
    config << "allow_anonymous true\n";
  } else {
    std::string lines;
    for (const auto& [user, password] : options.passwords) lines += user + ":" + password + "\n";
    const std::string file = dir_.write("passwords", lines);
    if (std::system(("mosquitto_passwd -U " + file).c_str()) != 0) {
      throw std::runtime_error("mosquitto_passwd failed");
    }
    config << "allow_anonymous false\npassword_file " << file << "\n";
  }
  if (!options.acl.empty()) config << "acl_file " << dir_.write("acl", options.acl) << "\n";
  config << options.extra;
  dir_.write("conf", config.str());
}

// False when the process ended before it accepted a connection.
bool Broker::spawn_and_wait() {
  process_ = ChildProcess({mosquitto_path(), "-c", dir_.file("conf")});
  const steady_clock::time_point deadline = steady_clock::now() + kStartTimeout;
  while (!accepts_connections(port_)) {
    if (!process_.running()) return false;
    if (steady_clock::now() > deadline) {
      throw std::runtime_error("mosquitto does not accept connections:\n" + log());
    }
    std::this_thread::sleep_for(kPollInterval);  // tidy: allow, polls with a deadline
  }
  return process_.running();  // somebody else's listener would also have accepted
}

void Broker::start() {
  if (!spawn_and_wait()) throw std::runtime_error("mosquitto did not start again:\n" + log());
}

void Broker::stop() { (void)process_.signal_and_wait(SIGTERM); }
void Broker::kill() { process_.kill(); }
void Broker::forget() { std::filesystem::remove(dir_.path() / "mosquitto.db"); }

}  // namespace test_support
