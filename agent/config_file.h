#pragma once

// Reading of the configuration's files: bytes with a bound, JSON with comments, paths.
// Thread safety: free functions without state.

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace agent {

// The bytes of a regular file of at most `bytes_max`. Throws ConfigError; `where` begins it.
std::string read_config_file(const std::string& where, const std::string& path,
                             std::size_t bytes_max);

// JSON with // and /* */ comments, at most 32 levels deep, no key twice in an object.
// Throws ConfigError; `where` begins it.
nlohmann::ordered_json parse_config_json(const std::string& where, std::string_view text);

// `path` as seen from the folder that holds `file`.
std::string relative_to(const std::string& file, const std::string& path);

}  // namespace agent
