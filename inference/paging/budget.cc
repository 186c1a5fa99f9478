// The split: what is not weights is known or measured, then comes the ring, and all that is left
// pins blocks. A ring needs to be long enough to keep the disk busy while a few blocks are
// computed; beyond that every byte is worth more as a pinned one.

#include "inference/paging/budget.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>

#include "inference/paging/file_source.h"

namespace inference {
namespace {

constexpr std::uint64_t kOthersBytes = 16ull << 20;  // left to others by default
constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

constexpr std::uint64_t kSlotBytes = 1u << 20;
constexpr std::uint32_t kSlotCountMin = 4;
constexpr std::uint32_t kSlotCountMax = 16;
constexpr std::uint64_t kRingShare = 24;  // of the limit, one part
constexpr std::uint64_t kScratchBytes = FileSource::kScratchBytesMin;
constexpr std::uint64_t kPageBytes = Storage::kAlignment;

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
  return std::max(bound, 2 * kOthersBytes) - kOthersBytes;
}

std::uint64_t peak_resident_bytes() {
  return field_kib(read_small_file("/proc/self/status"), "VmHWM:");
}

std::uint64_t resident_bytes() { return field_kib(read_small_file("/proc/self/status"), "VmRSS:"); }

MemoryPlan plan_memory(const MemoryRequest& request) {
  MemoryPlan plan;
  plan.limit_bytes = request.limit_bytes;
  plan.fixed = request.fixed;
  const std::uint64_t fixed_bytes = plan.fixed.sum();
  for (const RegionRequest& region : request.regions) {
    plan.weight_bytes += region.tensor->bytes;
    if (region.use == RegionUse::Sweep) plan.sweep_bytes += region.tensor->bytes;
  }
  plan.total_bytes = fixed_bytes + plan.weight_bytes;
  plan.least_bytes = plan.total_bytes;
  if (plan.fits()) return plan;

  const std::uint64_t slot_bytes = request.slot_bytes ? request.slot_bytes : kSlotBytes;
  const std::uint64_t block_bytes_max = slot_bytes - std::min(slot_bytes, 2 * kPageBytes);
  const BlockMap cut(request.regions, block_bytes_max, 0);
  const std::uint64_t slot = cut.hull_bytes_max();  // longer than asked for if a row is
  const std::uint64_t scratch = std::max<std::uint64_t>(kScratchBytes, cut.row_hull_bytes_max());
  const std::uint32_t least_count = request.slot_count ? request.slot_count : kSlotCountMin;
  plan.slot_count = least_count;
  if (request.slot_count == 0) {
    plan.slot_count = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(
        plan.limit_bytes / kRingShare / slot, kSlotCountMin, kSlotCountMax));
  }
  const std::uint64_t without_slots = fixed_bytes + scratch;
  plan.least_bytes = std::min(plan.least_bytes, without_slots + least_count * slot);
  if (plan.limit_bytes < plan.least_bytes) plan.slot_count = least_count;
  plan.ring_bytes = scratch + plan.slot_count * slot;
  const std::uint64_t taken = fixed_bytes + plan.ring_bytes;
  const std::uint64_t left = plan.limit_bytes - std::min(plan.limit_bytes, taken);
  plan.map.emplace(request.regions, block_bytes_max, left);
  plan.total_bytes = taken + plan.map->pinned_bytes();
  return plan;
}

}  // namespace inference
