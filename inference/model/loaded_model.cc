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

ModelOptions model_options(const LoadOptions& options) {
  ModelOptions out;
  out.context_tokens_max = options.context_tokens_max;
  return out;
}

// All weights in memory.
std::unique_ptr<WeightSource> open_source(const gguf::File& file, const ThreadPool& pool,
                                          const LoadOptions& options) {
  const ModelMemory need = Model::memory_needed(file, model_options(options), pool.thread_count());
  const Config config = read_config(file);
  const std::uint64_t context = std::min(options.context_tokens_max, config.context_length);
  const std::uint64_t sequence_bytes =
      2 * sizeof(Half) * config.layer_count * config.kv_width() * context;
  const std::uint64_t bytes = need.weight_bytes + need.activation_bytes + sequence_bytes;
  if (options.memory_bytes_max != 0 && bytes > options.memory_bytes_max) {
    file.refuse("weights, activations and context", std::to_string(bytes) + " bytes",
                "at most " + std::to_string(options.memory_bytes_max) + ", the memory limit");
  }
  return std::make_unique<MemorySource>(file);
}

}  // namespace

LoadedModel::LoadedModel(const LoadOptions& options)
    : file(options.model_path),
      tokenizer(Tokenizer::load(file)),
      kernels(choose_kernels(options.kernels)),
      pool(choose_threads(options.threads)),
      model(file, open_source(file, pool, options), kernels, pool, model_options(options)) {
  const std::uint32_t rows = model.config().vocabulary_count;
  if (tokenizer->vocabulary_count() != rows) {
    file.refuse("key \"tokenizer.ggml.tokens\"",
                std::to_string(tokenizer->vocabulary_count()) + " tokens",
                std::to_string(rows) + ", the rows of token_embd.weight");
  }
}

}  // namespace inference
