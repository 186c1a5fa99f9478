#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

namespace fuzz {

MemoryFile::MemoryFile()
    : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)),
      path_("/proc/self/fd/" + std::to_string(descriptor_)) {
  FUZZ_HOLDS(descriptor_ >= 0);
}

MemoryFile::~MemoryFile() { ::close(descriptor_); }

void MemoryFile::replace(std::string_view bytes) {
  FUZZ_HOLDS(::ftruncate(descriptor_, 0) == 0);
  while (!bytes.empty()) {
    const off_t end = ::lseek(descriptor_, 0, SEEK_END);
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), end);
    FUZZ_HOLDS(written > 0);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace fuzz
