#pragma once

// Figures of a set of decided rows: pure arithmetic, no model.
// Thread safety: free functions without state.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace picolm {

struct EvalRow {
  std::string expected_class;                       // compact JSON of the expected scored fields
  std::vector<std::pair<std::string, bool>> right;  // by scored field
  double confidence = 0;
  double ms = 0;
  bool all_right() const;
};

// True if `decision` holds what `expected` wants for `field`: equal, or, where the schema has no
// list there, one of a list; "" in such a list means the field may be left out.
bool field_matches(const nlohmann::ordered_json& expected, const nlohmann::ordered_json& decision,
                   const std::string& field, bool list_is_any_of);

// {n, accuracy, balanced_accuracy, fields, coverage_at, accuracy_at, ece, p50_ms, p99_ms, rungs}
// balanced_accuracy: mean recall over the classes present. ece: 10 bins of equal mass.
nlohmann::ordered_json summarise(const std::vector<EvalRow>& rows);

}  // namespace picolm
