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
#include "inference/paging/block_check.h"
#include "inference/paging/budget.h"
#include "inference/text/tokenizer.h"

namespace inference {

// How weights are read that do not fit. The default of each is right for most.
struct PagingOptions {
  std::uint64_t read_bytes_s = 0;     // streaming is held to that rate; 0: no limit
  BlockVerifier* verifier = nullptr;  // not owned, outlives the model; null: none
  std::uint64_t slot_bytes = 0;       // of the ring; 0: chosen
  std::uint32_t slot_count = 0;       // 0: chosen
};

struct LoadOptions {
  std::string model_path;
  std::uint32_t threads = 0;           // 0: physical cores
  std::string kernels;                 // empty: the best this CPU runs
  std::uint64_t memory_bytes_max = 0;  // of the whole process; 0: no limit
  std::uint32_t context_tokens_max = 1024;
  std::uint64_t kept_bytes = 0;       // what the caller will keep besides, of the same memory
  std::uint32_t kept_logit_rows = 0;  // and rows of logits of the whole vocabulary
  PagingOptions paging = {};
};

// The table of that name, or the best one for an empty name. Throws LoadError if this CPU does not
// run it.
const Kernels& choose_kernels(const std::string& name);

// `threads`, or one for each physical core for 0.
std::uint32_t choose_threads(std::uint32_t threads);

// How the model would be fitted into the memory of this process as it is now, with the tokenizer
// loaded. Throws LoadError for a model that could not be loaded anyway.
MemoryPlan plan_model(const gguf::File& file, const LoadOptions& options);

struct LoadedModel {
  // Keeps all weights in memory if they fit, else pages them. Throws LoadError; what would not fit
  // either way is refused before any weights are read.
  explicit LoadedModel(const LoadOptions& options);

  gguf::File file;
  std::unique_ptr<Tokenizer> tokenizer;
  const Kernels& kernels;
  ThreadPool pool;
  MemoryPlan plan;
  Model model;
};

}  // namespace inference
