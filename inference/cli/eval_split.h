#pragma once

// Rows divided into examples and test rows, so that anybody can make the same division: rows are
// ordered by the SHA-256 of "SEED:ID", and the first ones of each class become examples, as many as
// its share of the rows. A payload that is an example is in no test row.
// Thread safety: free functions without state.

#include <cstdint>
#include <string>
#include <vector>

#include "inference/cli/eval_rows.h"

namespace picolm {

struct Split {
  std::vector<std::size_t> examples;  // rows, distinct payloads
  std::vector<std::size_t> tests;
};

// The expected values of the scored fields, as compact JSON.
std::string row_class(const Row& row);

// Wants `example_count` examples; where that would leave fewer than 40 distinct payloads, the
// largest power of two that does not, and none if that is less than 8.
Split split_rows(const std::vector<Row>& rows, std::size_t example_count, std::uint32_t seed);

}  // namespace picolm
