#include "inference/digest/model_digest.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "inference/error.h"
#include "inference/gguf/reader.h"
#include "inference/paging/storage.h"

namespace inference {
namespace {

constexpr char kMagic[] = {'P', 'I', 'C', 'O', 'L', 'M', 'D', 'G'};
constexpr std::uint32_t kVersion = 1;
constexpr std::uint32_t kLeafBytes = 4096;
constexpr std::uint64_t kLeavesPerBlock = 16;
constexpr std::uint64_t kModelBytesMax = std::uint64_t{1} << 40;
constexpr std::size_t kReadBytes = 1u << 20;

struct Header {
  char magic[8];
  std::uint32_t version;
  std::uint32_t leaf_bytes;
  std::uint64_t model_bytes;
};
static_assert(sizeof(Header) == 24);

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()), type_(EVP_sha256()) {
    if (!context_) throw std::bad_alloc();
  }
  ~Sha256() { EVP_MD_CTX_free(context_); }
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  // False if libcrypto has no SHA-256 for us: nothing is right then.
  [[nodiscard]] bool begin() { return EVP_DigestInit_ex(context_, type_, nullptr) == 1; }
  [[nodiscard]] bool add(std::span<const std::byte> bytes) {
    return EVP_DigestUpdate(context_, bytes.data(), bytes.size()) == 1;
  }
  [[nodiscard]] bool end(Sha256Hash& out) {
    return EVP_DigestFinal_ex(context_, reinterpret_cast<unsigned char*>(out.data()), nullptr) == 1;
  }
  [[nodiscard]] bool hash(std::span<const std::byte> bytes, Sha256Hash& out) {
    return begin() && add(bytes) && end(out);
  }

 private:
  EVP_MD_CTX* context_;
  const EVP_MD* type_;
};

std::uint64_t leaf_count(std::uint64_t bytes) {
  return bytes / kLeafBytes + (bytes % kLeafBytes != 0 ? 1 : 0);
}

[[noreturn]] void refuse(const std::string& path, const std::string& found,
                         const std::string& wanted) {
  throw LoadError(path + ": found " + found + ", wanted " + wanted);
}

}  // namespace

struct ModelDigest::Impl {
  ~Impl() {
    if (descriptor >= 0) close(descriptor);
  }

  // The hashes of a block's leaves as the sidecar has them.
  [[nodiscard]] bool read_leaves(std::uint64_t block, std::span<Sha256Hash> out) const {
    return gguf::read_fully(descriptor,
                            sizeof(Header) + block * kLeavesPerBlock * sizeof(Sha256Hash),
                            std::as_writable_bytes(out));
  }

  std::size_t leaves_of(std::uint64_t block) const {
    return static_cast<std::size_t>(std::min(kLeavesPerBlock, leaves - block * kLeavesPerBlock));
  }

  // `bytes`: what covers the leaves from `first` of a block on.
  [[nodiscard]] bool verify_block(std::uint64_t block, std::size_t first,
                                  std::span<const std::byte> bytes) {
    const std::size_t count = leaves_of(block);
    const auto covered = static_cast<std::size_t>(leaf_count(bytes.size()));
    if (first + covered > count) return false;
    std::array<Sha256Hash, kLeavesPerBlock> right;
    const std::span<Sha256Hash> all = std::span(right).first(count);
    if (covered < count && !read_leaves(block, all)) return false;
    Sha256Hash hash;
    if (covered < count && !(sha.hash(std::as_bytes(all), hash) && hash == blocks[block])) {
      return false;
    }
    for (std::size_t i = 0; i < covered; ++i) {
      const std::size_t at = i * kLeafBytes;
      if (!sha.hash(bytes.subspan(at, std::min<std::size_t>(kLeafBytes, bytes.size() - at)),
                    hash)) {
        return false;
      }
      if (covered == count) {
        right[i] = hash;
      } else if (hash != right[first + i]) {
        return false;
      }
    }
    return covered < count || (sha.hash(std::as_bytes(all), hash) && hash == blocks[block]);
  }

  int descriptor = -1;  // of the sidecar
  std::uint64_t model_bytes = 0;
  std::uint64_t leaves = 0;        // of the model
  std::vector<Sha256Hash> blocks;  // constant after construction
  std::mutex mutex;
  Sha256 sha;  // guarded by mutex
};

