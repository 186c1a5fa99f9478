// The descriptor's number stays the same for life: a file that is opened again takes it over with
// dup2, so a thread that is just reading ends on the old file and nobody needs a lock. What it read
// is thrown away by whoever called check().

#include "inference/paging/storage.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "inference/check.h"
#include "inference/error.h"

namespace inference {
namespace {

struct Opened {
  int descriptor = -1;
  bool direct = false;
};

// Some file systems refuse O_DIRECT when the file is opened, others at the first read.
Opened open_for_reading(const std::string& path) {
  const int direct = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECT);
  if (direct >= 0) {
    const PageBuffer probe(PageBuffer::kAlignment);
    if (pread(direct, probe.data(), probe.size_bytes(), 0) >= 0 || errno != EINVAL) {
      return {direct, true};
    }
    close(direct);
  }
  return {open(path.c_str(), O_RDONLY | O_CLOEXEC), false};
}

}  // namespace

Hull hull_of(std::uint64_t offset, std::uint64_t bytes) {
  constexpr std::uint64_t kMask = Storage::kAlignment - 1;
  return {offset & ~kMask, (offset + bytes + kMask) & ~kMask};
}

std::optional<std::span<const std::byte>> read_hull(Storage& storage, const Hull& hull,
                                                    std::span<std::byte> out) {
  PICOLM_CHECK(out.size() >= hull.size());
  if (hull.begin >= storage.size_bytes()) return std::nullopt;
  const auto wanted =
      static_cast<std::size_t>(std::min(hull.end, storage.size_bytes()) - hull.begin);
  std::size_t done = 0;
  while (done < wanted) {
    // A read that ended inside a page cannot be continued with O_DIRECT; it is the end of the file.
    if (done % Storage::kAlignment != 0) return std::nullopt;
    const std::int64_t count =
        storage.read(hull.begin + done, out.subspan(done, hull.size() - done));
    if (count <= 0) return std::nullopt;
    done += static_cast<std::size_t>(count);
  }
  return std::span<const std::byte>(out).first(wanted);
}

FileStorage::FileStorage(const std::string& path) : path_(path) {
  const Opened opened = open_for_reading(path);
  const std::string reason = opened.descriptor < 0 ? std::strerror(errno) : "no regular file";
  const std::optional<Identity> identity = identify(opened.descriptor);
  if (!identity) {
    if (opened.descriptor >= 0) close(opened.descriptor);
    throw LoadError(path + ": found " + reason + ", wanted a readable file");
  }
  descriptor_ = opened.descriptor;
  direct_ = opened.direct;
  identity_ = *identity;
  size_bytes_ = identity->size;
}

FileStorage::~FileStorage() { close(descriptor_); }

std::optional<FileStorage::Identity> FileStorage::identify(int descriptor) {
  struct stat status;
  if (descriptor < 0 || fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    return std::nullopt;
  }
  Identity identity;
  identity.device = static_cast<std::uint64_t>(status.st_dev);
  identity.inode = static_cast<std::uint64_t>(status.st_ino);
  identity.size = static_cast<std::uint64_t>(status.st_size);
  identity.modified_s = static_cast<std::int64_t>(status.st_mtim.tv_sec);
  identity.modified_ns = static_cast<std::int64_t>(status.st_mtim.tv_nsec);
  return identity;
}

std::int64_t FileStorage::read(std::uint64_t offset, std::span<std::byte> out) {
  ssize_t count = 0;
  do {
    count = pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
  } while (count < 0 && errno == EINTR);
  if (count <= 0) {
    read_failed_.store(true, std::memory_order_relaxed);
  } else if (!direct_.load(std::memory_order_relaxed)) {
    posix_fadvise(descriptor_, static_cast<off_t>(offset), static_cast<off_t>(count),
                  POSIX_FADV_DONTNEED);
  }
  return count;
}

Storage::State FileStorage::check() {
  const bool read_failed = read_failed_.exchange(false, std::memory_order_relaxed);
  std::optional<Identity> now = identify(descriptor_);
  if (now && *now == identity_ && !read_failed) return State::Same;
  if (!now || now->size != size_bytes_ || read_failed) {
    if (!reopen()) {
      read_failed_.store(true, std::memory_order_relaxed);  // the next check tries again
      return State::Unusable;
    }
    now = identify(descriptor_);
    if (!now) return State::Unusable;
  }
  const State state = *now == identity_ ? State::Same : State::Changed;
  identity_ = *now;
  return state;
}

bool FileStorage::reopen() {
  const Opened opened = open_for_reading(path_);
  const std::optional<Identity> identity = identify(opened.descriptor);
  const bool usable = identity && identity->size == size_bytes_ &&
                      dup3(opened.descriptor, descriptor_, O_CLOEXEC) >= 0;
  if (usable) direct_.store(opened.direct, std::memory_order_relaxed);
  if (opened.descriptor >= 0) close(opened.descriptor);
  return usable;
}

void FileStorage::drop_cache() { posix_fadvise(descriptor_, 0, 0, POSIX_FADV_DONTNEED); }

}  // namespace inference
