#include "tests/support/memory_cgroup.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace test_support {
namespace {

namespace fs = std::filesystem;

bool write_value(const std::string& path, const std::string& value) {
  std::ofstream out(path);
  return static_cast<bool>(out << value << std::flush);
}

std::uint64_t read_value(const std::string& path) {
  std::ifstream in(path);
  std::uint64_t value = 0;
  in >> value;
  return value;
}

std::uint64_t read_field(const std::string& path, const std::string& name) {
  std::ifstream in(path);
  std::string word;
  while (in >> word) {
    if (word == name && in >> word) return std::stoull(word);
  }
  return 0;
}

}  // namespace

std::unique_ptr<MemoryCgroup> MemoryCgroup::create(std::uint64_t limit_bytes) {
  static int serial = 0;
  const std::string name =
      "/picolm-test-" + std::to_string(getpid()) + "-" + std::to_string(++serial);
  const std::string limit = std::to_string(limit_bytes);
  for (const bool v2 : {false, true}) {
    const std::string root = v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    if (!fs::exists(root + (v2 ? "/cgroup.controllers" : "/cgroup.procs"))) continue;
    if (v2) write_value(root + "/cgroup.subtree_control", "+memory");
    std::error_code error;
    if (!fs::create_directory(root + name, error)) continue;
    std::unique_ptr<MemoryCgroup> group(new MemoryCgroup(root + name, v2));
    // Swap first in v2; in v1 it is counted together with memory and must not be below it.
    if (v2) {
      write_value(group->folder_ + "/memory.swap.max", "0");
      if (write_value(group->folder_ + "/memory.max", limit)) return group;
    } else if (write_value(group->folder_ + "/memory.limit_in_bytes", limit)) {
      write_value(group->folder_ + "/memory.memsw.limit_in_bytes", limit);
      return group;
    }
  }
  return nullptr;
}

MemoryCgroup::~MemoryCgroup() {
  std::error_code ignored;
  fs::remove(folder_, ignored);  // only the folder itself can be removed, and only when empty
}

int MemoryCgroup::run(const std::string& command) const {
  const std::string inside = "echo $$ > " + folder_ + "/cgroup.procs && " + command;
  return std::system(inside.c_str());
}

std::uint64_t MemoryCgroup::peak_bytes() const {
  return read_value(folder_ + (v2_ ? "/memory.peak" : "/memory.max_usage_in_bytes"));
}

std::uint64_t MemoryCgroup::kills() const {
  return read_field(folder_ + (v2_ ? "/memory.events" : "/memory.oom_control"), "oom_kill");
}

}  // namespace test_support
