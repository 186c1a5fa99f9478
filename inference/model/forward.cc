// The forward pass of a llama: read it from the top of forward() down, like the paper.
//
//   x = embedding[token]
//   for every layer:
//     x += Wo attention(rope(Wq norm(x)), rope(Wk norm(x)), Wv norm(x))
//     x += Wdown (silu(Wgate norm(x)) * Wup norm(x))
//   logits = Woutput norm(x)
//
// Everything is done for all rows of the batch at once, so each weight is read once a pass.
// Rows are independent of each other but for attention, and every value is computed by one thread
// in a fixed order: that is why bits do not depend on the batch or on threads.
// Reference: Touvron et al., "Llama 2", 2023; Su et al., "RoFormer", 2021 (rotary embedding).

#include <algorithm>
#include <cstring>
#include <utility>

#include "inference/kernels/math.h"
#include "inference/model/parallel.h"
#include "inference/model/transformer.h"
#include "inference/quant/decode.h"

namespace inference {
namespace {

// Rows that one thread takes at a time where little is done for each.
constexpr std::uint32_t kRowGrain = 4;

// Calls body(row, worker) for rows [0, count).
template <typename Body>
void for_each_row(Transformer& model, std::uint32_t count, const Body& body) {
  parallel_for(model.pool, count, kRowGrain,
               [&](std::uint32_t begin, std::uint32_t end, std::uint32_t worker) {
                 for (std::uint32_t row = begin; row < end; ++row) body(row, worker);
               });
}

// x[row] = embedding of the row's token.
bool embed(Transformer& model, std::span<const BatchRow> rows) {
  const Matrix& embedding = model.weights.embedding;
  const std::span<std::byte> stored(model.activations.weight_row.data(), embedding.row_bytes);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (!model.source->read_row(embedding.region, rows[row].token, stored)) return false;
    decode_row(embedding.type, stored.data(), embedding.n_in,
               model.activations.x.data() + row * embedding.n_in);
  }
  return true;
}

// cosines, sines[row, i] of the angle that pair i of a head turns at the row's position.
void prepare_rotations(Transformer& model) {
  const std::span<const PlannedRow> rows = model.plan.rows();
  const std::size_t pairs = model.rope_frequencies.size();
  for_each_row(model, static_cast<std::uint32_t>(rows.size()), [&](std::uint32_t row, auto) {
    for (std::size_t i = 0; i < pairs; ++i) {
      const double angle = rows[row].position() * model.rope_frequencies[i];
      model.activations.cosines[row * pairs + i] = static_cast<float>(math::cos(angle));
      model.activations.sines[row * pairs + i] = static_cast<float>(math::sin(angle));
    }
  });
}

// Whether half a layer is still to be added to x.
enum class Delta : std::uint8_t { None, Add };

// x[row] += x_delta[row] if so, then norm(x[row]) is stored as input of the products that follow.
void store_normed(Transformer& model, const std::vector<float>& weight, const FormatSet& formats,
                  std::uint32_t count, Delta delta) {
  const std::uint32_t n = model.config.embedding_length;
  Activations& a = model.activations;
  for_each_row(model, count, [&](std::uint32_t row, std::uint32_t worker) {
    float* x = a.x.data() + std::size_t{row} * n;
    float* normed = a.normed.data() + std::size_t{worker} * n;
    if (delta == Delta::Add) model.kernels.add(x, a.x_delta.data() + std::size_t{row} * n, n);
    model.kernels.rms_norm(x, weight.data(), model.config.rms_epsilon, n, normed);
    store_input(model, formats, row, normed, n);
  });
}

// Rotates queries and keys, rounds keys and values to half precision, and writes those of
// committed rows behind the end of their sequences, where nobody sees them yet.
void rotate_and_keep(Transformer& model, std::uint32_t layer) {
  const Config& config = model.config;
  Activations& a = model.activations;
  const std::size_t head_length = config.head_length;
  const std::size_t kv_width = config.kv_width();
  const std::span<const PlannedRow> rows = model.plan.rows();
  for_each_row(model, static_cast<std::uint32_t>(rows.size()), [&](std::uint32_t row, auto) {
    const float* cosines = a.cosines.data() + row * (head_length / 2);
    const float* sines = a.sines.data() + row * (head_length / 2);
    float* q = a.q.data() + std::size_t{row} * config.query_width();
    float* k = a.k.data() + row * kv_width;
    for (std::uint32_t head = 0; head < config.head_count; ++head) {
      model.kernels.rope(q + head * head_length, cosines, sines, head_length);
    }
    for (std::uint32_t head = 0; head < config.kv_head_count; ++head) {
      model.kernels.rope(k + head * head_length, cosines, sines, head_length);
    }
    Half* k_half = a.k_half.data() + row * kv_width;
    Half* v_half = a.v_half.data() + row * kv_width;
    model.kernels.to_half(k, kv_width, k_half);
    model.kernels.to_half(a.v.data() + row * kv_width, kv_width, v_half);
    if (!rows[row].commit) return;
    KvSequence& sequence = *rows[row].sequence;
    const std::uint32_t position = rows[row].position();
    std::memcpy(sequence.key(layer, position), k_half, kv_width * sizeof(Half));
    std::memcpy(sequence.value(layer, position), v_half, kv_width * sizeof(Half));
  });
}

// x = x[rows], in that order.
void gather_x(Activations& a, std::span<const std::uint32_t> rows, std::size_t n) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::memcpy(a.x_delta.data() + i * n, a.x.data() + rows[i] * n, n * sizeof(float));
  }
  std::swap(a.x, a.x_delta);
}

