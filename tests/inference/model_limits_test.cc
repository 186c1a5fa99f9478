// What a model promises about memory and room: nothing allocated while it runs, refusals that
// cost nothing, and batches that do not fit change nothing.

#include <gtest/gtest.h>

#include <ctime>

#include "inference/error.h"
#include "tests/inference/model_testing.h"
#include "tests/support/allocations.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_data.h"
#include "tests/support/tiny_model.h"

namespace test_support {
namespace {

TEST(ModelLimits, ForwardAllocatesNothing) {
  const TempDir folder;
  TinyModelOptions options = tiny_options(QuantType::Q4_K);
  options.mix = QuantMix::Q4KM;
  LoadedModel loaded(write_tiny_model(options, folder.file("tiny.gguf")), {.threads = 3});
  KvSequence sequence = loaded.sequence();
  Logits all(loaded.config().vocabulary_count);
  std::vector<float> some(3);
  const std::vector<TokenId> wanted = {1, 2, 3};
  std::vector<BatchRow> rows;
  for (std::int32_t i = 0; i < 40; ++i) {
    rows.push_back({.token = 9, .parent = i - 1, .sequence = &sequence, .commit = true});
  }
  rows[20].logits = BatchRow::Logits::Some;
  rows[20].wanted = wanted;
  rows[20].out = some.data();
  rows[39].logits = BatchRow::Logits::All;
  rows[39].out = all.data();
  reset_allocations();
  const ForwardStatus batch = loaded.forward(rows);
  const BatchRow next[] = {{.token = 4, .sequence = &sequence, .commit = true}};
  const ForwardStatus single = loaded.forward(next);
  const std::uint64_t count = allocations().count;
  EXPECT_EQ(batch, ForwardStatus::Done);
  EXPECT_EQ(single, ForwardStatus::Done);
  EXPECT_EQ(count, 0u);
}

TEST(ModelLimits, MemoryNeededIsWhatTheConstructorTakes) {
  const TempDir folder;
  const std::string path = write_tiny_model(tiny_options(QuantType::Q6_K), folder.file("t.gguf"));
  const inference::ModelOptions options{.batch_rows_max = 100, .context_tokens_max = 300};
  const inference::gguf::File file(path);
  inference::ThreadPool pool(2);
  const inference::ModelMemory memory = inference::Model::memory_needed(file, options, 2);
  reset_allocations();
  const inference::Model model(file, std::make_unique<inference::MemorySource>(file),
                               inference::best_kernels(), pool, options);
  const auto taken = static_cast<double>(allocations().bytes);
  const auto promised = static_cast<double>(memory.weight_bytes + memory.activation_bytes);
  EXPECT_GT(taken, 0.98 * promised);
  EXPECT_LT(taken, 1.02 * promised + 20000);  // names, small tables
}

TEST(ModelLimits, ContextFullChangesNothing) {
  const TempDir folder;
  const std::string path = write_tiny_model(tiny_options(QuantType::Q8_0), folder.file("t.gguf"));
  LoadedModel loaded(path, {.model = {.batch_rows_max = 16, .context_tokens_max = 10}});
  EXPECT_EQ(loaded.model().context_tokens(), 10u);
  KvSequence sequence = loaded.sequence(64);
  ASSERT_FALSE(loaded.append(sequence, std::vector<TokenId>(8, 3), 8).empty());
  EXPECT_TRUE(loaded.append(sequence, {1, 2, 3}, 3).empty());  // position 10
  EXPECT_EQ(sequence.length(), 8u);
  const std::vector<Logits> fitting = loaded.append(sequence, {1, 2}, 2);
  ASSERT_EQ(fitting.size(), 2u);
  EXPECT_EQ(fitting.back(), loaded.one_by_one({3, 3, 3, 3, 3, 3, 3, 3, 1, 2}).back());
}

TEST(ModelLimits, FullSequenceStillTakesRowsThatAreNotKept) {
  const TempDir folder;
  const std::string path = write_tiny_model(tiny_options(QuantType::Q8_0), folder.file("t.gguf"));
  LoadedModel loaded(path);
  KvSequence sequence = loaded.sequence(2);
  ASSERT_FALSE(loaded.append(sequence, {1, 2}, 2).empty());
  Logits logits(loaded.config().vocabulary_count);
  BatchRow row{.token = 5,
               .sequence = &sequence,
               .commit = true,
               .logits = BatchRow::Logits::All,
               .out = logits.data()};
  EXPECT_EQ(loaded.forward({&row, 1}), ForwardStatus::ContextFull);
  row.commit = false;
  EXPECT_EQ(loaded.forward({&row, 1}), ForwardStatus::Done);
  EXPECT_EQ(logits, loaded.one_by_one({1, 2, 5}).back());
  EXPECT_EQ(sequence.length(), 2u);
}

TEST(ModelLimitsDeathTest, BrokenRulesOfABatchStopTheProcess) {
  const TempDir folder;
  const std::string path = write_tiny_model(tiny_options(QuantType::F32), folder.file("t.gguf"));
  LoadedModel loaded(path);
  KvSequence sequence = loaded.sequence();
  const auto evaluate = [&](std::vector<BatchRow> rows) { (void)loaded.forward(rows); };
  const TokenId beyond = loaded.config().vocabulary_count;
  EXPECT_DEATH(evaluate({}), "CHECK failed");
  EXPECT_DEATH(evaluate({{.token = beyond}}), "CHECK failed");
  EXPECT_DEATH(evaluate({{.token = 1, .parent = 0}}), "CHECK failed");
  EXPECT_DEATH(evaluate({{.token = 1, .commit = true}}), "CHECK failed");
  // The second committed row must continue the first.
  EXPECT_DEATH(evaluate({{.token = 1, .sequence = &sequence, .commit = true},
                         {.token = 1, .sequence = &sequence, .commit = true}}),
               "CHECK failed");
}

// What is broken in these files is found by the model, not by the reader of the header.
TEST(ModelLimits, HostileModelsAreRefusedQuicklyAndCheaply) {
  const auto folder = shared_file("gguf-bad");
  if (!folder) GTEST_SKIP() << "skipped: " << kNoSharedData;
  for (const char* name :
       {"hparam_block_count_2147483648.gguf", "hparam_context_length_2147483648.gguf",
        "hparam_head_count_0.gguf", "hparam_head_count_kv_3.gguf", "tensor_name_missing.gguf"}) {
    SCOPED_TRACE(name);
    const std::clock_t start = std::clock();
    reset_allocations();
    try {
      LoadedModel loaded(*folder + "/" + name);
      ADD_FAILURE() << "was loaded";
    } catch (const inference::LoadError& error) {
      const std::string message = error.what();
      for (const char* word : {name, ": found ", ", wanted "}) {
        EXPECT_NE(message.find(word), std::string::npos) << message;
      }
    }
    EXPECT_LT(allocations().bytes, 2u << 20);
    EXPECT_LT(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC, 0.1);
  }
}

TEST(ModelLimits, WeightsThatAreNotNumbersGiveLogitsAllTheSame) {
  const auto path = shared_file("gguf-bad/weights_nan.gguf");
  if (!path) GTEST_SKIP() << "skipped: " << kNoSharedData;
  for (const Kernels* kernels : inference::runnable_kernels()) {
    LoadedModel loaded(*path, {.kernels = kernels, .threads = 2});
    KvSequence sequence = loaded.sequence();
    EXPECT_EQ(loaded.append(sequence, {1, 2, 3, 4}, 3).size(), 4u);
    EXPECT_EQ(sequence.length(), 4u);
  }
}

}  // namespace
}  // namespace test_support
