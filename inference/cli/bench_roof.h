#pragma once

// The limits of this machine that picolm bench measures beside the model: what is reached means
// something only as a share of them.
// Thread safety: one benchmark at a time.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "inference/kernels/kernels.h"
#include "inference/model/thread_pool.h"

namespace picolm {

// Median seconds of `repetitions` calls after one warm-up.
double median_seconds(std::size_t repetitions, const std::function<void()>& work);

// Bytes a second that all threads together read from a buffer of `buffer_bytes`.
double measure_memory(inference::ThreadPool& pool, std::size_t buffer_bytes);

// Multiply-adds of int8 a second that all threads together do in registers.
double measure_int8(inference::ThreadPool& pool, const inference::Kernels& kernels);

// Bytes a second that large O_DIRECT reads of the file reach alone. Reads at most `bytes_max`.
// Throws std::runtime_error if the file cannot be read.
double measure_disk(const std::string& path, std::uint64_t bytes_max);

}  // namespace picolm
