#pragma once

// One pass over the layers for several waiting messages: each brings the fresh tokens of its prompt
// and the candidate tree of its route, on top of the route's prefix. Nothing is committed, so the
// prefixes are shared and stay as they are.
// Thread safety: unsafe; owned by the worker thread. The model outlives it.

#include <cstdint>
#include <span>
#include <vector>

#include "inference/decide/candidate_tree.h"
#include "inference/kv/kv_sequence.h"
#include "inference/model/model.h"

namespace inference {

// What one message asks of a pass, and what it gets.
struct SweepJob {
  KvSequence* prefix = nullptr;  // committed tokens before `fresh`; not changed
  std::vector<TokenId> fresh;    // REQUIRES: not empty
  const CandidateTree* tree = nullptr;

  std::vector<std::vector<double>> log_p;  // [1 + nodes][rivals], as CandidateTree::score wants
  bool degenerate = false;                 // logits were not finite somewhere
  bool failed = false;                     // the weights could not be read, or no room
  std::uint32_t sweeps = 0;                // passes it took part in
};

class Sweep {
 public:
  // Sequential gives the same scores token by token, one a pass; it is there to be compared with.
  enum class Mode : std::uint8_t { Tree, Sequential };

  // Rows whose logits over the whole vocabulary are held at once; only exact scoring needs any.
  static constexpr std::uint32_t kExactRowsMax = 64;

  // `work` is used by jobs that are larger than a batch. REQUIRES: it has room for the longest
  // prompt and CandidateTree::kDepthMax more; it outlives this object and is free during run().
  Sweep(Model& model, const Kernels& kernels, Mode mode, KvSequence& work);

  // Fills the results of `jobs`. As many as fit share a pass; one that is larger than a batch takes
  // several. The scores do not depend on what shares a pass.
  void run(std::span<SweepJob> jobs);

 private:
  // Logits that a row of the pass under way will bring.
  struct Wanted {
    SweepJob* job = nullptr;
    std::size_t place = 0;  // 0: the end of the prompt, 1 + n: node n
    std::size_t row = 0;
    std::size_t offset = 0;  // in logits_
  };

  bool fits(const SweepJob& job) const;
  void add_job(SweepJob& job);
  std::int32_t add_row(KvSequence* past, TokenId token, std::int32_t parent, bool commit);
  // The row that was added last shall bring the logits of `rivals`.
  void want(SweepJob& job, std::size_t place, std::span<const TokenId> rivals);
  bool flush();
  void collect(const Wanted& wanted);

  void run_alone(SweepJob& job);
  bool append(SweepJob& job, std::size_t rows_max);
  bool run_nodes_in_groups(SweepJob& job);
  bool run_nodes_one_by_one(SweepJob& job);

  Model& model_;
  const Kernels& kernels_;
  const Mode mode_;
  KvSequence& work_;
  std::vector<BatchRow> rows_;
  std::vector<Wanted> wanted_;
  std::vector<SweepJob*> jobs_;  // in the pass under way
  std::vector<float> logits_;    // of the pass under way
  std::size_t logits_size_ = 0;
};

}  // namespace inference
