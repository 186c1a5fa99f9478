// Text from outside, through every kind of vocabulary. Whatever its bytes:
//  - no special token comes out of encode_text, and no id beyond the vocabulary;
//  - the ids spell the text: its very bytes, but for the space that SPM puts at a start (and
//    U+2581, which SPM cannot tell from a space);
//  - a stable prefix may be encoded apart, whatever follows;
//  - the pieces of a template spell the template, and its special pieces are what they say.

#include <algorithm>
#include <memory>
#include <vector>

#include "inference/gguf/file.h"
#include "inference/text/tokenizer.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/gguf_writer.h"
#include "tests/support/tiny_model.h"
#include "tests/support/vocabulary.h"

namespace {

using inference::TokenId;
using inference::Tokenizer;
using inference::TokenKind;
using test_support::ChatMarker;
using test_support::VocabularyKind;
using Position = Tokenizer::Position;

struct Candidate {
  bool is_spm;
  std::unique_ptr<Tokenizer> tokenizer;
};

Candidate make(VocabularyKind kind, ChatMarker chat, const char* pre) {
  test_support::Vocabulary vocabulary = test_support::make_vocabulary(kind, chat, 0, 1);
  if (*pre != '\0') vocabulary.pre = pre;
  test_support::GgufWriter writer;
  test_support::write_vocabulary(vocabulary, kind, writer);
  fuzz::MemoryFile memory;
  memory.replace(writer.bytes());
  return {kind == VocabularyKind::Spm, Tokenizer::load(inference::gguf::File(memory.path()))};
}

const std::vector<Candidate>& candidates() {
  static const auto* all = [] {
    auto* made = new std::vector<Candidate>;
    made->push_back(make(VocabularyKind::Spm, ChatMarker::Zephyr, ""));
    for (const char* pre : {"gpt-2", "smollm", "llama-bpe", "qwen2"}) {
      made->push_back(make(VocabularyKind::Bpe, ChatMarker::ChatMl, pre));
    }
    made->push_back(make(VocabularyKind::Bpe, ChatMarker::Llama3, ""));
    return made;
  }();
  return *all;
}

void check_text(const Candidate& candidate, std::string_view text, Position position) {
  const Tokenizer& tokenizer = *candidate.tokenizer;
  const std::vector<TokenId> ids = tokenizer.encode_text(text, position);
  for (const TokenId id : ids) {
    FUZZ_HOLDS(id < tokenizer.vocabulary_count());
    const TokenKind kind = tokenizer.kind(id);
    FUZZ_HOLDS(kind == TokenKind::Normal || kind == TokenKind::Byte);
  }
  FUZZ_HOLDS(ids.size() <= text.size() + 1);
  if (candidate.is_spm && text.find("\u2581") != std::string_view::npos) return;
  const bool has_space = candidate.is_spm && position == Position::Start && !text.empty();
  FUZZ_HOLDS(tokenizer.decode(ids) == (has_space ? " " : "") + std::string(text));
}

void check_prefix(const Tokenizer& tokenizer, std::string_view text, std::size_t cut,
                  Position position) {
  const std::size_t stable = tokenizer.stable_prefix(text.substr(0, cut));
  FUZZ_HOLDS(stable <= cut);
  std::vector<TokenId> apart = tokenizer.encode_text(text.substr(0, stable), position);
  const std::vector<TokenId> rest =
      tokenizer.encode_text(text.substr(stable), stable == 0 ? position : Position::Continuation);
  apart.insert(apart.end(), rest.begin(), rest.end());
  FUZZ_HOLDS(apart == tokenizer.encode_text(text, position));
}

void check_template(const Tokenizer& tokenizer, std::string_view text) {
  std::string spelled;
  for (const inference::TemplatePiece& piece : tokenizer.split_template(text)) {
    spelled += piece.text;
    if (!piece.special) continue;
    const TokenKind kind = tokenizer.kind(*piece.special);
    FUZZ_HOLDS(kind == TokenKind::Control || kind == TokenKind::UserDefined);
    FUZZ_HOLDS(tokenizer.find_special(piece.text) == piece.special);
  }
  FUZZ_HOLDS(spelled == text);
  for (const TokenId id : tokenizer.encode_template(text)) {
    FUZZ_HOLDS(id < tokenizer.vocabulary_count());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto& all = candidates();
  const Candidate& candidate = all[input.below(static_cast<std::uint32_t>(all.size()))];
  const Position position = input.flag() ? Position::Start : Position::Continuation;
  const std::size_t cut = input.byte();
  const std::string_view text = input.rest();
  check_text(candidate, text, position);
  check_prefix(*candidate.tokenizer, text, std::min(cut, text.size()), position);
  check_template(*candidate.tokenizer, text);
  return 0;
}
