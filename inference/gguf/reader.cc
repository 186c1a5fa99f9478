#include "inference/gguf/reader.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>

#include "inference/gguf/refuse.h"

namespace inference::gguf {

static_assert(std::endian::native == std::endian::little, "GGUF is read without swapping bytes");
static_assert(sizeof(off_t) == 8, "build with -D_FILE_OFFSET_BITS=64");

bool read_fully(int descriptor, std::uint64_t offset, std::span<std::byte> out) {
  std::uint64_t end = 0;
  if (__builtin_add_overflow(offset, out.size(), &end) ||
      end > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) {
    return false;
  }
  while (!out.empty()) {
    const ssize_t count = pread(descriptor, out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    offset += static_cast<std::uint64_t>(count);
    out = out.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

Reader::Reader(int descriptor, const std::string& path, std::uint64_t begin,
               std::uint64_t file_bytes)
    : descriptor_(descriptor), path_(path), position_(begin), file_bytes_(file_bytes) {}

void Reader::demand(std::uint64_t bytes, std::string_view where) const {
  if (bytes <= remaining()) return;
  refuse(path_, position_, where,
         "the end of the file after " + std::to_string(remaining()) + " bytes",
         std::to_string(bytes) + " bytes");
}

void Reader::copy(std::span<std::byte> out, std::string_view where) {
  demand(out.size(), where);
  while (!out.empty()) {
    if (position_ < chunk_begin_ || position_ >= chunk_begin_ + chunk_bytes_) {
      const auto count =
          static_cast<std::size_t>(std::min<std::uint64_t>(chunk_.size(), file_bytes_ - position_));
      chunk_bytes_ = 0;
      if (!read_fully(descriptor_, position_, std::span(chunk_).first(count))) {
        refuse(path_, position_, where, "a read error", std::to_string(count) + " bytes");
      }
      chunk_begin_ = position_;
      chunk_bytes_ = count;
    }
    const auto at = static_cast<std::size_t>(position_ - chunk_begin_);
    const std::size_t count = std::min(out.size(), chunk_bytes_ - at);
    std::memcpy(out.data(), chunk_.data() + at, count);
    position_ += count;
    out = out.subspan(count);
  }
}

void Reader::skip(std::uint64_t bytes, std::string_view where) {
  demand(bytes, where);
  position_ += bytes;
}

std::size_t Reader::string_length(std::uint64_t bytes_max, std::string_view where) {
  const std::uint64_t begin = position_;
  const auto length = number<std::uint64_t>(where);
  if (length > bytes_max) {
    refuse(path_, begin, where, "a string of " + std::to_string(length) + " bytes",
           "at most " + std::to_string(bytes_max));
  }
  demand(length, where);
  return static_cast<std::size_t>(length);
}

std::string Reader::string(std::uint64_t bytes_max, std::string_view where) {
  std::string text(string_length(bytes_max, where), '\0');
  copy(std::as_writable_bytes(std::span(text)), where);
  return text;
}

}  // namespace inference::gguf
