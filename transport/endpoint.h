#pragma once

// Where a broker is, taken from its URI.
// Thread safety: plain values and free functions.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace transport {

struct Endpoint {
  bool tls = false;
  std::string host;  // name, IPv4 or IPv6 address without brackets
  std::uint16_t port = 0;

  // "mqtt://host:port" or "mqtts://host:port".
  [[nodiscard]] std::string uri() const;
};

// Reads mqtt://host[:port] (1883) and mqtts://host[:port] (8883). Throws TransportError for any
// other scheme, a user name or password inside, or a path; the message never repeats the URI's
// user part.
[[nodiscard]] Endpoint parse_endpoint(std::string_view uri);

// Whether something accepts TCP connections there; tells a broker that is away from one whose TLS
// handshake fails. Waits at most `timeout` for each address, not counting name resolution.
[[nodiscard]] bool accepts_tcp(const Endpoint& endpoint, std::chrono::milliseconds timeout);

}  // namespace transport
