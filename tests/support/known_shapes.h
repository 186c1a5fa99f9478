#pragma once

// Shapes of published models, so that random weights cost what the real ones cost.
// Thread safety: free functions without state.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/tiny_model.h"

namespace test_support {

// "tinyllama-1.1b", "smollm2-135m", and "tiny": two layers, wide enough for every type.
std::vector<std::string> shape_names();
std::optional<TinyModelOptions> find_shape(std::string_view name);

// The types as GGUF names them ("q4_0"), and "q4_k_m".
std::vector<std::string> quant_names();

// Gives `options` the weights of that name, with llama.cpp's fall-backs; false if it is unknown.
[[nodiscard]] bool set_quant(std::string_view name, TinyModelOptions& options);

}  // namespace test_support
