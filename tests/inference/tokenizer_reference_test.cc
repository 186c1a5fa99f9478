// Token ids equal those of the reference tokenizers on every recorded text. Needs the shared data,
// and for SmolLM2 the default model's vocabulary.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "inference/gguf/file.h"
#include "inference/text/tokenizer.h"
#include "tests/support/test_data.h"

namespace inference {
namespace {

std::string read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<std::string> split(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t at; (at = text.find(separator, begin)) != std::string::npos;) {
    parts.push_back(text.substr(begin, at - begin));
    begin = at + separator.size();
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::vector<TokenId> parse_ids(const std::string& line) {
  std::istringstream in(line);
  return {std::istream_iterator<TokenId>(in), std::istream_iterator<TokenId>()};
}

std::unique_ptr<Tokenizer> load(const std::string& path) {
  const gguf::File file(path);
  return Tokenizer::load(file);
}

class RecordedVocabulary : public testing::TestWithParam<const char*> {};

TEST_P(RecordedVocabulary, GivesTheRecordedIdsForEveryBlock) {
  const auto path =
      test_support::shared_file("tokenizer/ggml-vocab-" + std::string(GetParam()) + ".gguf");
  if (!path) GTEST_SKIP() << "skipped: " << test_support::kNoSharedData;
  const auto tokenizer = load(*path);
  std::vector<std::string> blocks = split(read_all(*path + ".inp"), "\n__ggml_vocab_test__\n");
  std::vector<std::string> lines = split(read_all(*path + ".out"), "\n");
  ASSERT_TRUE(lines.back().empty());
  lines.pop_back();
  ASSERT_GT(blocks.size(), 40U);
  if (blocks.back().empty()) blocks.pop_back();
  ASSERT_EQ(blocks.size(), lines.size());
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    EXPECT_EQ(tokenizer->encode_text(blocks[i]), parse_ids(lines[i])) << "block " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Shared, RecordedVocabulary, testing::Values("llama-spm", "gpt-2", "phi-3"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(SmolLm2Vocabulary, GivesTheRecordedIdsForEveryLine) {
  const auto lines = test_support::shared_file("smollm2/tokens.jsonl");
  if (!lines) GTEST_SKIP() << "skipped: " << test_support::kNoSharedData;
  const auto model = test_support::default_model();
  if (!model) GTEST_SKIP() << "skipped: " << test_support::kNoDefaultModel;
  const auto tokenizer = load(*model);
  std::ifstream in(*lines);
  std::size_t count = 0;
  for (std::string line; std::getline(in, line); ++count) {
    const auto row = nlohmann::json::parse(line);
    EXPECT_EQ(tokenizer->encode_text(row["text"].get<std::string>()),
              row["ids"].get<std::vector<TokenId>>())
        << line;
  }
  EXPECT_GT(count, 1000U);
}

TEST(SmolLm2Vocabulary, GivesTheRecordedIdsForThePromptsWithTheirSpecialTokens) {
  const auto file = test_support::shared_file("smollm2/prompts.json");
  if (!file) GTEST_SKIP() << "skipped: " << test_support::kNoSharedData;
  const auto model = test_support::default_model();
  if (!model) GTEST_SKIP() << "skipped: " << test_support::kNoDefaultModel;
  const auto tokenizer = load(*model);
  const auto prompts = nlohmann::json::parse(read_all(*file)).at("prompts");
  ASSERT_EQ(prompts.size(), 16U);
  for (const auto& prompt : prompts) {
    EXPECT_EQ(tokenizer->encode_template(prompt["text"].get<std::string>()),
              prompt["ids"].get<std::vector<TokenId>>())
        << prompt["text"];
  }
}

}  // namespace
}  // namespace inference
