#include "transport/tls.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

namespace transport {
namespace {

constexpr std::size_t kPemBytesMax = 1 << 20;  // a bundle of CAs is about 200 KB

void check_pem(const char* what, const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(kPemBytesMax, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (!file.is_open() || file.bad()) {
    throw TransportError(std::string("tls ") + what + " \"" + path +
                         "\": cannot be read: " + std::strerror(errno));
  }
  if (text.find("-----BEGIN ") == std::string::npos) {
    throw TransportError(std::string("tls ") + what + " \"" + path + "\": holds no PEM block");
  }
}

}  // namespace

void check_tls(const Endpoint& endpoint, const TlsOptions& tls) {
  const bool any = !tls.ca_file.empty() || !tls.cert_file.empty() || !tls.key_file.empty();
  if (!endpoint.tls) {
    if (any) throw TransportError("tls settings need a broker uri that begins with mqtts://");
    return;
  }
  if (tls.ca_file.empty()) {
    throw TransportError(
        "mqtts:// needs tls.ca, the certificate authority the broker is "
        "checked against; the system's list is not used");
  }
  if (tls.cert_file.empty() != tls.key_file.empty()) {
    throw TransportError("tls.cert and tls.key belong together, one of them is missing");
  }
  check_pem("ca", tls.ca_file);
  if (!tls.cert_file.empty()) {
    check_pem("cert", tls.cert_file);
    check_pem("key", tls.key_file);
  }
}

}  // namespace transport
