#pragma once

// What a route's instructions say about its options: in "status is ok for information, error for
// errors and failures" the words behind an option explain it, and a message that holds one of them
// speaks for that option. A word that most messages of the stream hold says nothing, so each word
// counts by how rare it is there.
// Thread safety: unsafe; owned by the worker thread.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inference/learn/overlap.h"

namespace inference {

// The explaining words of each option, lower case; none where the instructions do not explain it.
// `options` are their plain texts.
std::vector<std::vector<std::string>> told_words(std::string_view instructions,
                                                 std::span<const std::string> options);

class ToldWords {
 public:
  using Shares = std::vector<std::vector<double>>;  // [option][word], in [0, 1]

  // The words of one field's options, or no option at all.
  explicit ToldWords(const std::vector<std::vector<std::string>>& words);

  // False where no option is explained: then the others mean nothing.
  bool any() const;

  // How much of the beginning of each word the message holds: "info" is one of "information".
  Shares shares_in(const NgramSet& message) const;

  // Takes a message of the stream into the means. REQUIRES: of shares_in().
  void observe(const Shares& shares);

  // The means start anew with the next message.
  void forget() { count_ = 0; }

  // For each option the largest share times its rarity. REQUIRES: of shares_in().
  std::vector<double> overlap(const Shares& shares) const;

 private:
  std::vector<std::vector<NgramSet>> words_;
  Shares means_;
  double count_ = 0;  // messages, at most Calibration::kMemoryMessages
};

}  // namespace inference
