#include "inference/model/model.h"

#include <algorithm>
#include <utility>

#include "inference/check.h"
#include "inference/kernels/math.h"
#include "inference/model/transformer.h"

namespace inference {
namespace {

std::uint32_t context_limit(const Config& config, const ModelOptions& options) {
  return std::min(config.context_length, options.context_tokens_max);
}

// Radians a position for each pair of a head.
std::vector<double> rope_frequencies(const Config& config, std::span<const float> divisors) {
  std::vector<double> frequencies(config.head_length / 2);
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    const double exponent = 2.0 * static_cast<double>(i) / config.head_length;
    frequencies[i] = 1.0 / (math::pow(config.rope_base, exponent) * config.rope_factor);
    if (!divisors.empty()) frequencies[i] /= divisors[i];
  }
  return frequencies;
}

std::unique_ptr<Transformer> make_transformer(const gguf::File& file,
                                              std::unique_ptr<WeightSource> source,
                                              const Kernels& kernels, ThreadPool& pool,
                                              const ModelOptions& options) {
  PICOLM_CHECK(source != nullptr);
  PICOLM_CHECK(options.batch_rows_max > 0 && options.context_tokens_max > 0);
  Config config = read_config(file);
  check_tensors(file, config);
  Weights weights = read_weights(file, config, *source);
  std::vector<double> frequencies = rope_frequencies(config, weights.rope_divisors);
  const std::uint32_t context = context_limit(config, options);
  const ActivationShape shape =
      activation_shape(file, options.batch_rows_max, context, pool.thread_count());
  return std::make_unique<Transformer>(Transformer{
      .config = config,
      .kernels = kernels,
      .pool = pool,
      .weights = std::move(weights),
      .rope_frequencies = std::move(frequencies),
      .context_tokens = context,
      .source = std::move(source),
      .plan = BatchPlan(options.batch_rows_max),
      .activations = Activations(config, shape),
  });
}

}  // namespace

Model::Model(const gguf::File& file, std::unique_ptr<WeightSource> source, const Kernels& kernels,
             ThreadPool& pool, const ModelOptions& options)
    : transformer_(make_transformer(file, std::move(source), kernels, pool, options)) {}

Model::~Model() = default;

ModelMemory Model::memory_needed(const gguf::File& file, const ModelOptions& options,
                                 std::uint32_t thread_count) {
  const Config config = read_config(file);
  check_tensors(file, config);
  ModelMemory memory;
  for (const gguf::Tensor& tensor : file.tensors()) memory.weight_bytes += tensor.bytes;
  memory.activation_bytes = Activations::bytes_needed(
      config,
      activation_shape(file, options.batch_rows_max, context_limit(config, options), thread_count));
  return memory;
}

const Config& Model::config() const { return transformer_->config; }
std::uint32_t Model::context_tokens() const { return transformer_->context_tokens; }
std::uint32_t Model::batch_rows_max() const { return transformer_->plan.rows_max(); }
std::uint64_t Model::bytes_read() const { return transformer_->source->bytes_read(); }

std::uint64_t Model::bytes_held() const { return transformer_->source->bytes_held(); }

ForwardStatus Model::forward(std::span<const BatchRow> rows) {
  const ForwardStatus status = inference::forward(*transformer_, rows);
  const bool cancelled = status == ForwardStatus::ReadFailed && transformer_->source->cancelled();
  return cancelled ? ForwardStatus::Cancelled : status;
}

void Model::cancel() { transformer_->source->cancel(); }
void Model::resume() { transformer_->source->resume(); }

}  // namespace inference
