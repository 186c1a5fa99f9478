#pragma once

// Small llama-architecture models with random weights and a vocabulary that works, for tests that
// need a real file but no real knowledge. The same options give the same bytes everywhere.
// Thread safety: free functions without state.

#include <cstdint>
#include <optional>
#include <string>

#include "inference/quant/quant_type.h"
#include "tests/support/gguf_writer.h"

namespace test_support {

enum class VocabularyKind : std::uint8_t { Spm, Bpe };

// The chat format whose markers and special tokens the file carries.
enum class ChatMarker : std::uint8_t { None, ChatMl, Zephyr, Llama3 };

// Which matrices get which type.
enum class QuantMix : std::uint8_t {
  Uniform,  // every matrix `matrix_type`
  Q4KM,     // as llama.cpp's Q4_K_M: some attn_v and ffn_down, and the output, in Q6_K
};

struct TinyModelOptions {
  std::string architecture = "llama";
  std::uint32_t layer_count = 2;
  std::uint32_t embedding_length = 64;
  std::uint32_t feed_forward_length = 96;
  std::uint32_t head_count = 4;
  std::uint32_t kv_head_count = 2;
  std::uint32_t head_length = 16;
  std::uint32_t context_length = 512;
  float rope_base = 10000;
  float rms_epsilon = 1e-5F;

  VocabularyKind vocabulary = VocabularyKind::Bpe;
  std::uint32_t vocabulary_count = 0;  // at least the natural size, which 0 means
  ChatMarker chat = ChatMarker::ChatMl;

  QuantType matrix_type = QuantType::F32;
  QuantMix mix = QuantMix::Uniform;
  std::optional<QuantType> embedding_type;  // token_embd and output; empty: as the mix says
  // What happens to a matrix whose rows are no multiple of its type's block: llama.cpp's
  // next type that fits (Q4_K to Q5_0, Q5_K to Q5_1, Q6_K to Q8_0, the others to F16), or
  // std::invalid_argument.
  bool fall_back = false;

  bool tied_output = false;
  bool rope_freqs = false;  // with rope_freqs.weight, as Llama-3.1 and later
  std::uint64_t seed = 1;
};

// Small options whose rows fit the blocks of `type`: 64 wide, or 256 wide for the K-types.
TinyModelOptions tiny_options(QuantType type);

// The file, ready to write; weights are drawn while it is written. More keys and tensors can be
// added before. Throws std::invalid_argument for options that no file can have.
GgufWriter tiny_model(const TinyModelOptions& options);

// Writes it and returns `path`.
std::string write_tiny_model(const TinyModelOptions& options, const std::string& path);

// A file with the vocabulary only: no tensors.
GgufWriter vocabulary_only(const TinyModelOptions& options);

}  // namespace test_support
