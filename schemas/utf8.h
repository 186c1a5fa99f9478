#pragma once

// UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
// Thread safety: free functions without state.

#include <cstddef>
#include <string_view>

namespace schemas {

// True if all of `bytes` is well-formed UTF-8. NUL is well-formed.
[[nodiscard]] bool is_valid_utf8(std::string_view bytes);

// Number of code points. REQUIRES: is_valid_utf8(bytes).
[[nodiscard]] std::size_t count_code_points(std::string_view bytes);

// The longest prefix of at most `code_points_max` code points. REQUIRES: is_valid_utf8(bytes).
[[nodiscard]] std::string_view take_code_points(std::string_view bytes,
                                                std::size_t code_points_max);

}  // namespace schemas
