#include "inference/paging/budget.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>

namespace inference {
namespace {

constexpr std::uint64_t kReserveBytes = 16ull << 20;
constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

// A small file of /proc or /sys, or an empty text.
std::string read_small_file(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  char buffer[8192];
  const ssize_t count = read(fd, buffer, sizeof buffer);
  close(fd);
  return count > 0 ? std::string(buffer, static_cast<std::size_t>(count)) : std::string();
}

std::uint64_t parse_number(const std::string& text, std::size_t from) {
  return std::strtoull(text.c_str() + from, nullptr, 10);
}

// "MemAvailable:   123 kB" of /proc/meminfo, in bytes.
std::uint64_t field_kib(const std::string& text, const char* name) {
  const std::size_t at = text.find(name);
  return at == std::string::npos ? 0 : parse_number(text, at + std::strlen(name)) * 1024;
}

std::uint64_t limit_of(const std::string& path) {
  const std::string text = read_small_file(path.c_str());
  if (text.empty() || text[0] < '0' || text[0] > '9') return kUnlimited;  // "max" or no file
  return parse_number(text, 0);
}

// The limit of the cgroup this process is in, or of any cgroup above it: v2 `0::PATH`, v1
// `N:memory:PATH`.
std::uint64_t cgroup_limit() {
  const std::string groups = read_small_file("/proc/self/cgroup");
  std::uint64_t limit = kUnlimited;
  for (std::size_t begin = 0; begin < groups.size();) {
    const std::size_t end = std::min(groups.find('\n', begin), groups.size());
    const std::string line = groups.substr(begin, end - begin);
    begin = end + 1;
    const bool v2 = line.starts_with("0::");
    const std::size_t v1 = line.find(":memory:");
    if (!v2 && v1 == std::string::npos) continue;
    const std::string root = v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    const char* file = v2 ? "/memory.max" : "/memory.limit_in_bytes";
    std::string path = v2 ? line.substr(3) : line.substr(v1 + 8);
    while (true) {
      limit = std::min(limit, limit_of(root + path + file));
      const std::size_t slash = path.rfind('/');
      if (slash == std::string::npos) break;
      path.resize(slash);
    }
  }
  return limit;
}

}  // namespace

std::uint64_t default_memory_bytes() {
  const std::uint64_t available = field_kib(read_small_file("/proc/meminfo"), "MemAvailable:");
  const std::uint64_t bound = std::min(cgroup_limit(), available ? available : kUnlimited);
  return std::max(bound, 2 * kReserveBytes) - kReserveBytes;
}

std::uint64_t peak_resident_bytes() {
  return field_kib(read_small_file("/proc/self/status"), "VmHWM:");
}

}  // namespace inference
