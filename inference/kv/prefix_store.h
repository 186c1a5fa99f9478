#pragma once

// Keys and values of route prefixes on disk, so that a restart does not evaluate instructions and
// schema again. A file is named by a hash of model and tokens, and holds both in full: what does
// not match to the letter is not used.
// Thread safety: unsafe; owned by the worker thread.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "inference/kv/kv_sequence.h"
#include "inference/text/token.h"

namespace inference {

namespace gguf {
class File;
}

class PrefixStore {
 public:
  static constexpr std::size_t kFilesMax = 64;  // the oldest go first

  // `folder` must exist; an empty name makes a store that keeps nothing. The model is known by its
  // header, its size and samples of its weights.
  PrefixStore(std::string folder, const gguf::File& model);

  // Fills `sequence` with the tokens' keys and values. False, and `sequence` empty, if there is no
  // whole file for this model and these tokens. REQUIRES: the tokens fit `sequence`, which is
  // empty.
  [[nodiscard]] bool load(std::span<const TokenId> tokens, KvSequence* sequence) const;

  // Keeps `sequence`, which holds exactly `tokens`. Failing to write is no error: the prefix is
  // evaluated again next time. The file appears whole or not at all.
  void save(std::span<const TokenId> tokens, const KvSequence& sequence) const;

 private:
  std::string path_of(std::span<const TokenId> tokens) const;

  std::string folder_;
  std::uint64_t model_ = 0;  // fingerprint
};

}  // namespace inference
