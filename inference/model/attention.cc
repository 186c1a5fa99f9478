// Attention of one row of the batch: over the committed tokens of its sequence in ascending
// order, then its ancestors in the batch by ascending depth, then itself. The order is the order
// of positions, whatever the batch is made of, so a row gets the same bits alone, in a batch, as
// a node of a tree, and after its ancestors were committed.

#include <cmath>

#include "inference/model/parallel.h"
#include "inference/model/transformer.h"

namespace inference {
namespace {

// Below this many parts a thread, heads that share keys are computed apart.
constexpr std::uint32_t kPartsPerThreadMin = 4;

// Lists the keys and values of one key head that batch row `index` sees; returns how many.
std::uint32_t list_past(const Transformer& model, std::uint32_t layer, std::uint32_t index,
                        std::uint32_t kv_head, const Half** keys, const Half** values) {
  const std::size_t width = model.config.kv_width();
  const std::size_t head = std::size_t{kv_head} * model.config.head_length;
  const std::span<const PlannedRow> rows = model.plan.rows();
  const PlannedRow& row = rows[index];
  for (std::uint32_t token = 0; token < row.past; ++token) {
    keys[token] = row.sequence->key(layer, token) + head;
    values[token] = row.sequence->value(layer, token) + head;
  }
  for (auto at = static_cast<std::int32_t>(index); at >= 0;) {
    const auto batch_row = static_cast<std::size_t>(at);
    const std::uint32_t position = rows[batch_row].position();
    keys[position] = model.activations.k_half.data() + batch_row * width + head;
    values[position] = model.activations.v_half.data() + batch_row * width + head;
    at = rows[batch_row].parent;
  }
  return row.position() + 1;
}

}  // namespace

void attend(Transformer& model, std::uint32_t layer, std::span<const std::uint32_t> rows) {
  const Config& config = model.config;
  Activations& a = model.activations;
  const auto row_count = static_cast<std::uint32_t>(rows.size());
  const std::size_t head_length = config.head_length;
  const std::size_t query_width = config.query_width();
  const float scale = 1.0F / std::sqrt(static_cast<float>(config.head_length));

  // A part is one row and some of its query heads; query heads [h * shared, (h + 1) * shared) use
  // key head h.
  const std::uint32_t shared = config.head_count / config.kv_head_count;
  const bool many =
      row_count * config.kv_head_count >= kPartsPerThreadMin * model.pool.thread_count();
  const std::uint32_t heads_per_part = many ? shared : 1;
  const std::uint32_t parts_per_row = config.head_count / heads_per_part;

  const auto attend_part = [&](std::uint32_t part, std::uint32_t worker) {
    const std::uint32_t i = part / parts_per_row;
    const std::uint32_t first_head = part % parts_per_row * heads_per_part;
    const std::size_t scratch = std::size_t{worker} * model.context_tokens;
    const Half** keys = a.keys.data() + scratch;
    const Half** values = a.values.data() + scratch;
    float* scores = a.scores.data() + scratch;
    const std::uint32_t count = list_past(model, layer, rows[i], first_head / shared, keys, values);
    for (std::uint32_t head = first_head; head < first_head + heads_per_part; ++head) {
      const float* query = a.q.data() + rows[i] * query_width + head * head_length;
      model.kernels.attention_scores(query, keys, count, head_length, scale, scores);
      model.kernels.softmax(scores, count);
      model.kernels.attention_mix(scores, values, count, head_length,
                                  a.mixed.data() + i * query_width + head * head_length);
    }
  };
  parallel_for(model.pool, row_count * parts_per_row, 1,
               [&](std::uint32_t begin, std::uint32_t end, std::uint32_t worker) {
                 for (std::uint32_t part = begin; part < end; ++part) attend_part(part, worker);
               });
}

}  // namespace inference
