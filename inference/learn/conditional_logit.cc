// All three kinds of weights are one kernel. With a Gaussian prior each, bias and shared weights
// are linear features like any other, so the scores of the examples are f = m + G a, where m are
// the scores under the priors' means, a [C, n] the dual weights, and
//
//   G[(c,i), (d,j)] = [c = d] (k(i,j) / l2 + 1 / b_precision) + s(i,c) . s(j,d) / w_precision
//
// The loss is J(a) = -sum v log p + a' G a / 2 and at its minimum a = v (y - p), y the choices as
// unit vectors. Measured in the norm of G, the gradient of J is g = a - v (y - p), without a
// product, and its second derivative is B = I + V G with V >= 0. So B >= I, and half of g' G g
// bounds how far J is above its minimum: that is the stopping rule. Each Newton step solves B d =
// -g by conjugate gradients in that norm, one product with G an iteration. (Rasmussen and Williams,
// Gaussian Processes for Machine Learning, 2006, chapter 3, has the same model.)

#include "inference/learn/conditional_logit.h"

#include <algorithm>

#include "inference/check.h"
#include "inference/kernels/math.h"

namespace inference {
namespace {

constexpr std::size_t kNewtonStepsMax = 60;
constexpr std::size_t kGradientStepsMax = 200;  // of one Newton step
constexpr std::size_t kHalvingsMax = 30;

using Vector = std::vector<double>;

double product(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

void add(double factor, const Vector& x, Vector& y) {
  for (std::size_t i = 0; i < x.size(); ++i) y[i] += factor * x[i];
}

void add_row(double factor, const double* x, double* y, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) y[i] += factor * x[i];
}

class Solver {
 public:
  explicit Solver(const LogitProblem& problem)
      : q_(problem),
        n_(problem.example_count),
        size_(problem.example_count * problem.option_count),
        shared_count_(problem.shared_mean.size()),
        p_(size_) {
    PICOLM_CHECK(q_.option_count > 0 && q_.l2 > 0);
    PICOLM_CHECK(q_.kernel.size() == n_ * n_);
    PICOLM_CHECK(q_.shared.size() == shared_count_ * size_);
    PICOLM_CHECK(q_.chosen.size() == n_ && q_.example_weight.size() == n_);
  }

  LogitFit fit(std::span<const double> start);

 private:
  // Scores under the means of the priors.
  Vector prior_scores() const;
  // G x.
  Vector times_kernel(const Vector& x) const;
  // Sets p_ to the probabilities for `scores`; the sum of -v log p of the choices.
  double evaluate(const Vector& scores);
  // a - v (y - p).
  Vector gradient(const Vector& dual) const;
  // V x, the second derivative of the data's part.
  Vector curvature(const Vector& x) const;
  // Solves B d = -g within a tenth; also gives G d. `gg` is G g.
  void newton_direction(const Vector& g, const Vector& gg, Vector& d, Vector& gd) const;
  LogitFit finish(Vector dual, Vector scores, double loss) const;

