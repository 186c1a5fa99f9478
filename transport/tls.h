#pragma once

// What can be checked of TLS options before any connection, so that a wrong path stops the
// program at start instead of showing up as a handshake failure.
// Thread safety: free functions.

#include "transport/client.h"
#include "transport/endpoint.h"

namespace transport {

// AEAD suites only. TLS below 1.2 has none of them, so this is also the floor of the version; 1.3
// has a list of its own. Level 2 refuses RSA below 2048 bits and SHA-1 signatures.
inline constexpr const char* kCipherList = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:@SECLEVEL=2";

// Throws TransportError: TLS settings with mqtt://, mqtts:// without a CA file, a certificate
// without its key or the reverse, a file that cannot be read or holds no PEM block.
void check_tls(const Endpoint& endpoint, const TlsOptions& tls);

}  // namespace transport
