#include "inference/model/loaded_model.h"

#include <algorithm>
#include <thread>

#include "inference/error.h"
#include "inference/paging/memory_source.h"

namespace inference {
namespace {

const Kernels& choose_kernels(const std::string& name) {
  if (name.empty()) return best_kernels();
  if (const Kernels* found = find_kernels(name)) return *found;
  std::string known;
  for (const Kernels* k : runnable_kernels()) known += " " + std::string(k->name);
  throw LoadError("kernels: found \"" + name + "\", wanted one this CPU runs:" + known);
}

std::uint32_t choose_threads(std::uint32_t threads) {
  return threads ? threads : std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

LoadedModel::LoadedModel(const LoadOptions& options)
    : file(options.model_path),
      tokenizer(Tokenizer::load(file)),
      kernels(choose_kernels(options.kernels)),
      pool(choose_threads(options.threads)),
      model(file, open_source(options), kernels, pool, ModelOptions{}) {
  const std::uint32_t rows = model.config().vocabulary_count;
  if (tokenizer->vocabulary_count() != rows) {
    file.refuse("key \"tokenizer.ggml.tokens\"",
                std::to_string(tokenizer->vocabulary_count()) + " tokens",
                std::to_string(rows) + ", the rows of token_embd.weight");
  }
}

// All weights in memory; what would not fit is refused before anything is read.
std::unique_ptr<WeightSource> LoadedModel::open_source(const LoadOptions& options) {
  std::uint64_t bytes = 0;
  for (const gguf::Tensor& tensor : file.tensors()) bytes += tensor.bytes;
  if (options.memory_bytes_max != 0 && bytes > options.memory_bytes_max) {
    file.refuse("weights", std::to_string(bytes) + " bytes",
                "at most " + std::to_string(options.memory_bytes_max) + ", the memory limit");
  }
  auto memory = std::make_unique<MemorySource>(file);
  source_ = memory.get();
  return memory;
}

}  // namespace inference