  const LogitProblem& q_;
  const std::size_t n_;
  const std::size_t size_;
  const std::size_t shared_count_;
  Vector p_;
};

Vector Solver::prior_scores() const {
  Vector out(size_);
  for (std::size_t s = 0; s < shared_count_; ++s) {
    add_row(q_.shared_mean[s], q_.shared.data() + s * size_, out.data(), size_);
  }
  return out;
}

Vector Solver::times_kernel(const Vector& x) const {
  Vector out(size_);
  for (std::size_t c = 0; c < q_.option_count; ++c) {
    double sum = 0;
    for (std::size_t j = 0; j < n_; ++j) {
      const double v = x[c * n_ + j];
      if (v == 0) continue;
      add_row(v / q_.l2, q_.kernel.data() + j * n_, &out[c * n_], n_);
      sum += v;
    }
    for (std::size_t i = 0; i < n_; ++i) out[c * n_ + i] += sum / q_.bias_precision;
  }
  for (std::size_t s = 0; s < shared_count_; ++s) {
    const double* feature = q_.shared.data() + s * size_;
    double sum = 0;
    for (std::size_t i = 0; i < size_; ++i) sum += feature[i] * x[i];
    add_row(sum / q_.shared_precision, feature, out.data(), size_);
  }
  return out;
}

double Solver::evaluate(const Vector& scores) {
  double loss = 0;
  for (std::size_t i = 0; i < n_; ++i) {
    double highest = scores[i];
    for (std::size_t c = 1; c < q_.option_count; ++c) {
      highest = std::max(highest, scores[c * n_ + i]);
    }
    double sum = 0;
    for (std::size_t c = 0; c < q_.option_count; ++c) {
      p_[c * n_ + i] = math::exp(scores[c * n_ + i] - highest);
      sum += p_[c * n_ + i];
    }
    for (std::size_t c = 0; c < q_.option_count; ++c) p_[c * n_ + i] /= sum;
    const double chosen = scores[q_.chosen[i] * n_ + i];
    loss += q_.example_weight[i] * (math::log(sum) + highest - chosen);
  }
  return loss;
}

Vector Solver::gradient(const Vector& dual) const {
  Vector g(size_);
  for (std::size_t c = 0; c < q_.option_count; ++c) {
    for (std::size_t i = 0; i < n_; ++i) {
      const double y = q_.chosen[i] == c ? 1 : 0;
      g[c * n_ + i] = dual[c * n_ + i] - q_.example_weight[i] * (y - p_[c * n_ + i]);
    }
  }
  return g;
}

Vector Solver::curvature(const Vector& x) const {
  Vector mean(n_);
  Vector out(size_);
  for (std::size_t c = 0; c < q_.option_count; ++c) {
    for (std::size_t i = 0; i < n_; ++i) mean[i] += p_[c * n_ + i] * x[c * n_ + i];
  }
  for (std::size_t c = 0; c < q_.option_count; ++c) {
    for (std::size_t i = 0; i < n_; ++i) {
      out[c * n_ + i] = q_.example_weight[i] * p_[c * n_ + i] * (x[c * n_ + i] - mean[i]);
    }
  }
  return out;
}

void Solver::newton_direction(const Vector& g, const Vector& gg, Vector& d, Vector& gd) const {
  d.assign(size_, 0);
  gd.assign(size_, 0);
  Vector r = g;  // of B d = g; the sign is turned at the end
  Vector p = r;
  Vector gp = gg;
  double rho = product(g, gg);
  const double enough = rho * 0.01;
  for (std::size_t step = 0; step < kGradientStepsMax && rho > enough; ++step) {
    Vector bp = curvature(gp);
    add(1, p, bp);
    const double factor = rho / product(gp, bp);
    add(factor, p, d);
    add(factor, gp, gd);
    add(-factor, bp, r);
    const Vector gr = times_kernel(r);
    const double rho_next = product(r, gr);
    const double beta = rho_next / rho;
    for (std::size_t i = 0; i < size_; ++i) {
      p[i] = r[i] + beta * p[i];
      gp[i] = gr[i] + beta * gp[i];
    }
    rho = rho_next;
  }
  for (double& v : d) v = -v;
  for (double& v : gd) v = -v;
}

LogitFit Solver::finish(Vector dual, Vector scores, double loss) const {
  LogitFit out;
  out.loss = loss;
  for (std::size_t c = 0; c < q_.option_count; ++c) {
    double sum = 0;
    for (std::size_t i = 0; i < n_; ++i) sum += dual[c * n_ + i];
    out.bias.push_back(sum / q_.bias_precision);
  }
  for (std::size_t s = 0; s < shared_count_; ++s) {
    double sum = 0;
    for (std::size_t i = 0; i < size_; ++i) sum += q_.shared[s * size_ + i] * dual[i];
    out.shared_weight.push_back(q_.shared_mean[s] + sum / q_.shared_precision);
  }
  out.dual = std::move(dual);
  out.scores = std::move(scores);
  return out;
}

LogitFit Solver::fit(std::span<const double> start) {
  const Vector prior = prior_scores();
  Vector dual(size_);
  if (!start.empty()) {
    PICOLM_CHECK(start.size() == size_);
    for (std::size_t i = 0; i < size_; ++i) {
      dual[i] = q_.example_weight[i % n_] == 0 ? 0 : start[i];
    }
  }
  // G a beside a, so that a loss costs no product.
  Vector pull = times_kernel(dual);
  Vector scores = prior;
  add(1, pull, scores);
  double loss = evaluate(scores) + product(dual, pull) / 2;
  Vector d;
  Vector gd;
  for (std::size_t step = 0; step < kNewtonStepsMax; ++step) {
    const Vector g = gradient(dual);
    const Vector gg = times_kernel(g);
    if (product(g, gg) <= 2 * q_.gap) break;
    newton_direction(g, gg, d, gd);
    const double slope = product(g, gd);  // of the loss along d, in the norm of G
    double length = 1;
    bool lower = false;
    for (std::size_t halving = 0; halving < kHalvingsMax && !lower; ++halving, length /= 2) {
      Vector dual_next = dual;
      Vector pull_next = pull;
      add(length, d, dual_next);
      add(length, gd, pull_next);
      Vector scores_next = prior;
      add(1, pull_next, scores_next);
      const double loss_next = evaluate(scores_next) + product(dual_next, pull_next) / 2;
      lower = loss_next <= loss + 1e-4 * length * slope;
      if (!lower) continue;
      dual = std::move(dual_next);
      pull = std::move(pull_next);
      scores = std::move(scores_next);
      loss = loss_next;
    }
    if (!lower) break;  // rounding: nothing is lower any more
  }
  return finish(std::move(dual), std::move(scores), loss);
}

}  // namespace

LogitFit fit_logit(const LogitProblem& problem, std::span<const double> start) {
  return Solver(problem).fit(start);
}

void add_scores(const LogitFit& fit, double l2, std::span<const double> kernel_row,
                std::span<double> scores) {
  const std::size_t n = kernel_row.size();
  PICOLM_CHECK(fit.dual.size() == n * scores.size());
  for (std::size_t c = 0; c < scores.size(); ++c) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += fit.dual[c * n + i] * kernel_row[i];
    scores[c] += fit.bias[c] + sum / l2;
  }
}

}  // namespace inference
