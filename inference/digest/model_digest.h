#pragma once

// The hashes of a model file, kept beside it, so that every page that is read from it later can be
// checked when it arrives:
//
//   offset  size
//        0     8  "PICOLMDG"
//        8     4  version, 1
//       12     4  bytes of a leaf, 4096
//       16     8  bytes of the model file
//       24  32 n  SHA-256 of each leaf, the last one as short as the file ends
//
// In memory are only the hashes of blocks, each over the hashes of 16 leaves: 32 bytes for 64 KiB
// of the model. Where a read covers a block only in part, its leaves' hashes come from the sidecar
// and are checked themselves first.
// Thread safety: verify() may be called by several threads.

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "inference/paging/block_check.h"

namespace inference {

using Sha256Hash = std::array<std::byte, 32>;

class ModelDigest final : public BlockVerifier {
 public:
  // Throws LoadError if the sidecar cannot be read or is none.
  explicit ModelDigest(const std::string& path);
  ~ModelDigest() override;

  [[nodiscard]] bool verify(std::uint64_t offset, std::span<const std::byte> bytes) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Writes the sidecar of `model`; the SHA-256 of the sidecar itself. Throws LoadError.
Sha256Hash write_digest(const std::string& model, const std::string& sidecar);

}  // namespace inference
