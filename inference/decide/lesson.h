#pragma once

// An expected document as options of the closed fields.
// Thread safety: free functions without state.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inference/decide/closed_fields.h"

namespace inference {

struct LessonOptions {
  std::string error;                  // what, where, found, wanted; empty: none
  std::vector<std::uint32_t> chosen;  // [field] option, kUnknownOption where the document has none
};

// Every field of `expected` that is a closed field must hold one of its options, and at least one
// must be there; other fields are not looked at.
LessonOptions read_lesson(std::string_view expected, std::span<const ClosedField> fields);

}  // namespace inference
