#pragma once

// The float kernels written once over a small vocabulary of eight lanes, for every vector unit.
// A type `Lanes` has
//   load(p) broadcast(x) load_half(p)  store(p) store_half(p)   eight floats or halves, unaligned
//   + - * /                                                      lane by lane, IEEE, never fused
//   select_greater(a, b, x, y)                                   a > b ? x : y, false for NaN
//   times_power_of_two(y, shifted)                               the last step of exp, see math.h
//   square_root() negate()                                       lane by lane, IEEE
//   swap_pairs() load_pairs(p)                                   (b, a, d, c, ...) (p0, p0, p1,
//   ...) reduce()                                                     the tree of kernels.h
// and lives in an unnamed namespace, so that what is instantiated here stays in its source file.
// Each function does the operations of scalar.cc, eight at a time; a tail of fewer than eight
// values goes through a padded copy. Padding of +0 leaves a sum of products as it is.
// Thread safety: pure functions.

#include <cstddef>
#include <cstring>

#include "inference/kernels/math.h"
#include "inference/quant/half.h"

namespace inference {

template <typename Lanes>
struct FloatKernels {
  static constexpr std::size_t kLanes = 8;

  // The last `count` < 8 values, followed by `padding`.
  static Lanes load_tail(const float* x, std::size_t count, float padding) {
    alignas(32) float buffer[kLanes];
    for (std::size_t i = 0; i < kLanes; ++i) buffer[i] = i < count ? x[i] : padding;
    return Lanes::load(buffer);
  }

  static Lanes load_half_tail(const Half* x, std::size_t count) {
    alignas(16) Half buffer[kLanes];
    for (std::size_t i = 0; i < kLanes; ++i) buffer[i] = i < count ? x[i] : Half{0};
    return Lanes::load_half(buffer);
  }

  static void store_tail(Lanes lanes, std::size_t count, float* out) {
    alignas(32) float buffer[kLanes];
    lanes.store(buffer);
    for (std::size_t i = 0; i < count; ++i) out[i] = buffer[i];
  }

  static Lanes exp(Lanes x) {
    const Lanes upper = Lanes::broadcast(math::kExpMax);
    const Lanes lower = Lanes::broadcast(math::kExpMin);
    x = Lanes::select_greater(x, upper, upper, x);
    x = Lanes::select_greater(lower, x, lower, x);
    const Lanes rounder = Lanes::broadcast(math::kExpRounder);
    const Lanes shifted = x * Lanes::broadcast(math::kExpInverseLn2) + rounder;
    const Lanes n = shifted - rounder;
    const Lanes r =
        (x - n * Lanes::broadcast(math::kExpLn2High)) - n * Lanes::broadcast(math::kExpLn2Low);
    Lanes q = Lanes::broadcast(math::kExpC4);
    q = q * r + Lanes::broadcast(math::kExpC3);
    q = q * r + Lanes::broadcast(math::kExpC2);
    q = q * r + Lanes::broadcast(math::kExpC1);
    q = q * r + Lanes::broadcast(math::kExpC0);
    return Lanes::times_power_of_two((r * r * q + r) + Lanes::broadcast(1.0f), shifted);
  }

  static void rms_norm(const float* x, const float* weight, float eps, std::size_t n, float* out) {
    Lanes sum = Lanes::broadcast(0.0f);
    std::size_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      const Lanes v = Lanes::load(x + i);
      sum = sum + v * v;
    }
    if (i < n) {
      const Lanes v = load_tail(x + i, n - i, 0.0f);
      sum = sum + v * v;
    }
    const Lanes mean = Lanes::broadcast(sum.reduce()) / Lanes::broadcast(static_cast<float>(n));
    const Lanes scale = Lanes::broadcast(1.0f) / (mean + Lanes::broadcast(eps)).square_root();
    for (i = 0; i + kLanes <= n; i += kLanes) {
      ((Lanes::load(x + i) * scale) * Lanes::load(weight + i)).store(out + i);
    }
    if (i < n) {
      const Lanes scaled = load_tail(x + i, n - i, 0.0f) * scale;
      store_tail(scaled * load_tail(weight + i, n - i, 0.0f), n - i, out + i);
    }
  }

  static Lanes silu_product(Lanes gate, Lanes up) {
    const Lanes e = exp(gate.negate());
    return gate / (Lanes::broadcast(1.0f) + e) * up;
  }

