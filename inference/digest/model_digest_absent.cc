// In place of digest.cc where there is no libcrypto to build with (the cross builds).

#include "inference/digest/model_digest.h"
#include "inference/error.h"

namespace inference {

struct ModelDigest::Impl {};

ModelDigest::ModelDigest(const std::string& path) {
  throw LoadError(path + ": found a picolm without libcrypto, wanted one that hashes");
}

ModelDigest::~ModelDigest() = default;

bool ModelDigest::verify(std::uint64_t, std::span<const std::byte>) { return false; }

Sha256Hash write_digest(const std::string&, const std::string& sidecar) {
  throw LoadError(sidecar + ": found a picolm without libcrypto, wanted one that hashes");
}

}  // namespace inference
