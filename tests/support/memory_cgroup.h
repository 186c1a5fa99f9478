#pragma once

// A memory cgroup of its own for a child process, without swap: the kernel's word on what a
// process takes, page cache included. Needs root and a writable hierarchy, v1 or v2.
// Thread safety: constant after construction.

#include <cstdint>
#include <memory>
#include <string>

namespace test_support {

class MemoryCgroup {
 public:
  // Null where no such cgroup can be made.
  static std::unique_ptr<MemoryCgroup> create(std::uint64_t limit_bytes);
  ~MemoryCgroup();
  MemoryCgroup(const MemoryCgroup&) = delete;
  MemoryCgroup& operator=(const MemoryCgroup&) = delete;

  // Runs the shell's `command` inside, waits; what std::system() returns.
  int run(const std::string& command) const;

  std::uint64_t peak_bytes() const;  // 0 if the kernel does not tell
  std::uint64_t kills() const;       // processes killed for lack of memory

 private:
  MemoryCgroup(std::string folder, bool v2) : folder_(std::move(folder)), v2_(v2) {}
  std::string folder_;
  bool v2_;
};

}  // namespace test_support