  static void silu_multiply(float* gate, const float* up, std::size_t n) {
    std::size_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      silu_product(Lanes::load(gate + i), Lanes::load(up + i)).store(gate + i);
    }
    if (i < n) {
      const std::size_t count = n - i;
      store_tail(silu_product(load_tail(gate + i, count, 0.0f), load_tail(up + i, count, 0.0f)),
                 count, gate + i);
    }
  }

  static void add(float* x, const float* y, std::size_t n) {
    std::size_t i = 0;
    for (; i + kLanes <= n; i += kLanes) (Lanes::load(x + i) + Lanes::load(y + i)).store(x + i);
    for (; i < n; ++i) x[i] += y[i];
  }

  static void rope(float* head, const float* cosines, const float* sines, std::size_t n) {
    // (a, b) * (cos, cos) + (b, a) * (-sin, sin): a product with -sin is the negated product, so
    // each value is the same sum of the same two products as in the scalar code.
    alignas(32) constexpr float kSigns[kLanes] = {-1, 1, -1, 1, -1, 1, -1, 1};
    const Lanes signs = Lanes::load(kSigns);
    std::size_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      const Lanes v = Lanes::load(head + i);
      const Lanes cosine = Lanes::load_pairs(cosines + i / 2);
      const Lanes sine = Lanes::load_pairs(sines + i / 2) * signs;
      (v * cosine + v.swap_pairs() * sine).store(head + i);
    }
    for (; i < n; i += 2) {
      const float a = head[i];
      const float b = head[i + 1];
      head[i] = a * cosines[i / 2] - b * sines[i / 2];
      head[i + 1] = a * sines[i / 2] + b * cosines[i / 2];
    }
  }

  static void to_half(const float* x, std::size_t n, Half* out) {
    std::size_t i = 0;
    for (; i + kLanes <= n; i += kLanes) Lanes::load(x + i).store_half(out + i);
    if (i < n) {
      alignas(16) Half buffer[kLanes];
      load_tail(x + i, n - i, 0.0f).store_half(buffer);
      for (std::size_t j = 0; i + j < n; ++j) out[i + j] = buffer[j];
    }
  }

  static void attention_scores(const float* query, const Half* const* keys, std::size_t key_count,
                               std::size_t n, float scale, float* scores) {
    const std::size_t whole = n / kLanes * kLanes;
    for (std::size_t k = 0; k < key_count; ++k) {
      Lanes sum = Lanes::broadcast(0.0f);
      for (std::size_t i = 0; i < whole; i += kLanes) {
        sum = sum + Lanes::load(query + i) * Lanes::load_half(keys[k] + i);
      }
      if (whole < n) {
        sum = sum + load_tail(query + whole, n - whole, 0.0f) *
                        load_half_tail(keys[k] + whole, n - whole);
      }
      scores[k] = sum.reduce() * scale;
    }
  }

  static void softmax(float* x, std::size_t n) {
    constexpr float kLowest = -__builtin_inff();  // as padding it gives exp 0
    const std::size_t whole = n / kLanes * kLanes;
    Lanes largest = Lanes::broadcast(kLowest);
    for (std::size_t i = 0; i < whole; i += kLanes) {
      const Lanes v = Lanes::load(x + i);
      largest = Lanes::select_greater(v, largest, v, largest);
    }
    alignas(32) float candidates[kLanes];
    largest.store(candidates);
    float maximum = kLowest;
    for (float candidate : candidates) maximum = candidate > maximum ? candidate : maximum;
    for (std::size_t i = whole; i < n; ++i) maximum = x[i] > maximum ? x[i] : maximum;

    const Lanes offset = Lanes::broadcast(maximum);
    Lanes sum = Lanes::broadcast(0.0f);
    for (std::size_t i = 0; i < whole; i += kLanes) {
      const Lanes e = exp(Lanes::load(x + i) - offset);
      e.store(x + i);
      sum = sum + e;
    }
    if (whole < n) {
      const Lanes e = exp(load_tail(x + whole, n - whole, kLowest) - offset);
      store_tail(e, n - whole, x + whole);
      sum = sum + e;
    }
    const Lanes total = Lanes::broadcast(sum.reduce());
    for (std::size_t i = 0; i < whole; i += kLanes) (Lanes::load(x + i) / total).store(x + i);
    if (whole < n) {
      store_tail(load_tail(x + whole, n - whole, 0.0f) / total, n - whole, x + whole);
    }
  }

  static void attention_mix(const float* weights, const Half* const* values, std::size_t key_count,
                            std::size_t n, float* out) {
    std::size_t i = 0;
    // Four groups at once keep enough independent sums in flight; each sum has its own order.
    for (; i + 4 * kLanes <= n; i += 4 * kLanes) mix<4>(weights, values, key_count, i, out);
    for (; i + kLanes <= n; i += kLanes) mix<1>(weights, values, key_count, i, out);
    if (i < n) {
      Lanes sum = Lanes::broadcast(0.0f);
      for (std::size_t k = 0; k < key_count; ++k) {
        sum = sum + Lanes::broadcast(weights[k]) * load_half_tail(values[k] + i, n - i);
      }
      store_tail(sum, n - i, out + i);
    }
  }

  // out[i, i + 8 * kGroups) of attention_mix.
  template <std::size_t kGroups>
  static void mix(const float* weights, const Half* const* values, std::size_t key_count,
                  std::size_t i, float* out) {
    Lanes sums[kGroups];
    for (Lanes& sum : sums) sum = Lanes::broadcast(0.0f);
    for (std::size_t k = 0; k < key_count; ++k) {
      const Lanes weight = Lanes::broadcast(weights[k]);
      for (std::size_t g = 0; g < kGroups; ++g) {
        sums[g] = sums[g] + weight * Lanes::load_half(values[k] + i + kLanes * g);
      }
    }
    for (std::size_t g = 0; g < kGroups; ++g) sums[g].store(out + i + kLanes * g);
  }
};

}  // namespace inference
