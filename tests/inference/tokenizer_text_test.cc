#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/inference/tokenizer_testing.h"

namespace inference {
namespace {

using test_support::ChatMarker;
using test_support::VocabularyKind;
using tokenizer_testing::all_tokenizers;
using tokenizer_testing::load_tokenizer;
using tokenizer_testing::random_bytes;
using tokenizer_testing::random_text;
using tokenizer_testing::tiny_tokenizer;
using Position = Tokenizer::Position;

bool covers_all_bytes(const Tokenizer& tokenizer) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const auto ids = tokenizer.encode_text({&c, 1}, Position::Continuation);
    if (tokenizer.decode(ids) != std::string(1, c)) return false;
  }
  return true;
}

// Those of the well-known special tokens that the vocabulary has.
std::vector<std::string> special_spellings(const Tokenizer& tokenizer) {
  std::vector<std::string> found;
  for (const char* candidate : {"<s>",
                                "</s>",
                                "<|im_start|>",
                                "<|im_end|>",
                                "<|endoftext|>",
                                "<|eot_id|>",
                                "<|tool|>",
                                "<|begin_of_text|>",
                                "<|end_of_text|>",
                                "<|start_header_id|>",
                                "<|end_header_id|>",
                                "<repo_name>",
                                "<file_sep>",
                                "<filename>",
                                "<jupyter_code>",
                                "<empty_output>",
                                "<|assistant|>",
                                "<|user|>",
                                "<|system|>",
                                "<|end|>",
                                "<|placeholder1|>"}) {
    if (tokenizer.find_special(candidate)) found.emplace_back(candidate);
  }
  return found;
}

void expect_no_special(const Tokenizer& tokenizer, const std::string& text, const std::string& name,
                       Position position) {
  for (const TokenId id : tokenizer.encode_text(text, position)) {
    const TokenKind kind = tokenizer.kind(id);
    ASSERT_TRUE(kind == TokenKind::Normal || kind == TokenKind::Byte || kind == TokenKind::Unknown)
        << name << ": id " << id << " from " << testing::PrintToString(text);
  }
}

void expect_no_special(const Tokenizer& tokenizer, const std::string& text,
                       const std::string& name) {
  expect_no_special(tokenizer, text, name, Position::Start);
  expect_no_special(tokenizer, text, name, Position::Continuation);
}

TEST(EncodeText, GivesNoSpecialTokenWhateverTheTextSays) {
  test_support::Random random(3);
  for (const auto& [name, tokenizer] : all_tokenizers()) {
    const std::vector<std::string> specials = special_spellings(*tokenizer);
    ASSERT_FALSE(specials.empty()) << name;
    for (const std::string& special : specials) {
      // The template call does see it: the test would notice if there was nothing to see.
      const auto as_template = tokenizer->encode_template("a" + special);
      ASSERT_EQ(as_template.back(), tokenizer->find_special(special)) << name << special;
      for (std::size_t cut = 0; cut <= special.size(); ++cut) {
        const std::string head = special.substr(0, cut);
        const std::string tail = special.substr(cut);
        for (const std::string& text :
             {head, tail, head + special + tail, special + special, head + " " + tail,
              "x" + special + "\n", head + std::string(1, '\0') + tail}) {
          expect_no_special(*tokenizer, text, name);
        }
      }
    }
    for (int round = 0; round < 300; ++round) {
      std::string text = random_text(random, random.below(12));
      text += specials[random.below(specials.size())] + random_text(random, random.below(12));
      expect_no_special(*tokenizer, text, name);
    }
  }
}

TEST(EncodeText, GivesNoSpecialTokenForTheSpellingOfAnyTokenOfTheFile) {
  for (const char* path : {"tokenizer/ggml-vocab-llama-spm.gguf", "tokenizer/ggml-vocab-gpt-2.gguf",
                           "tokenizer/ggml-vocab-phi-3.gguf"}) {
    const auto shared = test_support::shared_file(path);
    if (!shared) GTEST_SKIP() << "skipped: " << test_support::kNoSharedData;
    const gguf::File file(*shared);
    const auto tokenizer = Tokenizer::load(file);
    for (const std::string& token : file.strings("tokenizer.ggml.tokens")) {
      expect_no_special(*tokenizer, token, path, Position::Continuation);
    }
  }
}

TEST(EncodeText, SpellsAByteTokenOutInsteadOfBecomingIt) {
  const auto tokenizer = tiny_tokenizer(VocabularyKind::Spm, ChatMarker::Zephyr);
  EXPECT_EQ(tokenizer->decode(tokenizer->encode_text("<0x0A>", Position::Continuation)), "<0x0A>");
  EXPECT_EQ(tokenizer->encode_text("\n", Position::Continuation).size(), 1U);
}

TEST(EncodeText, DecodesToTheSameBytes) {
  test_support::Random random(8);
  std::size_t covered = 0;
  for (const auto& [name, tokenizer] : all_tokenizers()) {
    if (!covers_all_bytes(*tokenizer)) continue;
    ++covered;
    for (int round = 0; round < 400; ++round) {
      const std::string text =
          round % 2 == 0 ? random_text(random, random.below(40)) : random_bytes(random, 60);
      const auto ids = tokenizer->encode_text(text, Position::Continuation);
      if (text.find("\u2581") != std::string::npos) continue;  // a space to SPM
      ASSERT_EQ(tokenizer->decode(ids), text) << name << " " << testing::PrintToString(text);
    }
  }
  EXPECT_GE(covered, 7U);
}