ModelDigest::ModelDigest(const std::string& path) : impl_(std::make_unique<Impl>()) {
  impl_->descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status;
  Header header;
  if (impl_->descriptor < 0 || fstat(impl_->descriptor, &status) != 0 ||
      !gguf::read_fully(impl_->descriptor, 0, std::as_writable_bytes(std::span(&header, 1)))) {
    refuse(path, "no readable digest", "a file that picolm digest wrote");
  }
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0 || header.version != kVersion ||
      header.leaf_bytes != kLeafBytes || header.model_bytes > kModelBytesMax) {
    refuse(path, "another kind of file", "a digest of version 1");
  }
  impl_->model_bytes = header.model_bytes;
  impl_->leaves = leaf_count(header.model_bytes);
  const std::uint64_t wanted = sizeof(Header) + impl_->leaves * sizeof(Sha256Hash);
  if (static_cast<std::uint64_t>(status.st_size) != wanted) {
    refuse(path, std::to_string(status.st_size) + " bytes", std::to_string(wanted));
  }
  const std::uint64_t block_count =
      impl_->leaves / kLeavesPerBlock + (impl_->leaves % kLeavesPerBlock != 0 ? 1 : 0);
  impl_->blocks.resize(static_cast<std::size_t>(block_count));
  std::array<Sha256Hash, kLeavesPerBlock> leaves;
  for (std::uint64_t block = 0; block < block_count; ++block) {
    const std::span<Sha256Hash> some = std::span(leaves).first(impl_->leaves_of(block));
    if (!impl_->read_leaves(block, some) ||
        !impl_->sha.hash(std::as_bytes(some), impl_->blocks[static_cast<std::size_t>(block)])) {
      refuse(path, "a read error", std::to_string(wanted) + " bytes");
    }
  }
}

ModelDigest::~ModelDigest() = default;

bool ModelDigest::verify(std::uint64_t offset, std::span<const std::byte> bytes) {
  const bool whole = bytes.size() % kLeafBytes == 0 || offset + bytes.size() == impl_->model_bytes;
  if (offset % kLeafBytes != 0 || !whole) return false;
  const std::lock_guard lock(impl_->mutex);
  std::uint64_t leaf = offset / kLeafBytes;
  while (!bytes.empty()) {
    if (leaf >= impl_->leaves) return false;
    const auto first = static_cast<std::size_t>(leaf % kLeavesPerBlock);
    const std::size_t size = std::min<std::size_t>(
        bytes.size(), (static_cast<std::size_t>(kLeavesPerBlock) - first) * kLeafBytes);
    if (!impl_->verify_block(leaf / kLeavesPerBlock, first, bytes.first(size))) return false;
    bytes = bytes.subspan(size);
    leaf += leaf_count(size);
  }
  return true;
}

Sha256Hash write_digest(const std::string& model, const std::string& sidecar) {
  FileStorage storage(model);
  Header header{};
  header.version = kVersion;
  header.leaf_bytes = kLeafBytes;
  header.model_bytes = storage.size_bytes();
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  const std::string partial = sidecar + ".part";
  const std::unique_ptr<FILE, int (*)(FILE*)> out(std::fopen(partial.c_str(), "wb"), std::fclose);
  Sha256 leaf_hash;
  Sha256 whole_hash;
  const auto write = [&](std::span<const std::byte> bytes) {
    return whole_hash.add(bytes) &&
           std::fwrite(bytes.data(), 1, bytes.size(), out.get()) == bytes.size();
  };
  bool good = out && whole_hash.begin() && write(std::as_bytes(std::span(&header, 1)));
  const PageBuffer buffer(kReadBytes);
  for (std::uint64_t at = 0; good && at < storage.size_bytes(); at += kReadBytes) {
    const auto read = read_hull(storage, {at, at + kReadBytes}, buffer.bytes());
    if (!read) refuse(model, "a read error", std::to_string(storage.size_bytes()) + " bytes");
    for (std::size_t i = 0; good && i < read->size(); i += kLeafBytes) {
      Sha256Hash hash;
      good = leaf_hash.hash(read->subspan(i, std::min<std::size_t>(kLeafBytes, read->size() - i)),
                            hash) &&
             write(std::as_bytes(std::span(hash)));
    }
  }
  Sha256Hash whole;
  good = good && whole_hash.end(whole) && std::fflush(out.get()) == 0 &&
         fsync(fileno(out.get())) == 0 && std::rename(partial.c_str(), sidecar.c_str()) == 0;
  if (!good) {
    std::remove(partial.c_str());
    refuse(sidecar, std::string("an error when writing"), "a place for the digest");
  }
  return whole;
}

}  // namespace inference
