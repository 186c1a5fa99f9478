#include "agent/config_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "agent/config.h"

namespace agent {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kDepthMax = 32;

// Closes the file when it goes.
class OpenFile {
 public:
  OpenFile(const std::string& where, const std::string& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (fd_ < 0) throw ConfigError(where + ": cannot open " + path + ": " + std::strerror(errno));
    if (::fstat(fd_, &info_) != 0 || !S_ISREG(info_.st_mode)) {
      ::close(fd_);
      throw ConfigError(where + ": " + path + " is not a regular file");
    }
  }
  ~OpenFile() { ::close(fd_); }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  const struct stat& info() const { return info_; }

  // At most `bytes_max` + 1 bytes, so that the caller sees when there are more.
  std::string read(std::size_t bytes_max) const {
    std::string bytes(bytes_max + 1, '\0');
    std::size_t filled = 0;
    while (filled < bytes.size()) {
      const ssize_t got = ::read(fd_, bytes.data() + filled, bytes.size() - filled);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      filled += static_cast<std::size_t>(got);
    }
    bytes.resize(filled);
    bytes.shrink_to_fit();
    return bytes;
  }

 private:
  int fd_;
  struct stat info_ {};
};

}  // namespace

std::string read_config_file(const std::string& where, const std::string& path,
                             std::size_t bytes_max) {
  const OpenFile file(where, path);
  const auto size = static_cast<std::uint64_t>(file.info().st_size);
  std::string bytes;
  if (size <= bytes_max) bytes = file.read(bytes_max);
  if (size > bytes_max || bytes.size() > bytes_max) {
    throw ConfigError(where + ": " + path + " has " + std::to_string(size) +
                      " bytes, wanted at most " + std::to_string(bytes_max));
  }
  return bytes;
}

Json parse_config_json(const std::string& where, std::string_view text) {
  std::vector<std::set<std::string>> names;  // of the objects that are open
  const auto callback = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > kDepthMax) {
      throw ConfigError(where + ": found more than " + std::to_string(kDepthMax) + " levels");
    }
    if (event == Json::parse_event_t::object_start) names.emplace_back();
    if (event == Json::parse_event_t::object_end) names.pop_back();
    if (event == Json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!names.back().insert(key).second) {
        throw ConfigError(where + ": found the key \"" + key + "\" twice in one object");
      }
    }
    return true;
  };
  try {
    return Json::parse(text, callback, true, true);
  } catch (const Json::exception& error) {
    // The library's text holds line and column; its own prefix says nothing to a user.
    const std::string_view what = error.what();
    const std::size_t end = what.find("] ");
    throw ConfigError(where + ": not JSON: " +
                      std::string(end == std::string_view::npos ? what : what.substr(end + 2)));
  }
}

std::string relative_to(const std::string& file, const std::string& path) {
  if (path.empty() || path.front() == '/') return path;
  const std::size_t slash = file.rfind('/');
  return slash == std::string::npos ? path : file.substr(0, slash + 1) + path;
}

std::string read_secret(const std::string& path) {
  constexpr std::size_t kSecretBytesMax = 4096;
  const OpenFile file("broker.password_file", path);
  if ((file.info().st_mode & S_IRWXO) != 0) {
    throw ConfigError("broker.password_file: " + path +
                      " is open to everybody on this machine; chmod o-rwx it");
  }
  std::string secret = file.read(kSecretBytesMax);
  if (secret.size() > kSecretBytesMax) {
    throw ConfigError("broker.password_file: " + path + " is longer than 4096 bytes");
  }
  secret.resize(std::min(secret.find_first_of("\r\n"), secret.size()));
  if (secret.empty()) throw ConfigError("broker.password_file: " + path + " has an empty line 1");
  return secret;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t factor = 1;
  if (!text.empty() && std::isalpha(static_cast<unsigned char>(text.back())) != 0) {
    switch (text.back()) {
      case 'K':
        factor = 1ULL << 10;
        break;
      case 'M':
        factor = 1ULL << 20;
        break;
      case 'G':
        factor = 1ULL << 30;
        break;
      default:
        return std::nullopt;
    }
    text.remove_suffix(1);
  }
  if (text.empty() || text.size() > 15) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (value > std::numeric_limits<std::uint64_t>::max() / factor) return std::nullopt;
  return value * factor;
}

}  // namespace agent