// What this pass visits.
SweepScope sweep_scope(const Transformer& model) {
  const LayerWeights& last = model.weights.layers.back();
  const bool logits = !model.plan.logit_rows().empty();
  SweepScope scope{.last = logits ? last.down.region : last.value.region, .tail = {}};
  if (model.plan.all_logits_count() > 0) scope.tail = model.weights.output.region;
  return scope;
}

}  // namespace

ForwardStatus forward(Transformer& model, std::span<const BatchRow> batch) {
  const Config& c = model.config;
  const Kernels& kernels = model.kernels;
  Activations& a = model.activations;
  if (!model.plan.fill(batch, c, model.context_tokens)) return ForwardStatus::ContextFull;
  std::span<const std::uint32_t> rows = model.plan.all_rows();  // of the batch, still computed
  auto n_rows = static_cast<std::uint32_t>(rows.size());

  if (!model.source->begin_sweep(sweep_scope(model))) return ForwardStatus::ReadFailed;
  if (!embed(model, batch)) return ForwardStatus::ReadFailed;  // x [n_rows, embedding]
  prepare_rotations(model);

  for (std::uint32_t layer = 0; layer < c.layer_count; ++layer) {
    const LayerWeights& w = model.weights.layers[layer];

    // q [n_rows, heads * head_length], k and v [n_rows, kv_width]
    store_normed(model, w.attention_norm, {&w.query, &w.key, &w.value}, n_rows, Delta::None);
    if (!multiply(model, {{&w.query, a.q.data()}, {&w.key, a.k.data()}, {&w.value, a.v.data()}},
                  n_rows)) {
      return ForwardStatus::ReadFailed;
    }
    rotate_and_keep(model, layer);

    // With the last keys and values kept, only rows that want logits go on.
    if (layer + 1 == c.layer_count) {
      rows = model.plan.logit_rows();
      n_rows = static_cast<std::uint32_t>(rows.size());
      if (n_rows == 0) break;
      gather_x(a, rows, c.embedding_length);
    }

    // x += Wo mixed, mixed [n_rows, heads * head_length]
    attend(model, layer, rows);
    for_each_row(model, n_rows, [&](std::uint32_t row, auto) {
      store_input(model, {&w.attention_output}, row,
                  a.mixed.data() + std::size_t{row} * c.query_width(), c.query_width());
    });
    if (!multiply(model, {{&w.attention_output, a.x_delta.data()}}, n_rows)) {
      return ForwardStatus::ReadFailed;
    }

    // gate and up [n_rows, feed_forward]
    store_normed(model, w.feed_forward_norm, {&w.gate, &w.up}, n_rows, Delta::Add);
    if (!multiply(model, {{&w.gate, a.gate.data()}, {&w.up, a.up.data()}}, n_rows)) {
      return ForwardStatus::ReadFailed;
    }

    // x += Wdown (silu(gate) * up)
    for_each_row(model, n_rows, [&](std::uint32_t row, auto) {
      float* gate = a.gate.data() + std::size_t{row} * c.feed_forward_length;
      const float* up = a.up.data() + std::size_t{row} * c.feed_forward_length;
      kernels.silu_multiply(gate, up, c.feed_forward_length);
      store_input(model, {&w.down}, row, gate, c.feed_forward_length);
    });
    if (!multiply(model, {{&w.down, a.x_delta.data()}}, n_rows)) return ForwardStatus::ReadFailed;
    for_each_row(model, n_rows, [&](std::uint32_t row, auto) {
      kernels.add(a.x.data() + std::size_t{row} * c.embedding_length,
                  a.x_delta.data() + std::size_t{row} * c.embedding_length, c.embedding_length);
    });
  }

  if (!write_logits(model, batch) || !model.source->end_sweep()) return ForwardStatus::ReadFailed;
  model.plan.commit();
  return ForwardStatus::Done;
}

}  // namespace inference
