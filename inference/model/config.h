#pragma once

// Hyperparameters of a llama-architecture model, all from the file, all range-checked.
// Thread safety: plain data.

#include <cstdint>
#include <string>

namespace inference {

namespace gguf {
class File;
}

// Caps on what a file may declare; a file beyond any of them is refused.
struct ConfigLimits {
  std::uint32_t layer_count_max = 256;
  std::uint32_t embedding_length_max = 65536;
  std::uint32_t feed_forward_length_max = 262144;
  std::uint32_t head_count_max = 1024;
  std::uint32_t head_length_max = 512;
  std::uint32_t context_length_max = 1u << 24;
  std::uint32_t vocabulary_count_max = 512 * 1024;
};

struct Config {
  std::string architecture;
  std::uint32_t layer_count = 0;
  std::uint32_t embedding_length = 0;  // width of the residual stream
  std::uint32_t feed_forward_length = 0;
  std::uint32_t head_count = 0;      // query heads
  std::uint32_t kv_head_count = 0;   // divides head_count
  std::uint32_t head_length = 0;     // even
  std::uint32_t context_length = 0;  // trained context, tokens
  std::uint32_t vocabulary_count = 0;
  float rms_epsilon = 0;
  float rope_base = 0;
  float rope_factor = 1;     // linear scaling: positions are divided by it
  bool tied_output = false;  // no output.weight: token_embd serves as output

  std::uint32_t kv_width() const { return kv_head_count * head_length; }
  std::uint32_t query_width() const { return head_count * head_length; }
};

// Throws LoadError: wrong architecture, missing key, value out of range, or a key that asks for
// arithmetic this engine does not do (ignoring it would give wrong answers).
Config read_config(const gguf::File& file, const ConfigLimits& limits = {});

}  // namespace inference
