#pragma once

// How often a decision of some probability was right: a logistic curve
//
//   logit(confidence) = slope * logit(probability) + offset
//
// fitted to held-out decisions, around slope 1 and offset 0 as far as there are few.
// Thread safety: constant after construction.

#include <span>

namespace inference {

struct Outcome {
  double probability = 0;
  double weight = 1;
  bool right = false;
};

struct ConfidenceCurve {
  double slope = 1;
  double offset = 0;

  double at(double probability) const;
};

ConfidenceCurve fit_confidence(std::span<const Outcome> outcomes);

}  // namespace inference
