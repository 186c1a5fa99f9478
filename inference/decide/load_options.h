#pragma once

// Thread safety: free function without state.

#include "inference/engine.h"
#include "inference/model/loaded_model.h"

namespace inference {

// How the engine loads a model with `options`: for whoever wants the model as the engine has it,
// without an engine around it.
LoadOptions load_options(const EngineOptions& options);

}  // namespace inference
