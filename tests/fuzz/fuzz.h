#pragma once

// What the fuzz targets share. A target is one file with one LLVMFuzzerTestOneInput; libFuzzer
// drives it in the `fuzz` preset, replay_main.cc in every other.
// Thread safety: unsafe.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace fuzz {

[[noreturn]] inline void broken(const char* promise, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, promise);
  std::abort();
}

// What must be true whatever the input; both drivers keep the input that stops here.
#define FUZZ_HOLDS(condition) \
  ((condition) ? static_cast<void>(0) : ::fuzz::broken(#condition, __FILE__, __LINE__))

// Reads choices off the front of an input. After its end every choice is 0, so that each prefix of
// an input is an input.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}

  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  bool flag() { return (byte() & 1) != 0; }
  std::uint32_t below(std::uint32_t bound) {  // REQUIRES: 0 < bound <= 65536
    const std::uint32_t low = byte();
    return (bound <= 256 ? low : low | (static_cast<std::uint32_t>(byte()) << 8)) % bound;
  }
  std::string_view take(std::size_t count) {
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view line() {  // up to the next newline, which is left out
    const std::string_view taken = rest_.substr(0, rest_.find('\n'));
    rest_.remove_prefix(taken.size() < rest_.size() ? taken.size() + 1 : taken.size());
    return taken;
  }
  std::string_view rest() const { return rest_; }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// One file that lives in memory, for what is read by path.
class MemoryFile {
 public:
  MemoryFile();
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  void replace(std::string_view bytes);
  const std::string& path() const { return path_; }

 private:
  int descriptor_;
  std::string path_;
};

}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
