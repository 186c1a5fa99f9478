// Real models: small stories in four types, and the default model against logits that another
// implementation computed in single precision.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "tests/inference/model_testing.h"
#include "tests/inference/reference_model.h"
#include "tests/support/test_data.h"

namespace test_support {
namespace {

constexpr TokenId kBos = 1;

std::vector<TokenId> greedy(const std::string& path, std::size_t count) {
  LoadedModel loaded(path, {.threads = 2});
  KvSequence sequence = loaded.sequence();
  std::vector<TokenId> ids;
  TokenId last = kBos;
  while (ids.size() < count) {
    last = static_cast<TokenId>(argmax(loaded.append(sequence, {last}, 1)[0]));
    ids.push_back(last);
  }
  return ids;
}

TEST(ModelGolden, StoriesGoOnAlikeInFourTypes) {
  const auto folder = shared_file("gguf");
  if (!folder) GTEST_SKIP() << "skipped: " << kNoSharedData;
  const std::vector<TokenId> f32 = greedy(*folder + "/stories260K-f32.gguf", 40);
  EXPECT_EQ(greedy(*folder + "/stories260K-F16.gguf", 40), f32);
  EXPECT_EQ(greedy(*folder + "/stories260K-q8_0.gguf", 40), f32);
  const std::vector<TokenId> first(f32.begin(), f32.begin() + 25);
  EXPECT_EQ(greedy(*folder + "/stories260K-q4_0.gguf", 25), first);
}

TEST(ModelGolden, StoriesGoOnAsTheFormulasSay) {
  const auto path = shared_file("gguf/stories260K-f32.gguf");
  if (!path) GTEST_SKIP() << "skipped: " << kNoSharedData;
  const std::vector<TokenId> ids = greedy(*path, 40);
  std::vector<TokenId> text = {kBos};
  text.insert(text.end(), ids.begin(), ids.end() - 1);
  const auto reference = ReferenceModel(inference::gguf::File(*path)).logits(text);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto best = std::max_element(reference[i].begin(), reference[i].end());
    EXPECT_EQ(ids[i], static_cast<TokenId>(best - reference[i].begin())) << "token " << i;
  }
}

// The numbers in the arrays called "ids" of a JSON text, in order.
std::vector<std::vector<TokenId>> read_ids(const std::string& path) {
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::vector<TokenId>> prompts;
  for (std::size_t at = text.find("\"ids\""); at != std::string::npos;
       at = text.find("\"ids\"", at + 1)) {
    const char* cursor = text.c_str() + text.find('[', at) + 1;
    std::vector<TokenId>& ids = prompts.emplace_back();
    while (*cursor != ']') {
      char* end = nullptr;
      ids.push_back(static_cast<TokenId>(std::strtoul(cursor, &end, 10)));
      cursor = end + std::strspn(end, ", \n");
    }
  }
  return prompts;
}

double log_sum_exp(std::span<const float> logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - largest);
  return largest + std::log(sum);
}

double kl_divergence(std::span<const float> reference, std::span<const float> ours) {
  const double reference_norm = log_sum_exp(reference);
  const double our_norm = log_sum_exp(ours);
  double divergence = 0;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const double log_p = reference[i] - reference_norm;
    divergence += std::exp(log_p) * (log_p - (ours[i] - our_norm));
  }
  return divergence;
}

TEST(ModelGolden, DefaultModelIsCloserToExactThanItsPeer) {
  constexpr double kPeerMean = 0.0052;  // llama.cpp's own figure on the same prompts
  const auto path = default_model();
  if (!path) GTEST_SKIP() << "skipped: " << kNoDefaultModel;
  const auto folder = shared_file("smollm2");
  if (!folder) GTEST_SKIP() << "skipped: " << kNoSharedData;
  LoadedModel loaded(*path, {.threads = 2, .model = {}});
  const std::size_t vocabulary = loaded.config().vocabulary_count;
  const std::vector<std::vector<TokenId>> prompts = read_ids(*folder + "/prompts.json");
  ASSERT_EQ(prompts.size(), 16u);
  std::ifstream reference_file(*folder + "/logits-fp32.f32", std::ios::binary);
  Logits reference(vocabulary);
  Logits ours(vocabulary);
  double mean = 0;
  double largest = 0;
  for (const std::vector<TokenId>& ids : prompts) {
    ASSERT_TRUE(reference_file.read(reinterpret_cast<char*>(reference.data()),
                                    static_cast<std::streamsize>(vocabulary * sizeof(float))));
    std::vector<BatchRow> rows;
    for (const TokenId id : ids) {
      rows.push_back({.token = id, .parent = static_cast<std::int32_t>(rows.size()) - 1});
    }
    rows.back().logits = BatchRow::Logits::All;
    rows.back().out = ours.data();
    ASSERT_EQ(loaded.forward(rows), ForwardStatus::Done);
    const double divergence = kl_divergence(reference, ours);
    mean += divergence / static_cast<double>(prompts.size());
    largest = std::max(largest, divergence);
  }
  std::printf("KL(reference || ours): mean %.6f, largest %.6f\n", mean, largest);
  RecordProperty("kl_mean", std::to_string(mean));
  EXPECT_LE(mean, kPeerMean);
}

}  // namespace
}  // namespace test_support
