#pragma once

// What the worker needs of the engine, so that routing, checking and publishing can be tested
// with decisions that no real model would make.
// Thread safety: unsafe; one thread (the worker) makes and uses a decider.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config.h"
#include "inference/engine.h"

namespace agent {

using RouteHandle = std::uint32_t;

struct Question {
  RouteHandle route = 0;
  std::string_view message;
};

class Decider {
 public:
  virtual ~Decider() = default;

  // Throws inference::LoadError when the route cannot work with this model.
  virtual RouteHandle open_route(const inference::RouteOptions& options) = 0;
  virtual void close_route(RouteHandle route) = 0;

  // Teaches the route `examples` in place of what it was taught before; none: it is untaught
  // again. A few of those it has not seen, spread over the list, move the candidates' means.
  // REQUIRES: `route` is open.
  virtual inference::TeachReport teach(RouteHandle route,
                                       std::span<const inference::Example> examples) = 0;

  // One decision a question, in order. Questions share passes over the model; what is decided does
  // not depend on that. REQUIRES: their routes are open.
  virtual std::vector<inference::Decision> decide(std::span<const Question> questions) = 0;
};

struct LoadedModel {
  std::unique_ptr<Decider> decider;
  std::string
      model_hash;  // SHA-256 in hex; "digest:..." by its digest alone, "part:..." by neither
};

// For a configuration whose routes need none: opens no route.
LoadedModel no_model();

// Checks the file's hash if the configuration gives one, then loads it.
// Throws ConfigError or inference::LoadError.
LoadedModel load_model(const ModelConfig& config);

}  // namespace agent
