#pragma once

// Values of enums for verdicts: [1,{"a":2}] is also [1.0,{"a":2}], and the members of an object may
// come in any order. So arrays and objects become nodes of their own.
// Thread safety: free function without state.

#include "schemas/schema_spec.h"

namespace inference {

// The same schema, in which EnumNodes hold neither arrays nor objects but where they are too many
// to be unfolded; those stay as they are written.
schemas::SchemaSpec unfold_values(schemas::SchemaSpec spec);

}  // namespace inference
