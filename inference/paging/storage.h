#pragma once

// What a paged source reads from: the model file, or in tests something that breaks on purpose.
// Thread safety: read() may be called by several threads at a time; the rest by the one thread that
// runs forward(), also while others read.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "inference/paging/page_buffer.h"

namespace inference {

class Storage {
 public:
  // Of offsets, sizes and memory. A multiple of the sector size of all common devices.
  static constexpr std::size_t kAlignment = PageBuffer::kAlignment;

  virtual ~Storage() = default;

  // The file's size when it was opened; it is usable only while it has that size.
  virtual std::uint64_t size_bytes() const = 0;

  // One attempt to read `out.size()` bytes at `offset`: the bytes read, fewer at the end of the
  // file or for no reason at all, or a negative number on an error.
  // REQUIRES: offset, out.data() and out.size() are multiples of kAlignment.
  [[nodiscard]] virtual std::int64_t read(std::uint64_t offset, std::span<std::byte> out) = 0;

  enum class State : std::uint8_t {
    Same,     // the file is what it was at the last call
    Changed,  // another file stands there or it was written to: its bytes may be others now
    Unusable  // no file of the right size
  };
  [[nodiscard]] virtual State check() = 0;
};

// The whole pages around a range of bytes.
struct Hull {
  std::uint64_t begin;
  std::uint64_t end;
  std::size_t size() const { return static_cast<std::size_t>(end - begin); }
};
Hull hull_of(std::uint64_t offset, std::uint64_t bytes);

// Fills `out` with the hull's bytes, as far as the file reaches: the bytes that are there, or
// nothing unless all of them were read.
[[nodiscard]] std::optional<std::span<const std::byte>> read_hull(Storage& storage,
                                                                  const Hull& hull,
                                                                  std::span<std::byte> out);

// A file, read past the page cache: with O_DIRECT, and where that is refused by dropping from the
// cache what was read.
class FileStorage final : public Storage {
 public:
  // Throws LoadError if there is no such regular file.
  explicit FileStorage(const std::string& path);
  ~FileStorage() override;
  FileStorage(const FileStorage&) = delete;
  FileStorage& operator=(const FileStorage&) = delete;

  std::uint64_t size_bytes() const override { return size_bytes_; }
  std::int64_t read(std::uint64_t offset, std::span<std::byte> out) override;

  // A file that was moved away or deleted but is still open and unchanged is still the same. After
  // a read error or a change of size the path is opened again.
  State check() override;

  bool direct() const { return direct_; }

  // Gives back the cached pages of the file, whoever read them.
  void drop_cache();

 private:
  // What tells a file that is the same from one that may not be.
  struct Identity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::int64_t modified_s = 0;
    std::int64_t modified_ns = 0;
    bool operator==(const Identity&) const = default;
  };
  static std::optional<Identity> identify(int descriptor);
  bool reopen();

  std::string path_;
  int descriptor_ = -1;           // the number never changes, what it stands for may
  std::uint64_t size_bytes_ = 0;  // constant after construction
  Identity identity_;             // used by check() only
  std::atomic<bool> direct_{false};
  std::atomic<bool> read_failed_{false};  // since the last check
};

}  // namespace inference
