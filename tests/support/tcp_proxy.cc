#include "tests/support/tcp_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

namespace test_support {
namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

bool send_all(int fd, const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t count = send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return false;
    sent += static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace

TcpProxy::TcpProxy(std::uint16_t target) : target_(target) { listen(); }
TcpProxy::TcpProxy(Answer answer) : answer_(std::move(answer)) { listen(); }

void TcpProxy::listen() {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener_, 16) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0 ||
      pipe2(wake_, O_CLOEXEC) != 0) {
    throw std::runtime_error("the proxy cannot listen");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

TcpProxy::~TcpProxy() {
  stop_ = true;
  wake();
  thread_.join();
  for (const int fd : {listener_, wake_[0], wake_[1]}) close(fd);
}

void TcpProxy::wake() { (void)!write(wake_[1], "x", 1); }

void TcpProxy::cut() {
  cut_ = true;
  wake();
  while (cut_) std::this_thread::yield();
}

void TcpProxy::accept_one() {
  Pair pair;
  pair.client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (pair.client < 0) return;
  pair.number = accepted_++;
  pair.dead = silent_;
  if (target_ != 0 && !pair.dead) {
    pair.server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(target_);
    if (connect(pair.server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      close(pair.client);
      close(pair.server);
      return;
    }
  }
  pairs_.push_back(pair);
}

bool TcpProxy::pump(const Pair& pair, int from) {
  std::string bytes(65536, '\0');
  const ssize_t count = recv(from, bytes.data(), bytes.size(), 0);
  if (silent_ || pair.dead) return count > 0;
  if (count <= 0) return false;
  bytes.resize(static_cast<std::size_t>(count));
  if (answer_) {
    const std::string reply = answer_(bytes, pair.number);
    return reply != "close" && send_all(pair.client, reply);
  }
  return send_all(from == pair.client ? pair.server : pair.client, bytes);
}

void TcpProxy::run() {
  while (!stop_) {
    std::vector<pollfd> fds = {{wake_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const Pair& pair : pairs_) {
      fds.push_back({pair.client, POLLIN, 0});
      fds.push_back({pair.server, POLLIN, 0});  // -1 is ignored
    }
    poll(fds.data(), fds.size(), -1);
    char ignored = 0;
    if (fds[0].revents != 0) (void)!read(wake_[0], &ignored, 1);
    std::vector<Pair> left;
    const bool all = cut_ || stop_;
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
      bool open = !all;
      for (const pollfd& fd : {fds[2 + 2 * i], fds[3 + 2 * i]}) {
        if (open && fd.revents != 0) open = pump(pairs_[i], fd.fd);
      }
      if (open) {
        left.push_back(pairs_[i]);
        continue;
      }
      close(pairs_[i].client);
      if (pairs_[i].server >= 0) close(pairs_[i].server);
    }
    pairs_ = std::move(left);
    if (fds[1].revents != 0) accept_one();
    if (all) cut_ = false;
  }
  for (const Pair& pair : pairs_) {
    close(pair.client);
    if (pair.server >= 0) close(pair.server);
  }
}

}  // namespace test_support
