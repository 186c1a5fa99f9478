#pragma once

// A conditional logit with a kernel: for a message x with options c
//
//   score(c | x) = w . s(x, c) + b[c] + sum_i A[i, c] k(x, x_i),   p = softmax over the options
//
// w is shared by all options, b is theirs, and A weighs the examples x_i: the dual form of a linear
// head on features whose products are k, so that the cost grows with examples and not with
// features. It minimises
//
//   - sum_i v_i log p(c_i | x_i) + l2/2 tr(A' K A) + w_precision/2 |w - w_mean|^2
//                                + b_precision/2 |b|^2
//
// with v_i the weight of example i. All of it is convex; there is one minimum.
// Thread safety: free functions without state.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace inference {

struct LogitProblem {
  std::size_t example_count = 0;           // n
  std::size_t option_count = 0;            // C
  std::span<const double> kernel;          // [n, n], symmetric, positive semidefinite
  std::span<const double> shared;          // [S, C, n] features that share a weight
  std::span<const double> shared_mean;     // [S] means of the priors of their weights
  std::span<const std::uint32_t> chosen;   // [n] option of each example
  std::span<const double> example_weight;  // [n] >= 0; 0 leaves an example out of the fit
  double l2 = 0.1;
  double shared_precision = 0.5;
  double bias_precision = 0.3;
  double gap = 1e-8;  // the loss found is above the least one by at most this
};

struct LogitFit {
  std::vector<double> dual;           // [C, n] A times l2; 0 where the example's weight is 0
  std::vector<double> shared_weight;  // [S] w
  std::vector<double> bias;           // [C] b
  std::vector<double> scores;         // [C, n] of all examples, also those left out
  double loss = 0;
};

// Newton's method, each step by conjugate gradients. The same input gives the same bits.
// `start`: the dual weights of a similar problem, to begin with, or empty.
// REQUIRES: sizes as above, option_count > 0, l2 > 0, both precisions > 0, chosen[i] <
// option_count.
LogitFit fit_logit(const LogitProblem& problem, std::span<const double> start = {});

// Adds what `fit` says about a message to `scores` ([C]): bias and examples, without the shared
// features. `kernel_row` is k(x, x_i) for each example.
void add_scores(const LogitFit& fit, double l2, std::span<const double> kernel_row,
                std::span<double> scores);

}  // namespace inference
