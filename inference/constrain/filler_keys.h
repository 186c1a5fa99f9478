#pragma once

// Names for the undeclared properties that min_properties may demand: k0, k1 and so on where the
// object takes them, else the shortest that its patterns want.
// Thread safety: free function without state.

#include <string>
#include <vector>

#include "schemas/schema_spec.h"

namespace inference {

struct FillerKey {
  std::string name;
  schemas::NodeId node = 0;
};

// At most min_properties names, none of them declared and none twice; fewer where no more are
// found.
std::vector<FillerKey> filler_keys(const schemas::SchemaSpec& spec,
                                   const schemas::ObjectNode& object);

}  // namespace inference
