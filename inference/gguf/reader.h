#pragma once

// A cursor over an open file that knows where the file ends and never goes beyond. It reads in
// chunks, so a vocabulary of 50 000 strings takes a few dozen system calls.
// Thread safety: unsafe; the descriptor is only used through pread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace inference::gguf {

// pread until `out` is full; false on an I/O error or the end of the file.
[[nodiscard]] bool read_fully(int descriptor, std::uint64_t offset, std::span<std::byte> out);

class Reader {
 public:
  // The descriptor and `path` must outlive the reader. `where` in the functions below is the place
  // a refusal names.
  Reader(int descriptor, const std::string& path, std::uint64_t begin, std::uint64_t file_bytes);

  const std::string& path() const { return path_; }
  std::uint64_t position() const { return position_; }
  std::uint64_t remaining() const { return file_bytes_ - position_; }

  // A little-endian number. Throws LoadError at the end of the file.
  template <typename T>
  T number(std::string_view where) {
    T value;
    copy(std::as_writable_bytes(std::span(&value, 1)), where);
    return value;
  }

  // Copies the next bytes. Throws LoadError at the end of the file.
  void copy(std::span<std::byte> out, std::string_view where);

  // Moves on without reading. Throws LoadError beyond the end of the file.
  void skip(std::uint64_t bytes, std::string_view where);

  // The length in front of a string: at most `bytes_max` and no more than the file still has.
  std::size_t string_length(std::uint64_t bytes_max, std::string_view where);

  // A string with its length in front.
  std::string string(std::uint64_t bytes_max, std::string_view where);

 private:
  void demand(std::uint64_t bytes, std::string_view where) const;

  int descriptor_;
  const std::string& path_;
  std::uint64_t position_;
  std::uint64_t file_bytes_;
  std::uint64_t chunk_begin_ = 0;  // where in the file chunk_ lies
  std::size_t chunk_bytes_ = 0;    // valid bytes of it
  std::array<std::byte, 32 * 1024> chunk_;
};

}  // namespace inference::gguf
