#pragma once

// What a route learned from its examples: a head for each closed field over common features, how
// sure their joint answer may be, and when not to answer.
// The same examples in the same order give the same bits.
// Thread safety: constant after construction.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inference/learn/calibration.h"
#include "inference/learn/confidence.h"
#include "inference/learn/doubt.h"
#include "inference/learn/field_head.h"
#include "inference/learn/gram_index.h"
#include "inference/learn/overlap.h"

namespace inference {

using OptionWords = std::vector<Wording>;              // [option]
using FieldScores = std::vector<std::vector<double>>;  // [field][option]
inline constexpr std::uint32_t kUnknownOption = ~0u;

struct HeadExample {
  std::string_view message;
  std::vector<std::uint32_t>
      chosen;         // [field] option, or kUnknownOption: it teaches that field nothing
  double weight = 1;  // in (0, 1]
  const FieldScores* model = nullptr;  // log-probabilities of the options, if they are known
};

struct HeadAnswer {
  FieldScores probabilities;        // [field][option]
  std::vector<std::uint32_t> best;  // [field]
  double confidence = 0;            // that all fields are right
  double raw_confidence = 0;        // product of the best probabilities, before calibration
  DoubtAnswer doubt;
};

class Head {
 public:
  // Without the model if an example lacks its scores.
  // REQUIRES: at least one example, no more than kExamplesMax.
  Head(std::span<const OptionWords> option_words, std::span<const HeadExample> examples);

  static constexpr std::size_t kExamplesMax = 512;

  // `model`: log-probabilities of the options; may be null where uses_model() is false.
  HeadAnswer answer(std::string_view message, const FieldScores* model) const;

  bool uses_model() const;
  // Share of held-out examples whose confidence is at least `confidence` that were right, and how
  // many these are. 0 where there are none.
  struct HeldOut {
    double accuracy = 0;
    double share = 0;
    double count = 0;
  };
  HeldOut held_out(double confidence) const;
  // The least confidence from which on held-out examples were right at `accuracy`; nothing if too
  // few were.
  std::optional<double> confidence_for(double accuracy) const;

  const std::vector<FieldHead>& fields() const { return fields_; }
  std::size_t memory_bytes() const;  // what it holds, without allocator overhead

  // One example as the others answer it.
  struct Judged {
    double confidence = 0;
    double weight = 0;
    bool right = false;
  };
  const std::vector<Judged>& judged() const { return judged_; }

 private:
  void train(std::span<const HeadExample> examples, const std::vector<Features>& features);
  void index_texts();
  void judge_held_out(std::span<const HeadExample> examples, const std::vector<Features>& features);
  std::vector<double> kernel_row(const Recipe& recipe, const Features& features) const;
  double resemblance(const Features& features) const;
  DoubtAnswer doubt_of(std::string_view message, const Features& features,
                       std::span<const std::uint32_t> best) const;
  double confidence_of(double raw, double resemblance) const;

  std::vector<OptionWords> option_words_;  // [field]
  FeatureSpace space_;
  std::vector<Features> examples_;  // without texts, which are in the indexes
  GramIndex text_;
  GramIndex masked_text_;
  std::vector<Calibration> calibrations_;  // [field], empty without the model
  std::vector<FieldHead> fields_;
  std::vector<std::uint32_t> fold_;  // [n]
  std::uint32_t fold_count_ = 0;
  ConfidenceCurve curve_;
  double resemblance_low_ = 0;                      // few examples resemble the others less
  std::vector<std::uint32_t> turning_;              // [n] of each example
  std::vector<std::vector<std::uint32_t>> chosen_;  // [n][field]
  std::vector<Judged> judged_;
};

}  // namespace inference
