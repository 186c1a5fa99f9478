// Two chunks are joined by the formulas of Chan, Golub and LeVeque (1983) for the moments of two
// groups, which need no sum of squares of large numbers.

#include "agent/window.h"

#include <algorithm>
#include <cmath>

namespace agent {
namespace {

WindowChunk join(const WindowChunk& a, const WindowChunk& b) {
  WindowChunk out;
  out.first = a.first;
  out.last = b.last;
  out.count = a.count + b.count;
  const double share = b.count / out.count;
  const double dt = b.mean_t - a.mean_t;
  const double dx = b.mean_x - a.mean_x;
  out.mean_t = a.mean_t + dt * share;
  out.mean_x = a.mean_x + dx * share;
  out.squares_t = a.squares_t + b.squares_t + dt * dt * a.count * share;
  out.products = a.products + b.products + dt * dx * a.count * share;
  out.low = std::min(a.low, b.low);
  out.high = std::max(a.high, b.high);
  return out;
}

bool is_sound(const WindowChunk& chunk) {
  for (const double v : {chunk.first, chunk.last, chunk.count, chunk.mean_t, chunk.mean_x,
                         chunk.squares_t, chunk.products, chunk.low, chunk.high}) {
    if (!std::isfinite(v)) return false;
  }
  return chunk.count >= 1 && chunk.first <= chunk.last && chunk.low <= chunk.high;
}

}  // namespace

double WindowSeries::Summary::of(Statistic statistic) const {
  switch (statistic) {
    case Statistic::Last:
      return last;
    case Statistic::Mean:
      return mean;
    case Statistic::Min:
      return low;
    case Statistic::Max:
      return high;
    case Statistic::Slope:
      return slope;
    case Statistic::Count:
      return static_cast<double>(count);
  }
  return 0;
}

void WindowSeries::add(double seconds, double t, double x) {
  if (!chunks_.empty()) t = std::max(t, chunks_.back().last);
  const auto kept = std::find_if(chunks_.begin(), chunks_.end(), [&](const WindowChunk& chunk) {
    return chunk.last >= t - seconds;
  });
  chunks_.erase(chunks_.begin(), kept);
  if (chunks_.size() == kChunksMax) join_neighbours(seconds * kChunkShare);
  equal_count_ = equal_count_ > 0 && x == last_ ? equal_count_ + 1 : 1;
  last_ = x;
  chunks_.push_back({t, t, 1, t, x, 0, 0, x, x});
}

// Of any two neighbours that are left at least one pair in two spans more than `span`: at most
// 2 / kChunkShare + 1 remain, about half of kChunksMax, so that this is seldom.
void WindowSeries::join_neighbours(double span) {
  std::size_t end = 0;
  for (std::size_t i = 1; i < chunks_.size(); ++i) {
    if (chunks_[i].last - chunks_[end].first <= span) {
      chunks_[end] = join(chunks_[end], chunks_[i]);
    } else {
      chunks_[++end] = chunks_[i];
    }
  }
  chunks_.resize(end + 1);
}

WindowSeries::Summary WindowSeries::summary(double seconds, double now) const {
  std::optional<WindowChunk> all;
  for (const WindowChunk& chunk : chunks_) {
    if (chunk.last < now - seconds) continue;
    all = all ? join(*all, chunk) : chunk;
  }
  Summary out;
  if (!all) return out;
  out.count = static_cast<std::uint64_t>(all->count);
  out.last = last_;
  out.mean = std::clamp(all->mean_x, all->low, all->high);
  out.low = all->low;
  out.high = all->high;
  out.span = all->last - all->first;
  if (all->squares_t > 0) out.slope = all->products / all->squares_t;
  if (!std::isfinite(out.slope)) out.slope = 0;
  return out;
}

std::optional<WindowSeries> WindowSeries::restore(std::vector<WindowChunk> chunks, double last,
                                                  std::uint64_t equal_count) {
  if (chunks.size() > kChunksMax || !std::isfinite(last)) return std::nullopt;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if (!is_sound(chunks[i])) return std::nullopt;
    if (i > 0 && chunks[i].first < chunks[i - 1].last) return std::nullopt;
  }
  WindowSeries out;
  out.chunks_ = std::move(chunks);
  out.last_ = last;
  out.equal_count_ = equal_count;
  return out;
}

}  // namespace agent
