// Platt's calibration (1999) with Gaussian priors on both numbers, by Newton's method.

#include "inference/learn/confidence.h"

#include <algorithm>

#include "inference/kernels/math.h"

namespace inference {
namespace {

constexpr double kProbabilityMin = 1e-6;  // and at most 1 - kProbabilityMin
constexpr double kSlopePrecision = 8;
constexpr double kOffsetPrecision = 2;
constexpr double kSlopeMin = 0.05;  // the curve never falls
constexpr int kSteps = 25;

double logit(double p) {
  const double kept = std::clamp(p, kProbabilityMin, 1 - kProbabilityMin);
  return math::log(kept / (1 - kept));
}

double logistic(double x) { return 1 / (1 + math::exp(-x)); }

}  // namespace

double ConfidenceCurve::at(double probability) const {
  if (!(probability > 0)) return 0;
  return logistic(slope * logit(probability) + offset);
}

ConfidenceCurve fit_confidence(std::span<const Outcome> outcomes) {
  ConfidenceCurve curve;
  for (int step = 0; step < kSteps; ++step) {
    double g_slope = kSlopePrecision * (curve.slope - 1);
    double g_offset = kOffsetPrecision * curve.offset;
    double h_slope = kSlopePrecision;
    double h_offset = kOffsetPrecision;
    double h_both = 0;
    for (const Outcome& outcome : outcomes) {
      const double x = logit(outcome.probability);
      const double p = logistic(curve.slope * x + curve.offset);
      const double error = outcome.weight * (p - (outcome.right ? 1 : 0));
      const double curvature = outcome.weight * p * (1 - p);
      g_slope += error * x;
      g_offset += error;
      h_slope += curvature * x * x;
      h_offset += curvature;
      h_both += curvature * x;
    }
    const double determinant = h_slope * h_offset - h_both * h_both;
    const double d_slope = (h_offset * g_slope - h_both * g_offset) / determinant;
    const double d_offset = (h_slope * g_offset - h_both * g_slope) / determinant;
    curve.slope = std::clamp(curve.slope - std::clamp(d_slope, -1.0, 1.0), kSlopeMin, 5.0);
    curve.offset -= std::clamp(d_offset, -1.0, 1.0);
  }
  return curve;
}

}  // namespace inference
