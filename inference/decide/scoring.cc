#include "inference/decide/scoring.h"

#include <algorithm>

#include "inference/check.h"
#include "inference/decide/route.h"
#include "inference/kernels/math.h"

namespace inference {

void normalise_log(std::vector<double>& x) {
  PICOLM_CHECK(!x.empty());
  const double highest = *std::max_element(x.begin(), x.end());
  double sum = 0;
  for (const double v : x) sum += math::exp(v - highest);
  for (double& v : x) v -= highest + math::log(sum);
}

std::vector<double> join_scores(const Calibration& calibration, std::span<const double> model,
                                std::span<const double> overlap) {
  PICOLM_CHECK(model.size() == overlap.size());
  std::vector<double> joined = calibration.standardise(model);
  for (std::size_t i = 0; i < joined.size(); ++i) {
    joined[i] = kModelWeight * joined[i] + kOverlapWeight * overlap[i];
  }
  normalise_log(joined);
  for (double& v : joined) v = math::exp(v);
  return joined;
}

}  // namespace inference
