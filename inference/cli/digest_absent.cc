// In place of digest.cc where there is no libcrypto to build with (the cross builds).

#include "inference/cli/digest.h"
#include "inference/error.h"

namespace picolm {

struct ModelDigest::Impl {};

ModelDigest::ModelDigest(const std::string& path) {
  throw inference::LoadError(path + ": found a picolm without libcrypto, wanted one that hashes");
}

ModelDigest::~ModelDigest() = default;

bool ModelDigest::verify(std::uint64_t, std::span<const std::byte>) { return false; }

Hash write_digest(const std::string&, const std::string& sidecar) {
  throw inference::LoadError(sidecar +
                             ": found a picolm without libcrypto, wanted one that hashes");
}

}  // namespace picolm
