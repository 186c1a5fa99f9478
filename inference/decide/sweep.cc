// A message and its candidates stand in the batch like this, for a tree with two fields:
//
//   prefix (committed) ── fresh ── fresh ── … ── fresh ─┬─ {" ── action ── ":" ─┬─ start …
//                                                       │                       └─ stop …
//                                                       └─ {" ── target ── ":" ─┬─ press …
//
// Every row sees the prefix, its ancestors and itself. Rows of other messages are not its
// ancestors, so what shares the pass changes nothing.

#include "inference/decide/sweep.h"

#include <algorithm>

#include "inference/check.h"
#include "inference/kernels/math.h"

namespace inference {
namespace {

bool is_exact(const SweepJob& job) { return job.tree->scoring() == Scoring::Exact; }

std::size_t count_wanted(const SweepJob& job) {
  std::size_t count = job.tree->root_rivals().empty() ? 0 : 1;
  for (const TreeNode& node : job.tree->nodes()) count += node.rivals.empty() ? 0 : 1;
  return count;
}

std::vector<TokenId> path_to(std::span<const TreeNode> nodes, std::size_t node) {
  std::vector<TokenId> path;
  for (auto at = static_cast<std::int32_t>(node); at >= 0;
       at = nodes[static_cast<std::size_t>(at)].parent) {
    path.push_back(nodes[static_cast<std::size_t>(at)].token);
  }
  std::reverse(path.begin(), path.end());
  return path;
}

}  // namespace

Sweep::Sweep(Model& model, const Kernels& kernels, Mode mode, KvSequence& work)
    : model_(model), kernels_(kernels), mode_(mode), work_(work) {}

void Sweep::run(std::span<SweepJob> jobs) {
  for (SweepJob& job : jobs) {
    PICOLM_CHECK(!job.fresh.empty() && job.tree != nullptr && job.prefix != nullptr);
    job.log_p.assign(job.tree->nodes().size() + 1, {});
    if (job.tree->nodes().empty() && job.tree->root_rivals().empty()) continue;  // nothing to ask
    const std::size_t rows = job.fresh.size() + job.tree->nodes().size();
    const bool small =
        rows <= model_.batch_rows_max() && (!is_exact(job) || count_wanted(job) <= kExactRowsMax);
    if (mode_ == Mode::Sequential || !small) {
      flush();
      run_alone(job);
      continue;
    }
    if (!fits(job)) flush();
    add_job(job);
  }
  flush();
}

bool Sweep::fits(const SweepJob& job) const {
  if (rows_.size() + job.fresh.size() + job.tree->nodes().size() > model_.batch_rows_max()) {
    return false;
  }
  const std::size_t vocabulary = model_.config().vocabulary_count;
  return !is_exact(job) || logits_size_ / vocabulary + count_wanted(job) <= kExactRowsMax;
}

void Sweep::add_job(SweepJob& job) {
  jobs_.push_back(&job);
  std::int32_t end = -1;
  for (const TokenId token : job.fresh) end = add_row(job.prefix, token, end, false);
  want(job, 0, job.tree->root_rivals());
  const std::int32_t first_node = end + 1;
  const auto nodes = job.tree->nodes();
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    const std::int32_t parent = nodes[n].parent < 0 ? end : first_node + nodes[n].parent;
    add_row(job.prefix, nodes[n].token, parent, false);
    want(job, n + 1, nodes[n].rivals);
  }
}

std::int32_t Sweep::add_row(KvSequence* past, TokenId token, std::int32_t parent, bool commit) {
  rows_.push_back({.token = token, .parent = parent, .sequence = past, .commit = commit});
  return static_cast<std::int32_t>(rows_.size()) - 1;
}

void Sweep::want(SweepJob& job, std::size_t place, std::span<const TokenId> rivals) {
  if (rivals.empty()) return;
  wanted_.push_back({&job, place, rows_.size() - 1, logits_size_});
  BatchRow& row = rows_.back();
  row.logits = is_exact(job) ? BatchRow::Logits::All : BatchRow::Logits::Some;
  row.wanted = rivals;
  logits_size_ += is_exact(job) ? model_.config().vocabulary_count : rivals.size();
}

// Runs the rows gathered so far; false on a read error.
bool Sweep::flush() {
  if (rows_.empty()) return true;
  if (logits_.size() < logits_size_) logits_.resize(logits_size_);
  for (const Wanted& wanted : wanted_) rows_[wanted.row].out = logits_.data() + wanted.offset;
  const bool done = model_.forward(rows_) == ForwardStatus::Done;
  for (SweepJob* job : jobs_) {
    ++job->sweeps;
    job->failed = job->failed || !done;
  }
  if (done) {
    for (const Wanted& wanted : wanted_) collect(wanted);
  }
  rows_.clear();
  wanted_.clear();
  jobs_.clear();
  logits_size_ = 0;
  return done;
}

