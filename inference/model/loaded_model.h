#pragma once

// A model file with everything it needs to run, in the order it must be built.
// Thread safety: one forward() at a time; the rest is constant after construction.

#include <cstdint>
#include <memory>
#include <string>

#include "inference/gguf/file.h"
#include "inference/kernels/kernels.h"
#include "inference/model/model.h"
#include "inference/model/thread_pool.h"
#include "inference/text/tokenizer.h"

namespace inference {

struct LoadOptions {
  std::string model_path;
  std::uint32_t threads = 0;           // 0: all cores
  std::string kernels;                 // empty: the best this CPU runs
  std::uint64_t memory_bytes_max = 0;  // 0: no limit; a model that needs more is refused
  std::uint32_t context_tokens_max = 1024;
};

struct LoadedModel {
  // Throws LoadError. What would not fit is refused before any weights are read.
  explicit LoadedModel(const LoadOptions& options);

  gguf::File file;
  std::unique_ptr<Tokenizer> tokenizer;
  const Kernels& kernels;
  ThreadPool pool;
  Model model;
};

}  // namespace inference
