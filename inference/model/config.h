#pragma once

// Hyperparameters of a llama-architecture model, all from the file, all range-checked.
// Thread safety: plain data.

#include <cstdint>
#include <string>

namespace inference {

namespace gguf {
class File;
}

struct Config {
  std::string architecture;
  std::uint32_t layer_count = 0;
  std::uint32_t embedding_length = 0;     // width of the residual stream
  std::uint32_t feed_forward_length = 0;
  std::uint32_t head_count = 0;           // query heads
  std::uint32_t kv_head_count = 0;        // divides head_count
  std::uint32_t head_length = 0;          // even
  std::uint32_t context_length = 0;       // trained context, tokens
  std::uint32_t vocabulary_count = 0;
  float rms_epsilon = 0;
  float rope_base = 0;
  bool tied_output = false;               // no output.weight: token_embd serves as output
  std::uint32_t kv_width() const { return kv_head_count * head_length; }
  std::uint32_t query_width() const { return head_count * head_length; }
};

// Throws LoadError: wrong architecture, missing key, value out of range.
Config read_config(const gguf::File& file);

}  // namespace inference
