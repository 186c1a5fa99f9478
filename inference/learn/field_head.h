#pragma once

// The learned head of one closed field: a conditional logit whose recipe, L2 and use of words and
// model are chosen by cross-validation on the route's examples.
// Thread safety: constant after construction.

#include <cstdint>
#include <span>
#include <vector>

#include "inference/learn/conditional_logit.h"
#include "inference/learn/features.h"

namespace inference {

// Similarities of all examples, by what they are compared by; a matrix that is empty is not needed.
struct ExampleKernels {
  std::size_t example_count = 0;
  std::vector<double> linear;  // [n, n] each
  std::vector<double> pairs;
  std::vector<double> oblique;
  std::vector<double> text;
  std::vector<double> masked_text;

  ExampleKernels(const FeatureSpace& space, std::span<const Features> examples);
  std::vector<double> of(const Recipe& recipe) const;  // [n, n]
};

struct FieldTask {
  const FeatureSpace* space = nullptr;
  const ExampleKernels* kernels = nullptr;
  std::size_t option_count = 0;            // C
  std::span<const double> overlap;         // [C, n]
  std::span<const double> model;           // [C, n] standardised scores, or empty
  std::span<const std::uint32_t> chosen;   // [n]
  std::span<const double> example_weight;  // [n]
  std::span<const std::uint32_t> fold;     // [n], below fold_count
  std::uint32_t fold_count = 0;
};

struct FieldHead {
  Recipe recipe;
  double l2 = 0.1;
  bool words = true;       // the overlap counts
  double model_scale = 0;  // 0: the model's scores do not count
  double temperature = 1;
  LogitFit fit;
  std::vector<double> held_out;  // [C, n] scores of each example by the fit without its fold
  double held_out_loss = 0;      // mean over the examples, temperature 1

  // Scores of a message, over the temperature. `overlap` and `model` are [C]; `model` may be empty
  // where model_scale is 0.
  std::vector<double> scores(std::span<const double> kernel_row, std::span<const double> overlap,
                             std::span<const double> model) const;
};

FieldHead train_field(const FieldTask& task);

}  // namespace inference
