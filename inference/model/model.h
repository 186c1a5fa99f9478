#pragma once

// A decoder-only transformer of the llama architecture: configuration, weights and one forward
// pass over a batch of rows. A batch can hold rows of several sequences and branches of a tree
// (candidates), each seeing exactly its own past.
// Thread safety: constant after construction, except that one forward() runs at a time; cancel()
// and resume() may be called by any thread.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "inference/gguf/file.h"
#include "inference/kernels/kernels.h"
#include "inference/kv/kv_sequence.h"
#include "inference/model/config.h"
#include "inference/text/token.h"

namespace inference {

class ThreadPool;
class WeightSource;
struct Transformer;

// One token to evaluate.
struct BatchRow {
  TokenId token = 0;
  // The row of this batch that comes right before this token, or -1: the end of `sequence`.
  std::int32_t parent = -1;
  // The committed past this row continues. Not owned; outlives the call.
  KvSequence* sequence = nullptr;
  // Append this token to `sequence`. REQUIRES: every committed row's parent is the committed row
  // before it in the same sequence, or -1 for the first.
  bool commit = false;
  // Logits after this token: none, those of `wanted`, or all of the vocabulary.
  enum class Logits : std::uint8_t { None, Some, All } logits = Logits::None;
  std::span<const TokenId> wanted{};  // for Some
  float* out = nullptr;               // [wanted.size()] or [vocabulary_count]
};

struct ModelOptions {
  std::uint32_t batch_rows_max = 256;  // rows a forward() accepts
  // Positions a row may stand at; the trained context where that is smaller. Costs 20 bytes a
  // position and thread, besides the sequences themselves.
  std::uint32_t context_tokens_max = 4096;
};

// Bytes a model takes, known before anything is loaded.
struct ModelMemory {
  std::uint64_t weight_bytes = 0;      // all tensors, as MemorySource holds them
  std::uint64_t activation_bytes = 0;  // buffers of forward()
};

enum class ForwardStatus : std::uint8_t { Done, ReadFailed, ContextFull, Cancelled };

class Model {
 public:
  // Reads configuration and checks every tensor the architecture demands (shape, type), then the
  // small weights; large ones come through `source`. `file` is needed by the constructor only;
  // `kernels` and `pool` must outlive the model. Throws LoadError.
  Model(const gguf::File& file, std::unique_ptr<WeightSource> source, const Kernels& kernels,
        ThreadPool& pool, const ModelOptions& options);
  ~Model();

  // Throws LoadError for what the constructor would refuse, without reading any weights.
  static ModelMemory memory_needed(const gguf::File& file, const ModelOptions& options,
                                   std::uint32_t thread_count);

  const Config& config() const;
  std::uint32_t context_tokens() const;  // positions 0 to context_tokens() - 1 can be evaluated
  std::uint32_t batch_rows_max() const;
  std::uint64_t bytes_read() const;  // of weights from storage, since construction
  std::uint64_t bytes_held() const;  // of memory, for weights

  // Evaluates `rows`; a row sees its sequence's committed tokens, its ancestors in the batch and
  // itself, never siblings. Bits do not depend on what else is in the batch or on thread count.
  // On anything but Done no sequence was changed and `out` is undefined.
  // A sequence may be null: no past. ContextFull: a row would stand at context_tokens() or beyond,
  // or a committed row does not fit its sequence.
  // REQUIRES: rows.size() in [1, batch_rows_max]; tokens < vocabulary_count; parents before
  // children and of the same sequence.
  [[nodiscard]] ForwardStatus forward(std::span<const BatchRow> rows);

  // Ends the forward() that is running at its next block of weights, and every later one at once,
  // with Cancelled, until resume(). Any thread may call these, but no signal handler.
  void cancel();
  void resume();

 private:
  std::unique_ptr<Transformer> transformer_;
};

}  // namespace inference
