#include "agent/trust.h"

#include <fcntl.h>
#include <mbedtls/sha256.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "inference/check.h"

namespace agent {
namespace {

constexpr std::size_t kPieceBytes = 1 << 20;

class FileDescriptor {
 public:
  explicit FileDescriptor(const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// Bytes [offset, offset + length) into `sha`; stops at the end of the file. False on an error.
bool hash_range(int fd, std::uint64_t offset, std::uint64_t length, Sha256* sha) {
  std::vector<char> piece(kPieceBytes);
  while (length > 0) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(length, piece.size()));
    const ssize_t got = ::pread(fd, piece.data(), wanted, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) return true;
    sha->update({piece.data(), static_cast<std::size_t>(got)});
    offset += static_cast<std::uint64_t>(got);
    length -= static_cast<std::uint64_t>(got);
  }
  return true;
}

}  // namespace

struct Sha256::Impl {
  mbedtls_sha256_context context;
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {
  mbedtls_sha256_init(&impl_->context);
  PICOLM_CHECK(mbedtls_sha256_starts_ret(&impl_->context, 0) == 0);
}

Sha256::~Sha256() { mbedtls_sha256_free(&impl_->context); }

void Sha256::update(std::string_view bytes) {
  PICOLM_CHECK(mbedtls_sha256_update_ret(&impl_->context,
                                         reinterpret_cast<const unsigned char*>(bytes.data()),
                                         bytes.size()) == 0);
}

void Sha256::add(std::string_view part) {
  std::array<char, 8> length{};
  for (std::size_t i = 0; i < length.size(); ++i) {
    length[i] = static_cast<char>((static_cast<std::uint64_t>(part.size()) >> (8 * i)) & 0xFF);
  }
  update({length.data(), length.size()});
  update(part);
}

std::string Sha256::hex() {
  std::array<unsigned char, 32> digest{};
  PICOLM_CHECK(mbedtls_sha256_finish_ret(&impl_->context, digest.data()) == 0);
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : digest) {
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

std::optional<std::string> sha256_file(const std::string& path) {
  const FileDescriptor file(path);
  if (file.get() < 0) return std::nullopt;
  Sha256 sha;
  if (!hash_range(file.get(), 0, UINT64_MAX, &sha)) return std::nullopt;
  return sha.hex();
}

std::optional<std::string> partial_file_identity(const std::string& path) {
  const FileDescriptor file(path);
  struct stat info {};
  if (file.get() < 0 || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return std::nullopt;
  }
  const auto size = static_cast<std::uint64_t>(info.st_size);
  const std::uint64_t tail = size > kPieceBytes ? size - kPieceBytes : 0;
  Sha256 sha;
  sha.add(std::to_string(size));
  if (!hash_range(file.get(), 0, kPieceBytes, &sha)) return std::nullopt;
  if (!hash_range(file.get(), tail, kPieceBytes, &sha)) return std::nullopt;
  return "part:" + sha.hex();
}

std::string decision_id(std::string_view agent_id, std::string_view input_id,
                        std::string_view route, std::string_view model_hash) {
  Sha256 sha;
  for (const std::string_view part : {agent_id, input_id, route, model_hash}) sha.add(part);
  return sha.hex().substr(0, 32);
}

}  // namespace agent
