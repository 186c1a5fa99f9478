#pragma once

// Chat formats, chosen by markers found in the file's template text. Nothing executes the template.
// Thread safety: constant after construction.

#include <string>
#include <string_view>
#include <vector>

#include "inference/text/token.h"
#include "inference/text/tokenizer.h"

namespace inference {

enum class ChatFormat : std::uint8_t { Plain, ChatMl, Zephyr, Llama3 };

// Plain where no marker is known (base models).
ChatFormat find_chat_format(const Tokenizer& tokenizer);
std::string_view name(ChatFormat format);

// A prompt in two parts around the message, so that the first can be computed once a route.
// The message is always encoded as text (no special tokens can come out of it).
struct ChatPrompt {
  std::vector<TokenId> before;  // BOS if the model wants one, system text, opening of the user turn
  std::vector<TokenId> after;   // end of the user turn, opening of the assistant turn
  std::vector<TokenId> full(const Tokenizer& tokenizer, std::string_view message) const;
};
ChatPrompt make_chat_prompt(const Tokenizer& tokenizer, ChatFormat format,
                            std::string_view system_text);

}  // namespace inference
