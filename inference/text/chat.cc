// A format is a row of frame text around two holes. The frame is parsed for special tokens; what
// fills the holes is not. Frame text, system text and message between two special tokens form one
// run, which is encoded in one call.
#include "inference/text/chat.h"

#include <algorithm>
#include <utility>

namespace inference {
namespace {

struct Frame {
  std::string_view name;
  std::string_view open;    // before the system text
  std::string_view middle;  // between system text and message
  std::string_view close;   // after the message
};

// Indexed by ChatFormat. "\x01" stands for the EOS token, whatever its spelling.
constexpr char kEosMark = '\x01';
constexpr Frame kFrames[] = {
    {"plain", "", "\n\n", "\n"},
    {"chatml", "<|im_start|>system\n", "<|im_end|>\n<|im_start|>user\n",
     "<|im_end|>\n<|im_start|>assistant\n"},
    {"zephyr", "<|system|>\n", "\x01\n<|user|>\n", "\x01\n<|assistant|>\n"},
    {"llama3", "<|start_header_id|>system<|end_header_id|>\n\n",
     "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n",
     "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"},
};

// Encodes `text` as it is cut when `follower` comes next. Where the two cannot be told apart
// (a token reaches over the boundary), text is encoded alone.
std::vector<TokenId> encode_before(const Tokenizer& tokenizer, std::string_view text,
                                   Tokenizer::Position position, std::string_view follower) {
  if (follower.empty()) return tokenizer.encode_text(text, position);
  std::string joint_text(text);
  joint_text.append(follower);
  std::vector<TokenId> joint = tokenizer.encode_text(joint_text, position);
  const std::vector<TokenId> tail =
      tokenizer.encode_text(follower, text.empty() ? position : Tokenizer::Position::Continuation);
  const bool apart =
      joint.size() >= tail.size() && std::equal(tail.rbegin(), tail.rend(), joint.rbegin());
  if (!apart) return tokenizer.encode_text(text, position);
  joint.resize(joint.size() - tail.size());
  return joint;
}

class PromptBuilder {
 public:
  explicit PromptBuilder(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  void add_token(TokenId id) {
    end_run({});
    ids().push_back(id);
  }

  void add_frame(std::string_view text) {
    while (!text.empty()) {
      const std::size_t mark = text.find(kEosMark);
      for (const TemplatePiece& piece : tokenizer_.split_template(text.substr(0, mark))) {
        if (piece.special) {
          add_token(*piece.special);
        } else {
          run_.append(piece.text);
        }
      }
      if (mark == std::string_view::npos) return;
      add_token(tokenizer_.eos().value());
      text.remove_prefix(mark + 1);
    }
  }

  void add_text(std::string_view text) { run_.append(text); }

  void add_message() {
    const std::size_t stable = tokenizer_.stable_prefix(run_);
    append(tokenizer_.encode_text(std::string_view(run_).substr(0, stable),
                                  Tokenizer::Position::Start));
    prompt_.open_run = run_.substr(stable);
    prompt_.open_position =
        stable == 0 ? Tokenizer::Position::Start : Tokenizer::Position::Continuation;
    run_.clear();
    in_message_run_ = true;
    message_seen_ = true;
  }

  ChatPrompt finish(std::string_view answer_start) {
    end_run(answer_start);
    return std::move(prompt_);
  }

 private:
  std::vector<TokenId>& ids() { return message_seen_ ? prompt_.after : prompt_.before; }

  void append(const std::vector<TokenId>& encoded) {
    ids().insert(ids().end(), encoded.begin(), encoded.end());
  }

  void end_run(std::string_view follower) {
    if (in_message_run_) {
      prompt_.close_run = std::exchange(run_, {});
      prompt_.close_follower = follower;
      in_message_run_ = false;
    } else if (!run_.empty()) {
      append(encode_before(tokenizer_, run_, Tokenizer::Position::Start, follower));
      run_.clear();
    }
  }

  const Tokenizer& tokenizer_;
  ChatPrompt prompt_;
  std::string run_;  // text since the last special token or the message
  bool in_message_run_ = false;
  bool message_seen_ = false;
};

}  // namespace

ChatFormat find_chat_format(const Tokenizer& tokenizer) {
  const std::string& text = tokenizer.chat_template();
  const auto has = [&](std::string_view marker) { return text.find(marker) != std::string::npos; };
  const auto special = [&](std::string_view spelling) {
    return has(spelling) && tokenizer.find_special(spelling).has_value();
  };
  if (special("<|im_start|>") && special("<|im_end|>")) return ChatFormat::ChatMl;
  if (special("<|start_header_id|>") && special("<|end_header_id|>") && special("<|eot_id|>")) {
    return ChatFormat::Llama3;
  }
  const bool zephyr = has("<|user|>") && has("<|system|>") && has("<|assistant|>") &&
                      has("eos_token") && !has("<|end|>");
  return zephyr && tokenizer.eos() ? ChatFormat::Zephyr : ChatFormat::Plain;
}

std::string_view name(ChatFormat format) { return kFrames[static_cast<std::size_t>(format)].name; }

std::vector<TokenId> ChatPrompt::message_ids(const Tokenizer& tokenizer,
                                             std::string_view message) const {
  std::string run;
  run.reserve(open_run.size() + message.size() + close_run.size());
  run.append(open_run).append(message).append(close_run);
  return encode_before(tokenizer, run, open_position, close_follower);
}

std::vector<TokenId> ChatPrompt::full(const Tokenizer& tokenizer, std::string_view message) const {
  std::vector<TokenId> ids = before;
  const std::vector<TokenId> middle = message_ids(tokenizer, message);
  ids.insert(ids.end(), middle.begin(), middle.end());
  ids.insert(ids.end(), after.begin(), after.end());
  return ids;
}

ChatPrompt make_chat_prompt(const Tokenizer& tokenizer, ChatFormat format,
                            std::string_view system_text, std::string_view answer_start) {
  const Frame& frame = kFrames[static_cast<std::size_t>(format)];
  PromptBuilder builder(tokenizer);
  // Llama-3's own template spells BOS out, whether or not the file says that one is expected.
  const bool wants_bos = tokenizer.add_bos() || format == ChatFormat::Llama3;
  if (wants_bos && tokenizer.bos()) builder.add_token(*tokenizer.bos());
  builder.add_frame(frame.open);
  builder.add_text(system_text);
  builder.add_frame(frame.middle);
  builder.add_message();
  builder.add_frame(frame.close);
  return builder.finish(answer_start);
}

}  // namespace inference
