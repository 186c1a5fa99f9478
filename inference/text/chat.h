#pragma once

// Chat formats, chosen by markers found in the file's template text. Nothing executes the template.
// Thread safety: constant after construction.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "inference/text/token.h"
#include "inference/text/tokenizer.h"

namespace inference {

enum class ChatFormat : std::uint8_t { Plain, ChatMl, Zephyr, Llama3 };

// Plain where no marker is known (base models), or where the vocabulary lacks the special tokens
// that the format needs.
ChatFormat find_chat_format(const Tokenizer& tokenizer);
std::string_view name(ChatFormat format);

// A prompt around the message, so that its first part can be computed once a route. Its ids are
// those of the whole text tokenised at once, with the special tokens of the frame in their places.
//
// The message shares its run of text with the words around it ("user\n" and the message stand
// between two special tokens), and tokens may reach over that boundary: "\n" and a message that
// starts with a line break are one token. So the end of the words before it that is not final
// whatever follows is kept as text, and encoded together with the message.
struct ChatPrompt {
  std::vector<TokenId> before;  // never depends on the message; BOS if the model wants one
  std::string open_run;         // text between `before` and the message
  Tokenizer::Position open_position = Tokenizer::Position::Start;  // where open_run stands
  std::string close_run;       // text after the message in its run (Plain only)
  std::string close_follower;  // what the answer starts with if close_run ends the prompt
  std::vector<TokenId> after;  // never depends on the message

  // The ids between `before` and `after`. The message is encoded as text: no special token can
  // come out of it.
  std::vector<TokenId> message_ids(const Tokenizer& tokenizer, std::string_view message) const;

  // before + message_ids + after.
  std::vector<TokenId> full(const Tokenizer& tokenizer, std::string_view message) const;
};

// `system_text` is encoded as text too: instructions and option names come from configuration and
// cannot name special tokens. The answer is expected to start with the bytes `answer_start`: the
// prompt's end is cut as if they followed it, so that an answer that starts so may be encoded
// apart, at Position::Continuation, and appended.
ChatPrompt make_chat_prompt(const Tokenizer& tokenizer, ChatFormat format,
                            std::string_view system_text, std::string_view answer_start = "{");

}  // namespace inference
