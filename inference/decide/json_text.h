#pragma once

// JSON text for prompts and pointers, without a JSON library.
// Thread safety: free functions without state.

#include <string>
#include <string_view>

namespace inference {

// `text` as a JSON string with quotes and minimal escapes.
std::string json_quote(std::string_view text);

// `pointer` + "/" + `key`, escaped as RFC 6901 demands.
std::string pointer_append(std::string_view pointer, std::string_view key);

// The words of a JSON value: a string without its quotes and escapes, else the text itself.
std::string json_words(std::string_view json);

}  // namespace inference
