#pragma once

// Finds pieces of a JSON text without building a document, so that numbers keep their digits and
// members keep their order. For text that a validating parser accepted before; on anything else
// the answers are "not found", never a crash.
// Thread safety: free functions without state. Results are views into the argument.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agent {

// The raw text of the value at `pointer` (RFC 6901), or nothing.
std::optional<std::string_view> json_at(std::string_view json, std::string_view pointer);

// The raw elements of a list; nothing if `json` is not a list.
std::optional<std::vector<std::string_view>> json_elements(std::string_view json);

// Unescaped name and raw value of each member; nothing if `json` is not an object.
std::optional<std::vector<std::pair<std::string, std::string_view>>> json_members(
    std::string_view json);

// The text without white space outside of strings.
std::string json_compact(std::string_view json);

// `text` as a JSON string with quotes. Bytes that are not UTF-8 become U+FFFD.
std::string json_quote(std::string_view text);

// The text of a raw JSON string; nothing if it is not one.
std::optional<std::string> json_unquote(std::string_view raw);

}  // namespace agent
