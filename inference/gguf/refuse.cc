#include "inference/gguf/refuse.h"

#include "inference/error.h"

namespace inference::gguf {

void refuse(const std::string& path, std::optional<std::uint64_t> offset, std::string_view where,
            std::string_view found, std::string_view wanted) {
  std::string message = path;
  if (offset) message.append(": offset ").append(std::to_string(*offset));
  if (!where.empty()) message.append(": ").append(where);
  message.append(": found ").append(found).append(", wanted ").append(wanted);
  throw LoadError(message);
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kShownBytesMax = 64;
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char character : text.substr(0, kShownBytesMax)) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte == '"' || byte == '\\') {
      out.append(1, '\\').append(1, character);
    } else if (byte >= 0x20 && byte < 0x7f) {
      out.append(1, character);
    } else {
      out.append("\\x").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
    }
  }
  out.append(text.size() > kShownBytesMax ? "...\"" : "\"");
  return out;
}

}  // namespace inference::gguf
