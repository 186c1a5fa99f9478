#include "inference/text/tokenizer.h"

#include <utility>

#include "inference/check.h"
#include "inference/gguf/file.h"
#include "inference/gguf/refuse.h"
#include "inference/text/bpe_tokenizer.h"
#include "inference/text/spm_tokenizer.h"
#include "inference/text/vocabulary.h"

namespace inference {
namespace {

constexpr std::string_view kModelKey = "tokenizer.ggml.model";
constexpr std::string_view kPreKey = "tokenizer.ggml.pre";

PreTokenizer read_pre_tokenizer(const gguf::File& file) {
  // Files from before the key existed do not say how to cut text; only GPT-2's own are certain.
  const bool is_gpt2 = file.string_or("general.architecture", "") == "gpt2";
  if (!file.has(kPreKey) && !is_gpt2) {
    file.refuse(kPreKey, "nothing", "one of " + std::string(pre_tokenizer_names()));
  }
  const std::string name = file.string_or(kPreKey, "gpt-2");
  const std::optional<PreTokenizer> rules = find_pre_tokenizer(name);
  if (!rules) {
    file.refuse(kPreKey, gguf::quoted(name), "one of " + std::string(pre_tokenizer_names()));
  }
  return *rules;
}

}  // namespace

std::unique_ptr<Tokenizer> Tokenizer::load(const gguf::File& file) {
  const std::string model = file.string(kModelKey);
  if (model != "llama" && model != "gpt2") {
    file.refuse(kModelKey, gguf::quoted(model), "llama (SPM) or gpt2 (BPE)");
  }
  const bool is_spm = model == "llama";
  const PreTokenizer rules = is_spm ? PreTokenizer{} : read_pre_tokenizer(file);
  auto vocabulary =
      std::make_unique<Vocabulary>(file, is_spm ? VocabularyModel::Spm : VocabularyModel::Bpe);
  vocabulary->add_bos = file.boolean_or("tokenizer.ggml.add_bos_token", is_spm || rules.add_bos) &&
                        vocabulary->bos.has_value();
  if (is_spm) return std::make_unique<SpmTokenizer>(file, std::move(vocabulary));
  return std::make_unique<BpeTokenizer>(file, rules, std::move(vocabulary));
}

Tokenizer::Tokenizer(std::unique_ptr<const Vocabulary> vocabulary)
    : vocabulary_(std::move(vocabulary)) {}

Tokenizer::~Tokenizer() = default;

std::vector<TemplatePiece> Tokenizer::split_template(std::string_view text) const {
  std::vector<TemplatePiece> pieces;
  std::size_t text_begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t size = 0;
    const std::optional<TokenId> special = vocabulary_->special_at(text, at, &size);
    if (!special) {
      ++at;
      continue;
    }
    if (text_begin < at) pieces.push_back({{}, text.substr(text_begin, at - text_begin)});
    pieces.push_back({special, text.substr(at, size)});
    at += size;
    text_begin = at;
  }
  if (text_begin < text.size()) pieces.push_back({{}, text.substr(text_begin)});
  return pieces;
}

std::vector<TokenId> Tokenizer::encode_template(std::string_view text) const {
  std::vector<TokenId> ids;
  for (const TemplatePiece& piece : split_template(text)) {
    if (piece.special) {
      ids.push_back(*piece.special);
    } else {
      const std::vector<TokenId> encoded = encode_text(piece.text, Position::Start);
      ids.insert(ids.end(), encoded.begin(), encoded.end());
    }
  }
  return ids;
}

void Tokenizer::append_text_token(TokenId id, std::string_view bytes,
                                  std::vector<TokenId>& ids) const {
  if (id != kNone) {
    // Normal by construction of the text index; a broken invariant here would let a payload speak
    // for the system, so it is checked in every build.
    PICOLM_CHECK(vocabulary_->kind(id) == TokenKind::Normal);
    ids.push_back(id);
    return;
  }
  const std::size_t ids_before = ids.size();
  for (const char byte : bytes) {
    const TokenId token = vocabulary_->byte_token(static_cast<std::uint8_t>(byte));
    if (token != kNone) {
      ids.push_back(token);
    } else if (vocabulary_->unknown) {
      ids.resize(ids_before);  // one unknown token for the whole character
      ids.push_back(*vocabulary_->unknown);
      return;
    }
  }
}

std::uint32_t Tokenizer::vocabulary_count() const { return vocabulary_->count(); }

TokenKind Tokenizer::kind(TokenId id) const { return vocabulary_->kind(id); }

std::string_view Tokenizer::bytes(TokenId id) const {
  const TokenKind kind = vocabulary_->kind(id);
  const bool silent =
      kind == TokenKind::Control || kind == TokenKind::Unknown || kind == TokenKind::Unused;
  return silent ? std::string_view{} : vocabulary_->text(id);
}

std::string Tokenizer::decode(const std::vector<TokenId>& ids) const {
  std::string text;
  for (const TokenId id : ids) text.append(bytes(id));
  return text;
}

std::optional<TokenId> Tokenizer::bos() const { return vocabulary_->bos; }

std::optional<TokenId> Tokenizer::eos() const { return vocabulary_->eos; }

std::optional<TokenId> Tokenizer::find_special(std::string_view spelling) const {
  return vocabulary_->find_special(spelling);
}

bool Tokenizer::add_bos() const { return vocabulary_->add_bos; }

const std::string& Tokenizer::chat_template() const { return vocabulary_->chat_template; }

std::size_t Tokenizer::memory_bytes() const { return vocabulary_->memory_bytes(); }

}  // namespace inference
