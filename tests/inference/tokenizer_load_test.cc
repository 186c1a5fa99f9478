// Vocabularies that must be refused, and the error that says why.

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "inference/error.h"
#include "tests/inference/tokenizer_testing.h"

namespace inference {
namespace {

using test_support::ChatMarker;
using test_support::GgufWriter;
using test_support::Vocabulary;
using test_support::VocabularyKind;
using tokenizer_testing::load_tokenizer;

Vocabulary good(VocabularyKind kind) {
  return test_support::make_vocabulary(kind, ChatMarker::ChatMl, 0, 1);
}

std::string error_of(const GgufWriter& writer) {
  try {
    load_tokenizer(writer);
  } catch (const LoadError& error) {
    return error.what();
  }
  return "loaded";
}

std::string error_of(const Vocabulary& vocabulary, VocabularyKind kind) {
  GgufWriter writer;
  test_support::write_vocabulary(vocabulary, kind, writer);
  return error_of(writer);
}

void expect_refused(VocabularyKind kind, const std::function<void(Vocabulary&)>& change,
                    const std::vector<std::string>& mentions) {
  Vocabulary vocabulary = good(kind);
  change(vocabulary);
  const std::string error = error_of(vocabulary, kind);
  for (const std::string& mention : mentions) {
    EXPECT_NE(error.find(mention), std::string::npos) << "wanted " << mention << " in: " << error;
  }
}

TEST(VocabularyFile, LoadsWhenNothingIsWrong) {
  EXPECT_EQ(error_of(good(VocabularyKind::Spm), VocabularyKind::Spm), "loaded");
  EXPECT_EQ(error_of(good(VocabularyKind::Bpe), VocabularyKind::Bpe), "loaded");
}

TEST(VocabularyFile, IsRefusedWhenPartsDisagreeInLength) {
  const std::size_t count = good(VocabularyKind::Spm).tokens.size();
  expect_refused(VocabularyKind::Spm, [](Vocabulary& v) { v.scores.pop_back(); },
                 {"tokenizer.ggml.scores", std::to_string(count - 1) + " scores",
                  std::to_string(count) + ", one for each token"});
  expect_refused(VocabularyKind::Spm, [](Vocabulary& v) { v.scores.push_back(0); },
                 {"tokenizer.ggml.scores", std::to_string(count + 1)});
  for (const auto kind : {VocabularyKind::Spm, VocabularyKind::Bpe}) {
    expect_refused(kind, [](Vocabulary& v) { v.kinds.pop_back(); },
                   {"tokenizer.ggml.token_type", "one for each token"});
    expect_refused(kind, [](Vocabulary& v) { v.kinds.push_back(1); },
                   {"tokenizer.ggml.token_type", "one for each token"});
    expect_refused(kind, [](Vocabulary& v) { v.tokens.clear(); }, {"tokenizer.ggml.tokens"});
  }
}

TEST(VocabularyFile, IsRefusedWhenANumberIsOutOfRange) {
  for (const auto kind : {VocabularyKind::Spm, VocabularyKind::Bpe}) {
    const std::size_t count = good(kind).tokens.size();
    expect_refused(kind, [](Vocabulary& v) { v.kinds[5] = 0; }, {"token_type[5]", "1 to 6"});
    expect_refused(kind, [](Vocabulary& v) { v.kinds[5] = 7; }, {"token_type[5]", "found 7"});
    expect_refused(kind, [](Vocabulary& v) { v.kinds[5] = -1; }, {"token_type[5]", "found -1"});
    expect_refused(kind, [&](Vocabulary& v) { v.bos = static_cast<std::uint32_t>(count); },
                   {"bos_token_id", std::to_string(count)});
    expect_refused(kind, [](Vocabulary& v) { v.eos = 0xFFFFFFFF; }, {"eos_token_id", "4294967295"});
  }
  expect_refused(VocabularyKind::Spm, [](Vocabulary& v) { v.unknown = 1U << 31; },
                 {"unknown_token_id", "2147483648"});
  for (const float score :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    expect_refused(VocabularyKind::Spm, [&](Vocabulary& v) { v.scores[300] = score; },
                   {"tokenizer.ggml.scores[300]", "finite"});
  }
}

TEST(VocabularyFile, IsRefusedWhenATokenIsTooLongOrNoByte) {
  for (const auto kind : {VocabularyKind::Spm, VocabularyKind::Bpe}) {
    expect_refused(kind, [](Vocabulary& v) { v.tokens[7] = std::string(4097, 'a'); },
                   {"tokenizer.ggml.tokens[7]", "4097 bytes", "at most 4096"});
  }
  for (const char* spelling : {"", "<0x0>", "<0xG0>", "<0x000>", "0x0A", "<0X0A>"}) {
    expect_refused(VocabularyKind::Spm,
                   [&](Vocabulary& v) {
                     v.tokens[9] = spelling;
                     v.kinds[9] = 6;
                   },
                   {"tokenizer.ggml.tokens[9]", "<0x00> to <0xFF>"});
  }
}

TEST(VocabularyFile, IsRefusedWhenAMergeIsNotOne) {
  for (const char* line : {"", " ", "a", "a ", " a", "a b c", "a  b"}) {
    expect_refused(VocabularyKind::Bpe, [&](Vocabulary& v) { v.merges[2] = line; },
                   {"tokenizer.ggml.merges[2]", "'LEFT RIGHT'"});
  }
  expect_refused(VocabularyKind::Bpe, [](Vocabulary& v) { v.merges[0] = "zq q"; },
                 {"tokenizer.ggml.merges[0]", "no token"});
  expect_refused(VocabularyKind::Bpe, [](Vocabulary& v) { v.merges[0] = "\u4f60 a"; },
                 {"tokenizer.ggml.merges[0]", "byte"});
}

TEST(VocabularyFile, IsRefusedByTheNameOfItsPreTokeniser) {
  expect_refused(VocabularyKind::Bpe, [](Vocabulary& v) { v.pre = "tekken"; },
                 {"tokenizer.ggml.pre", "tekken", "smollm", "llama-bpe", "qwen2", "gpt-2"});
  expect_refused(VocabularyKind::Bpe, [](Vocabulary& v) { v.pre = "\x1b[31m"; }, {"\\x1b[31m"});
  GgufWriter writer;
  writer.string("tokenizer.ggml.model", "rwkv");
  EXPECT_NE(error_of(writer).find("rwkv"), std::string::npos);
  GgufWriter none;
  none.string("general.architecture", "llama");
  EXPECT_NE(error_of(none).find("tokenizer.ggml.model"), std::string::npos);
}

TEST(VocabularyFile, MayLackItsPreTokeniserOnlyIfItIsGpt2) {
  const Vocabulary vocabulary = good(VocabularyKind::Bpe);
  for (const bool is_gpt2 : {true, false}) {
    GgufWriter writer;
    writer.string("general.architecture", is_gpt2 ? "gpt2" : "llama");
    writer.string("tokenizer.ggml.model", "gpt2");
    writer.strings("tokenizer.ggml.tokens", vocabulary.tokens);
    writer.i32s("tokenizer.ggml.token_type", vocabulary.kinds);
    writer.strings("tokenizer.ggml.merges", vocabulary.merges);
    const std::string error = error_of(writer);
    EXPECT_EQ(error == "loaded", is_gpt2) << error;
  }
}

TEST(VocabularyFile, MayHoldEmptyAndRepeatedTokens) {
  for (const auto kind : {VocabularyKind::Spm, VocabularyKind::Bpe}) {
    Vocabulary vocabulary = good(kind);
    const auto first = static_cast<TokenId>(vocabulary.tokens.size());
    for (const auto& [text, token_kind] :
         {std::pair{"", 1}, {"", 3}, {"", 4}, {"!", 1}, {"<|im_end|>", 3}}) {
      vocabulary.tokens.emplace_back(text);
      vocabulary.kinds.push_back(token_kind);
      if (kind == VocabularyKind::Spm) vocabulary.scores.push_back(-1);
    }
    GgufWriter writer;
    test_support::write_vocabulary(vocabulary, kind, writer);
    const auto tokenizer = load_tokenizer(writer);
    // Of equal tokens the last counts.
    EXPECT_EQ(tokenizer->encode_text("!", Tokenizer::Position::Continuation),
              std::vector<TokenId>{first + 3});
    EXPECT_EQ(tokenizer->find_special("<|im_end|>"), first + 4);
    EXPECT_FALSE(tokenizer->find_special("").has_value());
    EXPECT_EQ(tokenizer->bytes(first), "");
  }
}

TEST(VocabularyFile, KeepsUnknownFromTextUnlessItIsOfThatKind) {
  Vocabulary vocabulary = good(VocabularyKind::Spm);
  for (std::size_t i = 0; i < vocabulary.kinds.size(); ++i) {
    if (vocabulary.kinds[i] == 6) vocabulary.kinds[i] = 5;  // no byte tokens any more
  }
  for (const bool is_unknown : {true, false}) {
    vocabulary.kinds[vocabulary.unknown] = is_unknown ? 2 : 3;
    GgufWriter writer;
    test_support::write_vocabulary(vocabulary, VocabularyKind::Spm, writer);
    const auto ids =
        load_tokenizer(writer)->encode_text("\u0416", Tokenizer::Position::Continuation);
    EXPECT_EQ(ids, is_unknown ? std::vector<TokenId>{vocabulary.unknown} : std::vector<TokenId>{});
  }
}

TEST(VocabularyFile, IsRefusedOrHarmlessWithAnyByteChanged) {
  const test_support::TempDir folder;
  test_support::Random random(17);
  std::size_t loaded = 0;
  for (const auto kind : {VocabularyKind::Spm, VocabularyKind::Bpe}) {
    GgufWriter writer;
    test_support::write_vocabulary(good(kind), kind, writer);
    const std::string whole = writer.bytes();
    for (int round = 0; round < 400; ++round) {
      std::string bytes = whole;
      for (std::uint64_t changes = 1 + random.below(2); changes > 0; --changes) {
        bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
      }
      if (random.below(8) == 0) bytes.resize(random.below(bytes.size()));
      try {
        const auto tokenizer = load_tokenizer(folder.write("changed.gguf", bytes));
        const std::string text = tokenizer_testing::random_text(random, 20);
        for (const TokenId id : tokenizer->encode_text(text)) {
          ASSERT_LT(id, tokenizer->vocabulary_count());
        }
        tokenizer->decode(tokenizer->encode_template(text));
        ++loaded;
      } catch (const LoadError&) {
      }
    }
  }
  EXPECT_GT(loaded, 20U);
  EXPECT_LT(loaded, 800U);
}

// This file lacks four bytes of scores, so its tensors do not fit either; the reader may be the one
// to see it. That scores alone are enough is tested above.
TEST(VocabularyFile, OfTheBadCollectionIsRefused) {
  const auto path = test_support::shared_file("gguf-bad/scores_short_by_one.gguf");
  if (!path) GTEST_SKIP() << "skipped: " << test_support::kNoSharedData;
  try {
    load_tokenizer(*path);
    FAIL() << "loaded";
  } catch (const LoadError& error) {
    for (const char* mention : {"scores_short_by_one", "found", "wanted"}) {
      EXPECT_NE(std::string(error.what()).find(mention), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace inference
