#pragma once

// A route under evaluation: each row is scored by the model once, whatever is taught afterwards.
// Thread safety: unsafe; one thread.

#include <memory>
#include <optional>
#include <vector>

#include "inference/cli/eval_rows.h"
#include "inference/decide/taught_route.h"
#include "inference/engine.h"
#include "schemas/schema_spec.h"

namespace picolm {

class EvalRoute {
 public:
  // Without an engine only the head answers. `group` must outlive this. Throws
  // schemas::SchemaError or inference::LoadError where the schema cannot be decided.
  EvalRoute(inference::Engine* engine, const Group& group, bool head);

  // Makes these rows all that is taught; none: untaught again.
  inference::TeachReport teach(const std::vector<std::size_t>& rows);
  inference::Decision decide(std::size_t row);

 private:
  inference::Decision decide_by_head(std::size_t row) const;

  inference::Engine* engine_;
  const Group& group_;
  std::unique_ptr<inference::Route> route_;       // with an engine
  std::vector<inference::MessageScores> scores_;  // [rows], with an engine
  schemas::SchemaSpec schema_;
  std::optional<inference::TaughtRoute> lessons_;  // without an engine
};

}  // namespace picolm