void Sweep::collect(const Wanted& wanted) {
  SweepJob& job = *wanted.job;
  float* logits = logits_.data() + wanted.offset;
  const std::span<const TokenId> rivals = rows_[wanted.row].wanted;
  std::vector<double>& out = job.log_p[wanted.place];
  if (!is_exact(job)) {
    out = log_shares({logits, rivals.size()}, &job.degenerate);
    return;
  }
  // Below the least probability the table's softmax can hold, all are equally impossible.
  constexpr double kLeast = 1e-38;
  kernels_.softmax(logits, model_.config().vocabulary_count);
  out.clear();
  for (const TokenId rival : rivals) {
    const double p = logits[rival];
    if (!(p >= 0)) job.degenerate = true;
    out.push_back(math::log(p > kLeast ? p : kLeast));
  }
}

// A job that is larger than a batch, or all of them in sequential mode: on the work sequence.
void Sweep::run_alone(SweepJob& job) {
  PICOLM_CHECK(job.prefix->length() + job.fresh.size() + CandidateTree::kDepthMax <=
               work_.capacity());
  work_.copy_from(*job.prefix);
  const bool one_by_one = mode_ == Mode::Sequential;
  if (!append(job, one_by_one ? 1 : model_.batch_rows_max())) return;
  if (one_by_one) {
    run_nodes_one_by_one(job);
  } else {
    run_nodes_in_groups(job);
  }
}

bool Sweep::append(SweepJob& job, std::size_t rows_max) {
  for (std::size_t i = 0; i < job.fresh.size(); ++i) {
    const auto parent = static_cast<std::int32_t>(rows_.size()) - 1;
    add_row(&work_, job.fresh[i], parent, true);
    const bool last = i + 1 == job.fresh.size();
    if (last) want(job, 0, job.tree->root_rivals());
    if (!last && rows_.size() < rows_max) continue;
    jobs_.push_back(&job);
    if (!flush()) return false;
  }
  return true;
}

// Nodes in order, each with the ancestors it needs, until the batch is full. Ancestors of an
// earlier group are evaluated again; they give the same bits.
bool Sweep::run_nodes_in_groups(SweepJob& job) {
  const auto nodes = job.tree->nodes();
  std::vector<std::int32_t> row_of(nodes.size(), -1);
  std::vector<std::size_t> path;
  std::size_t wanted_count = 0;
  for (std::size_t next = 0; next < nodes.size();) {
    path.clear();
    for (auto n = static_cast<std::int32_t>(next);
         n >= 0 && row_of[static_cast<std::size_t>(n)] < 0;
         n = nodes[static_cast<std::size_t>(n)].parent) {
      path.push_back(static_cast<std::size_t>(n));
    }
    wanted_count += nodes[next].rivals.empty() ? 0 : 1;
    const bool too_many = is_exact(job) && wanted_count > kExactRowsMax;
    if (!rows_.empty() && (too_many || rows_.size() + path.size() > model_.batch_rows_max())) {
      jobs_.push_back(&job);
      if (!flush()) return false;
      std::fill(row_of.begin(), row_of.end(), -1);
      wanted_count = 0;
      continue;  // the same node again, with all its ancestors
    }
    for (auto n = path.rbegin(); n != path.rend(); ++n) {
      const std::int32_t parent = nodes[*n].parent;
      const std::int32_t parent_row = parent < 0 ? -1 : row_of[static_cast<std::size_t>(parent)];
      row_of[*n] = add_row(&work_, nodes[*n].token, parent_row, false);
    }
    want(job, next + 1, nodes[next].rivals);
    ++next;
  }
  jobs_.push_back(&job);
  return flush();
}

bool Sweep::run_nodes_one_by_one(SweepJob& job) {
  const auto nodes = job.tree->nodes();
  const std::uint32_t prompt_length = work_.length();
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    if (nodes[n].rivals.empty()) continue;
    work_.truncate(prompt_length);
    const std::vector<TokenId> path = path_to(nodes, n);
    for (std::size_t i = 0; i < path.size(); ++i) {
      add_row(&work_, path[i], -1, true);
      if (i + 1 == path.size()) want(job, n + 1, nodes[n].rivals);
      jobs_.push_back(&job);
      if (!flush()) return false;
    }
  }
  return true;
}

}  // namespace inference
