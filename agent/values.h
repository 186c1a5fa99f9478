#pragma once

// What an element is about, as names and values: what rules look at and the cache is keyed on.
// Names are those of `fields`, else JSON pointers ("/t1", CSV columns are "/NAME"), and "" for a
// text or a bare number as a whole. What is worked out of more than one message (a window) joins
// the list under a name of its own.
// Thread safety: free functions without state.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schemas/payload.h"

namespace agent {

struct NamedValue {
  std::string name;
  schemas::Scalar value;
};
using Values = std::vector<NamedValue>;

// The value of this name, or nullptr.
const schemas::Scalar* find_value(const Values& values, std::string_view name);

// Whether two values are equal; nothing: they are of different kinds, or null.
std::optional<bool> same_value(const schemas::Scalar& a, const schemas::Scalar& b);

// The scalar that the raw JSON text `raw` is; nothing: a list, an object, or a number beyond the
// range of double.
std::optional<schemas::Scalar> json_scalar(std::string_view raw);

// `text` in lower case (Latin, Greek, Cyrillic), white space collapsed to single spaces and none
// at the ends: how two texts are compared that a person would call the same.
std::string normal_text(std::string_view text);

}  // namespace agent
