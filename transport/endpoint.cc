#include "transport/endpoint.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <memory>

#include "transport/client.h"

namespace transport {
namespace {

constexpr std::string_view kPlain = "mqtt://";
constexpr std::string_view kTls = "mqtts://";

[[noreturn]] void refuse(std::string_view why) {
  throw TransportError("broker uri: " + std::string(why) +
                       ", wanted mqtt://host:port or mqtts://host:port");
}

std::uint16_t parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) {
    refuse("the port is not a number from 1 to 65535");
  }
  return port;
}

bool is_host(std::string_view host, std::string_view extra) {
  if (host.empty()) return false;
  for (const char c : host) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && extra.find(c) == std::string_view::npos) return false;
  }
  return true;
}

bool accepts_tcp(const addrinfo& address, std::chrono::milliseconds timeout) {
  const int fd = socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  bool accepted = connect(fd, address.ai_addr, address.ai_addrlen) == 0;
  if (!accepted && errno == EINPROGRESS) {
    pollfd waiting{.fd = fd, .events = POLLOUT, .revents = 0};
    int error = 0;
    socklen_t size = sizeof(error);
    accepted = poll(&waiting, 1, static_cast<int>(timeout.count())) == 1 &&
               getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
  }
  close(fd);
  return accepted;
}

}  // namespace

std::string Endpoint::uri() const {
  const bool ipv6 = host.find(':') != std::string::npos;
  return std::string(tls ? kTls : kPlain) + (ipv6 ? "[" + host + "]" : host) + ":" +
         std::to_string(port);
}

Endpoint parse_endpoint(std::string_view uri) {
  Endpoint endpoint;
  if (uri.starts_with(kTls)) {
    endpoint.tls = true;
    uri.remove_prefix(kTls.size());
  } else if (uri.starts_with(kPlain)) {
    uri.remove_prefix(kPlain.size());
  } else {
    refuse("unknown scheme");
  }
  if (uri.find('@') != std::string_view::npos) {
    refuse("user names and passwords have settings of their own");
  }
  std::string_view rest;
  if (uri.starts_with('[')) {
    const std::size_t bracket = uri.find(']');
    if (bracket == std::string_view::npos) refuse("'[' without ']'");
    endpoint.host = std::string(uri.substr(1, bracket - 1));
    rest = uri.substr(bracket + 1);
    if (!is_host(endpoint.host, ":.%")) refuse("the address is malformed");
  } else {
    const std::size_t colon = uri.find(':');
    endpoint.host = std::string(uri.substr(0, colon));
    rest = colon == std::string_view::npos ? std::string_view{} : uri.substr(colon);
    if (!is_host(endpoint.host, "-._")) refuse("the host is empty or malformed");
  }
  if (rest.empty()) {
    endpoint.port = endpoint.tls ? 8883 : 1883;
  } else if (rest.front() == ':') {
    endpoint.port = parse_port(rest.substr(1));
  } else {
    refuse("unexpected text after the host");
  }
  return endpoint;
}

bool accepts_tcp(const Endpoint& endpoint, std::chrono::milliseconds timeout) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(endpoint.port);
  if (getaddrinfo(endpoint.host.c_str(), port.c_str(), &hints, &found) != 0) return false;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    if (accepts_tcp(*address, timeout)) return true;
  }
  return false;
}

}  // namespace transport
