#pragma once

// Bound properties: the agent fills them, so they are taken out of the schema that the model
// decides, and put back into the decision at their place.
// Thread safety: free functions without state.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schemas/schema_spec.h"

namespace agent {

// A property of the decision's object, or nullptr. Also nullptr if the schema is not an object.
const schemas::Property* find_property(const schemas::SchemaSpec& spec, std::string_view name);

// `spec` without the named properties of its root object; only nodes still in use remain.
// REQUIRES: the root is an object.
schemas::SchemaSpec without_properties(const schemas::SchemaSpec& spec,
                                       const std::vector<std::string>& names);

// The JSON text by which `text` is a value of the string or closed property `node`: the string
// itself, or for a set of numbers the number written so. Nothing if it is not allowed there.
std::optional<std::string> bound_value(const schemas::SchemaSpec& spec, schemas::NodeId node,
                                       std::string_view text);

// The decision `open_json` (an object) with `bound` (property name, JSON text) added, all in the
// order of the schema. A property that is already there keeps its value.
std::string add_bound(const schemas::SchemaSpec& spec, std::string_view open_json,
                      const std::vector<std::pair<std::string, std::string>>& bound);

}  // namespace agent
