#pragma once

// CONNECT and CONNACK between Paho's types and ours. Only for paho_client.cc.
// Thread safety: free functions without state.

#include <mqtt/connect_options.h>
#include <mqtt/server_response.h>

#include <cstddef>

#include "transport/client.h"
#include "transport/endpoint.h"
#include "transport/link.h"
#include "transport/requests.h"

namespace transport {

inline constexpr std::size_t kPacketBytesMax = 268'435'460;  // the protocol's own limit

// Fills `to`, which must stay where it is until the client is gone: Paho's copy of it and its
// builder leave the connect properties dangling, and then session expiry and receive maximum are
// not sent. Throws mqtt::exception for a file that cannot be used.
void set_connect_options(const ClientOptions& options, const Endpoint& endpoint,
                         mqtt::connect_options& to);

// What the broker granted.
Reply connect_reply(const mqtt::connect_response& response);

// The meaning of a reason code (MQTT 5) or return code (3.1.1) above 0.
ConnectError connect_error(int code, ProtocolVersion version);

}  // namespace transport
