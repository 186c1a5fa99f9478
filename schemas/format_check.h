#pragma once

// The formats of strings, checked by reading them: the validator's own way, which knows nothing of
// the patterns in formats.cc.
// Thread safety: free function without state.

#include <string_view>

namespace schemas {

// False for formats that are not known.
[[nodiscard]] bool has_format(std::string_view format, std::string_view text);

}  // namespace schemas
