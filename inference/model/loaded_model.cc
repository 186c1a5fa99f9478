#include "inference/model/loaded_model.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "inference/error.h"
#include "inference/model/weights.h"
#include "inference/paging/file_source.h"
#include "inference/paging/memory_source.h"
#include "inference/paging/storage.h"

namespace inference {
namespace {

constexpr std::uint64_t kVerifyBytes = 256 * 1024;  // read at a time

ModelOptions model_options(const LoadOptions& options) {
  ModelOptions out;
  out.context_tokens_max = options.context_tokens_max;
  return out;
}

// What is read by other ways than a source: header, vocabulary and small weights.
void verify_small_parts(const gguf::File& file, Storage& storage, BlockVerifier& verifier) {
  const PageBuffer buffer(kVerifyBytes);
  const auto verify = [&](std::uint64_t begin, std::uint64_t end) {
    const Hull all = hull_of(begin, end - begin);
    for (std::uint64_t at = all.begin; at < all.end; at += kVerifyBytes) {
      const auto bytes =
          read_hull(storage, {at, std::min(all.end, at + kVerifyBytes)}, buffer.bytes());
      if (!bytes || !verifier.verify(at, *bytes)) {
        file.refuse("offset " + std::to_string(at), "bytes that could not be read or are wrong",
                    "the bytes of the digest");
      }
    }
  };
  std::uint64_t data_begin = file.size_bytes();
  for (const gguf::Tensor& tensor : file.tensors()) {
    data_begin = std::min(data_begin, tensor.offset);
    if (tensor.dims.size() == 1) verify(tensor.offset, tensor.offset + tensor.bytes);
  }
  verify(0, data_begin);
}

std::unique_ptr<WeightSource> open_source(const gguf::File& file, const MemoryPlan& plan,
                                          const LoadOptions& options) {
  if (!plan.paged() && !options.paging.verifier) return std::make_unique<MemorySource>(file);
  auto storage = std::make_unique<FileStorage>(options.model_path);
  storage->drop_cache();  // what reading header and vocabulary left behind
  if (options.paging.verifier) verify_small_parts(file, *storage, *options.paging.verifier);
  ReaderOptions reader;
  reader.read_bytes_s = options.paging.read_bytes_s;
  reader.verifier = options.paging.verifier;
  if (!plan.paged()) {  // all pinned: verified on the way into memory
    BlockMap map(matrix_regions(file, read_config(file)), kVerifyBytes,
                 std::numeric_limits<std::uint64_t>::max());
    reader.slot_count = 2;
    return std::make_unique<FileSource>(file, std::move(storage), std::move(map), reader);
  }
  reader.slot_count = plan.slot_count;
  return std::make_unique<FileSource>(file, std::move(storage), *plan.map, reader);
}

MemoryPlan plan_that_fits(const gguf::File& file, const LoadOptions& options) {
  MemoryPlan plan = plan_model(file, options);
  if (!plan.fits()) {
    file.refuse("model", "a memory limit of " + std::to_string(plan.limit_bytes) + " bytes",
                "at least " + std::to_string(plan.least_bytes) + ", which paging needs");
  }
  return plan;
}

}  // namespace

const Kernels& choose_kernels(const std::string& name) {
  if (name.empty()) return best_kernels();
  if (const Kernels* found = find_kernels(name)) return *found;
  std::string known;
  for (const Kernels* k : runnable_kernels()) known += " " + std::string(k->name);
  throw LoadError("kernels: found \"" + name + "\", wanted one this CPU runs:" + known);
}

std::uint32_t choose_threads(std::uint32_t threads) {
  return threads ? threads : physical_core_count();
}

MemoryPlan plan_model(const gguf::File& file, const LoadOptions& options) {
  const std::uint32_t threads = choose_threads(options.threads);
  const ModelMemory need = Model::memory_needed(file, model_options(options), threads);
  const Config config = read_config(file);
  const std::uint64_t context = std::min(options.context_tokens_max, config.context_length);
  const std::vector<RegionRequest> regions = matrix_regions(file, config);
  std::uint64_t matrix_bytes = 0;
  for (const RegionRequest& region : regions) matrix_bytes += region.tensor->bytes;
  MemoryRequest request;
  request.limit_bytes = options.memory_bytes_max;
  request.fixed.resident_bytes = resident_bytes();
  request.fixed.vector_bytes = need.weight_bytes - matrix_bytes;
  request.fixed.activation_bytes = need.activation_bytes;
  request.fixed.sequence_bytes =
      2 * sizeof(Half) * config.layer_count * config.kv_width() * context;
  request.fixed.kept_bytes = options.kept_bytes + std::uint64_t{options.kept_logit_rows} *
                                                      config.vocabulary_count * sizeof(float);
  request.regions = regions;
  request.slot_bytes = options.paging.slot_bytes;
  request.slot_count = options.paging.slot_count;
  return plan_memory(request);
}

LoadedModel::LoadedModel(const LoadOptions& options)
    : file(options.model_path),
      tokenizer(Tokenizer::load(file)),
      kernels(choose_kernels(options.kernels)),
      pool(choose_threads(options.threads)),
      plan(plan_that_fits(file, options)),
      model(file, open_source(file, plan, options), kernels, pool, model_options(options)) {
  const std::uint32_t rows = model.config().vocabulary_count;
  if (tokenizer->vocabulary_count() != rows) {
    file.refuse("key \"tokenizer.ggml.tokens\"",
                std::to_string(tokenizer->vocabulary_count()) + " tokens",
                std::to_string(rows) + ", the rows of token_embd.weight");
  }
  // The small weights were read through the page cache, which counts as memory of this process.
  if (plan.paged()) FileStorage(options.model_path).drop_cache();
}

}  // namespace inference
