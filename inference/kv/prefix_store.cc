// A file, all little-endian, no padding:
//
//   "PKVS"  u32 version  u64 model  u32 layers  u32 kv_width  u32 tokens  u32 zero
//   u32 token[tokens]
//   for each layer: u16 key[tokens][kv_width], u16 value[tokens][kv_width]
//   u64 sum of everything before it

#include "inference/kv/prefix_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "inference/check.h"
#include "inference/gguf/file.h"

namespace inference {
namespace {

static_assert(std::endian::native == std::endian::little, "written as it is in memory");

constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kSamples = 64;
constexpr std::size_t kSampleBytes = 4096;

struct Header {
  char magic[4] = {'P', 'K', 'V', 'S'};
  std::uint32_t version = kVersion;
  std::uint64_t model = 0;
  std::uint32_t layers = 0;
  std::uint32_t kv_width = 0;
  std::uint32_t tokens = 0;
  std::uint32_t zero = 0;
};
static_assert(sizeof(Header) == 32);

// Eight bytes a step, so that megabytes cost little: x = (x ^ word) * odd, then mixed.
std::uint64_t hash(std::uint64_t x, std::span<const std::byte> bytes) {
  constexpr std::uint64_t kOdd = 0x9E3779B97F4A7C15ull;
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    x = (x ^ word) * kOdd;
    x ^= x >> 29;
  }
  for (; i < bytes.size(); ++i) x = (x ^ static_cast<std::uint64_t>(bytes[i])) * kOdd;
  x ^= bytes.size();
  x *= 0xD6E8FEB86659FD93ull;
  return x ^ (x >> 32);
}

std::span<const std::byte> token_bytes(std::span<const TokenId> tokens) {
  return std::as_bytes(tokens);
}

// The header, which is in front of the first tensor, and samples spread over the whole file.
std::uint64_t fingerprint(const gguf::File& model) {
  const std::uint64_t size = model.size_bytes();
  std::uint64_t first_weight = size;
  for (const gguf::Tensor& tensor : model.tensors())
    first_weight = std::min(first_weight, tensor.offset);
  std::uint64_t out = size;
  std::vector<std::byte> buffer(std::size_t{1} << 16);
  const auto add = [&](std::uint64_t begin, std::uint64_t end) {
    for (std::uint64_t at = begin; at < end;) {
      const std::size_t count =
          static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end - at));
      if (!model.read_at(at, {buffer.data(), count})) {
        model.refuse("weights", "a read error", "readable weights");
      }
      out = hash(out, {buffer.data(), count});
      at += count;
    }
  };
  add(0, first_weight);
  for (std::size_t i = 0; i < kSamples && first_weight < size; ++i) {
    const std::uint64_t at = first_weight + (size - first_weight) / kSamples * i;
    add(at, std::min<std::uint64_t>(at + kSampleBytes, size));
  }
  return out;
}

// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

bool is_regular(int fd) {
  struct stat info;
  return fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

bool read_all(int fd, std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t count = read(fd, out.data(), out.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    out = out.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

bool write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return true;
}

// Each part of a file in order: the same walk reads, writes and sums it.
template <typename Sequence, typename Visit>
bool for_each_layer(Sequence& sequence, std::size_t token_count, const Visit& visit) {
  const std::size_t halves = token_count * sequence.kv_width();
  for (std::uint32_t layer = 0; layer < sequence.layer_count(); ++layer) {
    if (!visit(std::span(sequence.key(layer, 0), halves))) return false;
    if (!visit(std::span(sequence.value(layer, 0), halves))) return false;
  }
  return true;
}

// Instructions change, and nobody would ever remove what the old ones left.
void remove_oldest(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() != ".kv") continue;
    const fs::file_time_type time = it->last_write_time(error);
    if (!error) files.emplace_back(time, it->path());
  }
  if (files.size() <= PrefixStore::kFilesMax) return;
  std::sort(files.begin(), files.end());
  files.resize(files.size() - PrefixStore::kFilesMax);
  for (const auto& [time, path] : files) fs::remove(path, error);
}

}  // namespace

PrefixStore::PrefixStore(std::string folder, const gguf::File& model)
    : folder_(std::move(folder)), model_(folder_.empty() ? 0 : fingerprint(model)) {}

std::string PrefixStore::path_of(std::span<const TokenId> tokens) const {
  char name[40];
  std::snprintf(name, sizeof name, "/%016llx.kv",
                static_cast<unsigned long long>(hash(model_, token_bytes(tokens))));
  return folder_ + name;
}

bool PrefixStore::load(std::span<const TokenId> tokens, KvSequence* sequence) const {
  PICOLM_CHECK(sequence->length() == 0 && tokens.size() <= sequence->capacity());
  if (folder_.empty() || tokens.empty()) return false;
  const Descriptor file(
      open(path_of(tokens).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.valid() || !is_regular(file.get())) return false;
  Header wanted;
  wanted.model = model_;
  wanted.layers = sequence->layer_count();
  wanted.kv_width = sequence->kv_width();
  wanted.tokens = static_cast<std::uint32_t>(tokens.size());
  Header found;
  std::vector<TokenId> found_tokens(tokens.size());
  if (!read_all(file.get(), std::as_writable_bytes(std::span(&found, 1)))) return false;
  if (std::memcmp(&found, &wanted, sizeof found) != 0) return false;
  if (!read_all(file.get(), std::as_writable_bytes(std::span(found_tokens)))) return false;
  if (!std::equal(tokens.begin(), tokens.end(), found_tokens.begin())) return false;
  std::uint64_t sum = hash(model_, token_bytes(tokens));
  const bool whole = for_each_layer(*sequence, tokens.size(), [&](std::span<Half> part) {
    if (!read_all(file.get(), std::as_writable_bytes(part))) return false;
    sum = hash(sum, std::as_bytes(part));
    return true;
  });
  std::uint64_t found_sum = 0;
  if (!whole || !read_all(file.get(), std::as_writable_bytes(std::span(&found_sum, 1))))
    return false;
  if (found_sum != sum) return false;
  sequence->commit(wanted.tokens);
  return true;
}

void PrefixStore::save(std::span<const TokenId> tokens, const KvSequence& sequence) const {
  PICOLM_CHECK(sequence.length() == tokens.size());
  if (folder_.empty() || tokens.empty()) return;
  Header header;
  header.model = model_;
  header.layers = sequence.layer_count();
  header.kv_width = sequence.kv_width();
  header.tokens = static_cast<std::uint32_t>(tokens.size());
  std::uint64_t sum = hash(model_, token_bytes(tokens));
  const std::string path = path_of(tokens);
  const std::string part = path + ".part";
  {
    // Without O_NONBLOCK a pipe of that name would hold the caller for ever.
    const Descriptor file(open(
        part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
    const bool written = file.valid() && is_regular(file.get()) &&
                         write_all(file.get(), std::as_bytes(std::span(&header, 1))) &&
                         write_all(file.get(), token_bytes(tokens)) &&
                         for_each_layer(sequence, tokens.size(),
                                        [&](std::span<const Half> layer) {
                                          sum = hash(sum, std::as_bytes(layer));
                                          return write_all(file.get(), std::as_bytes(layer));
                                        }) &&
                         write_all(file.get(), std::as_bytes(std::span(&sum, 1))) &&
                         fsync(file.get()) == 0;
    if (!written) {
      unlink(part.c_str());  // whatever it was: the name is ours
      return;
    }
  }
  if (rename(part.c_str(), path.c_str()) != 0) unlink(part.c_str());
  remove_oldest(folder_);
}

}  // namespace inference
