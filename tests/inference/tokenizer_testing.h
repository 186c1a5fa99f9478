#pragma once

// What the tokenizer tests share: vocabularies to run on, and texts made to be awkward.

#include <memory>
#include <string>
#include <vector>

#include "inference/gguf/file.h"
#include "inference/text/tokenizer.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_data.h"
#include "tests/support/tiny_model.h"
#include "tests/support/vocabulary.h"

namespace tokenizer_testing {

using inference::TokenId;
using inference::Tokenizer;
using inference::TokenKind;
using test_support::ChatMarker;
using test_support::VocabularyKind;

inline std::unique_ptr<Tokenizer> load_tokenizer(const std::string& path) {
  const inference::gguf::File file(path);
  return Tokenizer::load(file);
}

inline std::unique_ptr<Tokenizer> load_tokenizer(const test_support::GgufWriter& writer) {
  const test_support::TempDir folder;
  return load_tokenizer(folder.write("vocabulary.gguf", writer.bytes()));
}

inline std::unique_ptr<Tokenizer> tiny_tokenizer(VocabularyKind kind, ChatMarker chat,
                                                 const std::string& pre = "") {
  test_support::Vocabulary vocabulary = test_support::make_vocabulary(kind, chat, 0, 1);
  if (!pre.empty()) vocabulary.pre = pre;
  test_support::GgufWriter writer;
  test_support::write_vocabulary(vocabulary, kind, writer);
  return load_tokenizer(writer);
}

struct NamedTokenizer {
  std::string name;
  std::unique_ptr<Tokenizer> tokenizer;
};

// Made-up vocabularies of every kind, and the real ones that are there.
inline std::vector<NamedTokenizer> all_tokenizers() {
  std::vector<NamedTokenizer> all;
  for (const char* pre : {"gpt-2", "smollm", "llama-bpe", "dbrx", "qwen2"}) {
    all.push_back({pre, tiny_tokenizer(VocabularyKind::Bpe, ChatMarker::ChatMl, pre)});
  }
  all.push_back({"tiny bpe", tiny_tokenizer(VocabularyKind::Bpe, ChatMarker::Llama3)});
  all.push_back({"tiny spm", tiny_tokenizer(VocabularyKind::Spm, ChatMarker::Zephyr)});
  for (const char* file : {"tokenizer/ggml-vocab-llama-spm.gguf", "tokenizer/ggml-vocab-gpt-2.gguf",
                           "tokenizer/ggml-vocab-phi-3.gguf", "gguf/stories260K-f32.gguf"}) {
    if (const auto path = test_support::shared_file(file)) {
      all.push_back({file, load_tokenizer(*path)});
    }
  }
  if (const auto path = test_support::default_model()) {
    all.push_back({"default model", load_tokenizer(*path)});
  }
  return all;
}

// Bits of text where cutting, merging and matching are decided.
inline std::string random_text(test_support::Random& random, std::size_t bits) {
  static constexpr const char* kBits[] = {
      " ",   "  ",     "\n",     "\r\n",   "\t",         "a",      "Stop",     " the",   "machine",
      "'s",  "'RE",    "'",      "7",      "2024",       "\u0665", "\u00bd",   "!",      "...",
      "{\"", "\":\"",  "\u00e9", "\u4f60", "\U0001F680", "\u00a0", "\u3000",   "\u0301", "<|",
      "|>",  "im_end", "<0x0A>", "</s>",   "<s>",        "\xff",   "\xe2\x96", "\xc3",   "\u017f"};
  std::string text;
  for (std::size_t i = 0; i < bits; ++i) text += kBits[random.below(std::size(kBits))];
  return text;
}

inline std::string random_bytes(test_support::Random& random, std::size_t count) {
  std::string text(count, '\0');
  for (char& byte : text) byte = static_cast<char>(random.below(256));
  return text;
}

}  // namespace tokenizer_testing
