#pragma once

// From scores to probabilities, without the model: pure functions.
// Thread safety: free functions without state.

#include <span>
#include <vector>

#include "inference/learn/calibration.h"

namespace inference {

// Subtracts the log of the sum of exponentials in place, so that exp(x) sums to one.
void normalise_log(std::vector<double>& x);

// Probabilities of a field's options: softmax of kModelWeight * standardised model score +
// kOverlapWeight * overlap. REQUIRES: equal sizes.
std::vector<double> join_scores(const Calibration& calibration, std::span<const double> model,
                                std::span<const double> overlap);

}  // namespace inference
