#pragma once

// The scalars of a message that is an object, a list or a number, for the features of the learned
// head. The reader is tolerant where the agent's texts for the prompt are no JSON: after a number a
// unit may follow, {"oil_temp":31.5 °C}.
// Thread safety: free functions without state.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace inference {

struct MessageField {
  enum class Kind : std::uint8_t { Number, Flag, Text, Null };
  std::string pointer;  // JSON pointer; empty: the message is this scalar
  Kind kind = Kind::Null;
  double number = 0;  // finite; of a flag 0 or 1
  std::string text;   // of a Text without quotes and escapes, of others as it stands
};

inline constexpr std::size_t kMessageFieldsMax = 128;
inline constexpr std::size_t kMessageDepthMax = 16;

// Nothing if the message is a text: neither an object or list with at least one scalar nor a
// number, or beyond the limits above.
std::optional<std::vector<MessageField>> read_message_fields(std::string_view message);

}  // namespace inference
