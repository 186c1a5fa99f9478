#pragma once

// How refused files are reported, one form for all.
// Thread safety: free functions without state.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace inference::gguf {

// Throws LoadError "PATH: offset N: WHERE: found FOUND, wanted WANTED"; offset and where may be
// missing.
[[noreturn]] void refuse(const std::string& path, std::optional<std::uint64_t> offset,
                         std::string_view where, std::string_view found, std::string_view wanted);

// `text` in quotation marks, cut after 64 bytes, bytes outside printable ASCII as \xNN: what a
// hostile file holds may be shown on a terminal.
std::string quoted(std::string_view text);

}  // namespace inference::gguf
