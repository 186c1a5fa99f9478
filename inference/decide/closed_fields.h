#pragma once

// The closed part of a schema: fields that every document has and whose value is one of a finite
// set. They are scored, all options against each other; the rest is generated afterwards, from
// the schema narrowed to what was chosen.
// Thread safety: free functions without state.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "schemas/schema_spec.h"

namespace inference {

struct ClosedField {
  std::string pointer;    // JSON pointer in the document
  std::string branch;     // bytes that lead to it: `{"outer":{"name":`
  char terminator = ',';  // what ends a candidate, so that "start" and "start_all" compare
  schemas::NodeId node = 0;
  std::vector<std::string> options;     // compact JSON, schema order
  std::vector<std::string> words = {};  // what else each is called, or none at all
};

// Limits of what is scored; beyond them a field counts as open and is generated.
struct ClosedLimits {
  std::size_t options_max = 256;        // of an enum
  std::size_t integer_values_max = 32;  // an integer range up to this size is a finite set
};

// The closed fields in schema order. Optional properties and array items are open.
std::vector<ClosedField> find_closed_fields(const schemas::SchemaSpec& spec,
                                            const ClosedLimits& limits = {});

struct Choice {
  schemas::NodeId node = 0;
  std::string value;  // compact JSON
};

// The schema whose chosen nodes allow only the chosen value.
schemas::SchemaSpec narrow(schemas::SchemaSpec spec, std::span<const Choice> choices);

// The one document of a schema that has only one, else nothing.
std::optional<std::string> only_document(const schemas::SchemaSpec& spec);

}  // namespace inference