TEST(EncodeText, PutsTheSpaceOfSpmBeforeAStartOnly) {
  const auto tokenizer = tiny_tokenizer(VocabularyKind::Spm, ChatMarker::Zephyr);
  EXPECT_EQ(tokenizer->decode(tokenizer->encode_text("stop", Position::Start)), " stop");
  EXPECT_EQ(tokenizer->decode(tokenizer->encode_text("stop", Position::Continuation)), "stop");
  EXPECT_TRUE(tokenizer->encode_text("", Position::Start).empty());
  const auto bpe = tiny_tokenizer(VocabularyKind::Bpe, ChatMarker::ChatMl);
  EXPECT_EQ(bpe->encode_text("stop", Position::Start),
            bpe->encode_text("stop", Position::Continuation));
}

TEST(EncodeText, TakesAWholePieceOnlyWhereTheModelIgnoresMerges) {
  test_support::Vocabulary vocabulary =
      test_support::make_vocabulary(VocabularyKind::Bpe, ChatMarker::ChatMl, 0, 1);
  vocabulary.tokens.push_back("qqqq");  // no merge leads to it
  vocabulary.kinds.push_back(1);
  for (const auto& [pre, count] : {std::pair{"llama-bpe", 1U}, std::pair{"dbrx", 4U}}) {
    vocabulary.pre = pre;
    test_support::GgufWriter writer;
    test_support::write_vocabulary(vocabulary, VocabularyKind::Bpe, writer);
    EXPECT_EQ(load_tokenizer(writer)->encode_text("qqqq").size(), count) << pre;
  }
}

TEST(EncodeText, EncodesLongRunsWhole) {
  for (const auto& [name, tokenizer] : all_tokenizers()) {
    const bool covered = covers_all_bytes(*tokenizer);
    for (const char* unit : {"a", " ", "\U0001F680", "<|im_end|>"}) {
      std::string text;
      while (text.size() < 64 * 1024) text += unit;
      const auto ids = tokenizer->encode_text(text, Position::Continuation);
      ASSERT_LE(ids.size(), text.size()) << name;
      if (!covered) continue;
      ASSERT_EQ(tokenizer->decode(ids), text) << name;
    }
  }
}

TEST(EncodeTemplate, MatchesTheLongestOfTheSpellingsThatStartFirst) {
  test_support::Vocabulary vocabulary =
      test_support::make_vocabulary(VocabularyKind::Bpe, ChatMarker::ChatMl, 0, 1);
  const auto first = static_cast<TokenId>(vocabulary.tokens.size());
  for (const char* token : {"<x>", "<x><y>", "<y>z", "<"}) {
    vocabulary.tokens.emplace_back(token);
    vocabulary.kinds.push_back(token[1] == 'y' ? 4 : 3);  // user-defined, control
  }
  test_support::GgufWriter writer;
  test_support::write_vocabulary(vocabulary, VocabularyKind::Bpe, writer);
  const auto tokenizer = load_tokenizer(writer);
  EXPECT_EQ(tokenizer->encode_template("<x><y>"), std::vector<TokenId>{first + 1});
  EXPECT_EQ(tokenizer->encode_template("<y>z"), std::vector<TokenId>{first + 2});
  EXPECT_EQ(tokenizer->encode_template("<x><"), (std::vector<TokenId>{first, first + 3}));
  const auto z = tokenizer->encode_text("z").front();
  EXPECT_EQ(tokenizer->encode_template("<x><y>z"), (std::vector<TokenId>{first + 1, z}));
  EXPECT_TRUE(tokenizer->encode_template("").empty());
  expect_no_special(*tokenizer, "<x><y>z<", "own");
}

TEST(StablePrefix, CanBeEncodedApartWhateverFollows) {
  test_support::Random random(21);
  for (const auto& [name, tokenizer] : all_tokenizers()) {
    for (int round = 0; round < 60; ++round) {
      const std::string text = random_text(random, 1 + random.below(6));
      const std::size_t stable = tokenizer->stable_prefix(text);
      ASSERT_LE(stable, text.size());
      const std::string rest = text.substr(stable) + random_text(random, random.below(4));
      for (const Position position : {Position::Start, Position::Continuation}) {
        auto apart = tokenizer->encode_text(std::string_view(text).substr(0, stable), position);
        const auto tail =
            tokenizer->encode_text(rest, stable == 0 ? position : Position::Continuation);
        apart.insert(apart.end(), tail.begin(), tail.end());
        ASSERT_EQ(tokenizer->encode_text(text.substr(0, stable) + rest, position), apart)
            << name << " " << stable << " of " << testing::PrintToString(text) << " then "
            << testing::PrintToString(rest);
      }
    }
  }
}

TEST(Tokenizer, HasNoBytesForControlTokens) {
  for (const auto& [name, tokenizer] : all_tokenizers()) {
    for (TokenId id = 0; id < tokenizer->vocabulary_count(); ++id) {
      const TokenKind kind = tokenizer->kind(id);
      const bool silent =
          kind == TokenKind::Control || kind == TokenKind::Unknown || kind == TokenKind::Unused;
      if (silent) {
        ASSERT_EQ(tokenizer->bytes(id), "") << name << " " << id;
      } else {
        ASSERT_NE(tokenizer->bytes(id), "") << name << " " << id;
      }
    }
  }
}

}  // namespace
}  // namespace inference
