#pragma once

// What picolm bench measures of a paged model besides.
// Thread safety: one benchmark at a time.

#include <cstdint>
#include <string>

#include "inference/model/loaded_model.h"

namespace picolm {

// Bytes a second that large O_DIRECT reads of the file reach alone: the roof of a sweep. Reads at
// most `bytes_max`. Throws std::runtime_error if the file cannot be read.
double measure_disk(const std::string& path, std::uint64_t bytes_max);

struct SweepFigures {
  double seconds = 0;            // median
  std::uint64_t read_bytes = 0;  // from storage
};

// Sweeps of one token with the logits of a few, after one to warm up.
SweepFigures measure_sweeps(inference::LoadedModel& loaded, std::size_t repetitions);

}  // namespace picolm
