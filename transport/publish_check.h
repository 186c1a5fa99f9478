#pragma once

// What is checked of a message before it is given to the MQTT library, which sends anything: a
// malformed or oversized packet makes the broker close the connection, and sending it again
// after the reconnect would repeat that for ever.
// Thread safety: free functions.

#include <cstddef>

#include "transport/client.h"

namespace transport {

// Why `message` cannot be published, or nullptr: topic, property strings, qos.
[[nodiscard]] const char* publish_error(const Message& message);

// Bytes of the PUBLISH packet, with the properties on MQTT 5 and without them on 3.1.1.
[[nodiscard]] std::size_t publish_packet_bytes(const Message& message, ProtocolVersion version);

}  // namespace transport
