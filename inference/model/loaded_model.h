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
#include "inference/paging/weight_source.h"
#include "inference/text/tokenizer.h"

namespace inference {

struct LoadOptions {
  std::string model_path;
  std::uint32_t threads = 0;           // 0: all cores
  std::string kernels;                 // empty: the best this CPU runs
  std::uint64_t memory_bytes_max = 0;  // 0: no limit; weights beyond it are refused
};

class LoadedModel {
 public:
  // Throws LoadError.
  explicit LoadedModel(const LoadOptions& options);

  gguf::File file;
  std::unique_ptr<Tokenizer> tokenizer;
  const Kernels& kernels;
  ThreadPool pool;

 private:
  WeightSource* source_ = nullptr;  // owned by the model; set while it is built
  std::unique_ptr<WeightSource> open_source(const LoadOptions& options);

 public:
  Model model;
  const WeightSource& source() const { return *source_; }
};

}  // namespace inference
