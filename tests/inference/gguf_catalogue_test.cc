// The shared collection of broken files, each with one defect that some loader fell for, and the
// shared good ones. Defects that only the model's shape shows are refused further up and load here.

#include <gtest/gtest.h>

#include <ctime>
#include <filesystem>
#include <set>
#include <vector>

#include "inference/error.h"
#include "inference/gguf/file.h"
#include "tests/support/allocations.h"
#include "tests/support/test_data.h"

namespace inference::gguf {
namespace {

constexpr double kMillisecondsMax = 100;
constexpr std::uint64_t kAllocatedBytesMax = 4U << 20;

// Well-formed as files: their defect is a hyperparameter, an absent tensor, or NaN weights.
const std::set<std::string> kDefectAboveTheFormat{
    "hparam_block_count_2147483648.gguf", "hparam_context_length_2147483648.gguf",
    "hparam_head_count_0.gguf",           "hparam_head_count_kv_3.gguf",
    "tensor_name_missing.gguf",           "weights_nan.gguf"};

// Time of this thread alone, so that a busy machine does not fail the test.
double cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

std::vector<std::filesystem::path> models_in(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".gguf") paths.push_back(entry.path());
  }
  return paths;
}

TEST(GgufCatalogue, RefusesEveryBrokenFileFastAndCheaply) {
  const auto folder = test_support::shared_file("gguf-bad");
  if (!folder) GTEST_SKIP() << "skipped: " << test_support::kNoSharedData;
  const std::vector<std::filesystem::path> paths = models_in(*folder);
  ASSERT_FALSE(paths.empty());
  std::size_t loaded = 0;
  for (const std::filesystem::path& path : paths) {
    SCOPED_TRACE(path.filename());
    std::string message;
    test_support::reset_allocations();
    const double begin_ms = cpu_ms();
    try {
      const File file(path.string());
    } catch (const LoadError& error) {
      message = error.what();
    }
    EXPECT_LT(cpu_ms() - begin_ms, kMillisecondsMax);
    EXPECT_LT(test_support::allocations().bytes, kAllocatedBytesMax);
    if (kDefectAboveTheFormat.contains(path.filename().string())) {
      EXPECT_EQ(message, "");
      ++loaded;
    } else {
      EXPECT_TRUE(message.starts_with(path.string() + ": offset ")) << message;
      EXPECT_NE(message.find("found "), std::string::npos) << message;
      EXPECT_NE(message.find(", wanted "), std::string::npos) << message;
    }
  }
  EXPECT_EQ(loaded, kDefectAboveTheFormat.size());
}

TEST(GgufCatalogue, LoadsTheGoodFilesWithTheirVocabularies) {
  const auto models = test_support::shared_file("gguf");
  const auto vocabularies = test_support::shared_file("tokenizer");
  if (!models || !vocabularies) GTEST_SKIP() << "skipped: " << test_support::kNoSharedData;
  for (const std::filesystem::path& path : models_in(*models)) {
    SCOPED_TRACE(path.filename());
    const File file(path.string());
    EXPECT_EQ(file.string("general.architecture"), "llama");
    EXPECT_EQ(file.tensors().size(), 47U);
    EXPECT_EQ(file.strings("tokenizer.ggml.tokens").size(), 512U);
    EXPECT_EQ(file.floats("tokenizer.ggml.scores").size(), 512U);
  }
  for (const std::filesystem::path& path : models_in(*vocabularies)) {
    SCOPED_TRACE(path.filename());
    const File file(path.string());
    EXPECT_TRUE(file.tensors().empty());
    const std::vector<std::string> tokens = file.strings("tokenizer.ggml.tokens");
    EXPECT_GE(tokens.size(), 32000U);
    EXPECT_EQ(tokens.size(), file.array_count("tokenizer.ggml.token_type"));
  }
}

TEST(GgufCatalogue, ReadsTheDefaultModelsVocabulary) {
  const auto path = test_support::default_model();
  if (!path) GTEST_SKIP() << "skipped: " << test_support::kNoDefaultModel;
  const File file(*path);
  const std::vector<std::string> tokens = file.strings("tokenizer.ggml.tokens");
  ASSERT_EQ(tokens.size(), 49152U);
  EXPECT_EQ(tokens[1], "<|im_start|>");
  EXPECT_EQ(file.strings("tokenizer.ggml.merges").size(), 48900U);
  EXPECT_EQ(file.tensors().size(), 272U);
  EXPECT_EQ(file.find_tensor("blk.29.ffn_down.weight")->type, QuantType::Q4_1);
}

}  // namespace
}  // namespace inference::gguf
