#pragma once

// Figures of a set of decided rows: pure arithmetic, no model.
// Thread safety: free functions without state.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace picolm {

struct EvalRow {
  std::string expected_class;                       // compact JSON of the expected scored fields
  std::vector<std::pair<std::string, bool>> right;  // by scored field
  bool whole_right = false;  // also the fields that are not scored: what the confidence is about
  double confidence = 0;
  double raw_confidence = 0;  // before calibration
  double ms = 0;
  std::string rung;
  std::string doubt;        // why it abstained, or empty
  std::uint32_t split = 0;  // rows of one split were decided by the same lessons
  bool all_right() const;
};

// True if `decision` holds what `expected` wants for `field`: equal, or, where the schema has no
// list there, one of a list; "" in such a list means the field may be left out.
bool field_matches(const nlohmann::ordered_json& expected, const nlohmann::ordered_json& decision,
                   const std::string& field, bool list_is_any_of);

// {n, accuracy, balanced_accuracy, field_accuracy, fields, coverage_at, accuracy_at,
// coverage_at_precision_95, ece, ece_before, p50_ms, p99_ms, rungs, doubts} accuracy and
// balanced_accuracy: means over the splits of the shares in each. balanced_accuracy: mean recall
// over the classes with at least 10 rows in the split, over all classes where fewer than two have
// as many. ece: 10 bins of equal mass, of the whole decision, over the rows that were decided (an
// abstention claims nothing); ece_before: of the raw confidence.
nlohmann::ordered_json summarise(const std::vector<EvalRow>& rows);

}  // namespace picolm
