#pragma once

// What the tests of the model share: a loaded model with all it needs, and the plainest way to
// evaluate tokens with it.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "inference/gguf/file.h"
#include "inference/kernels/kernels.h"
#include "inference/kv/kv_sequence.h"
#include "inference/model/model.h"
#include "inference/model/thread_pool.h"
#include "inference/paging/memory_source.h"

namespace test_support {

using inference::BatchRow;
using inference::ForwardStatus;
using inference::Kernels;
using inference::KvSequence;
using inference::QuantType;
using inference::TokenId;

using Logits = std::vector<float>;

inline constexpr QuantType kAllTypes[] = {
    QuantType::F32,  QuantType::F16,  QuantType::BF16, QuantType::Q4_0,
    QuantType::Q4_1, QuantType::Q5_0, QuantType::Q5_1, QuantType::Q8_0,
    QuantType::Q4_K, QuantType::Q5_K, QuantType::Q6_K,
};

struct LoadOptions {
  const Kernels* kernels = &inference::best_kernels();
  std::uint32_t threads = 1;
  inference::ModelOptions model = {.batch_rows_max = 64};
  // Wraps the in-memory source, or leaves it as it is.
  std::function<std::unique_ptr<inference::WeightSource>(std::unique_ptr<inference::WeightSource>)>
      wrap = [](auto source) { return source; };
};

class LoadedModel {
 public:
  explicit LoadedModel(const std::string& path, const LoadOptions& options = {})
      : file_(path),
        pool_(options.threads),
        model_(file_, options.wrap(std::make_unique<inference::MemorySource>(file_)),
               *options.kernels, pool_, options.model) {}

  inference::Model& model() { return model_; }
  const inference::Config& config() const { return model_.config(); }
  const inference::gguf::File& file() const { return file_; }

  KvSequence sequence(std::uint32_t capacity = 64) const {
    return KvSequence(config().layer_count, config().kv_width(), capacity);
  }

  [[nodiscard]] ForwardStatus forward(std::span<const BatchRow> rows) {
    return model_.forward(rows);
  }

  // Appends `tokens` to `sequence` in batches of `batch` rows; logits after each of them.
  // An empty result means that a batch was not done.
  std::vector<Logits> append(KvSequence& sequence, const std::vector<TokenId>& tokens,
                             std::size_t batch) {
    std::vector<Logits> logits(tokens.size(), Logits(config().vocabulary_count));
    for (std::size_t begin = 0; begin < tokens.size(); begin += batch) {
      std::vector<BatchRow> rows;
      for (std::size_t i = begin; i < std::min(begin + batch, tokens.size()); ++i) {
        rows.push_back({.token = tokens[i],
                        .parent = static_cast<std::int32_t>(rows.size()) - 1,
                        .sequence = &sequence,
                        .commit = true,
                        .logits = BatchRow::Logits::All,
                        .out = logits[i].data()});
      }
      if (forward(rows) != ForwardStatus::Done) return {};
    }
    return logits;
  }

  // Logits after each of `tokens`, which are all there is, evaluated one by one.
  std::vector<Logits> one_by_one(const std::vector<TokenId>& tokens) {
    KvSequence fresh = sequence();
    return append(fresh, tokens, 1);
  }

 private:
  inference::gguf::File file_;
  inference::ThreadPool pool_;
  inference::Model model_;
};

inline std::size_t argmax(std::span<const float> logits) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < logits.size(); ++i) {
    if (logits[i] > logits[best]) best = i;
  }
  return best;
}

}  // namespace test_support
