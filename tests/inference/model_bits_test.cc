// Bits do not depend on how the work is cut: into batches, threads, blocks of weights, trees.
// Every comparison is ==.

#include <gtest/gtest.h>

#include <bit>

#include "tests/inference/model_testing.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace test_support {
namespace {

const std::vector<TokenId> kText = {5, 17, 3, 99, 42, 8, 5, 200, 61, 7, 31};

TinyModelOptions tree_options() {
  TinyModelOptions options = tiny_options(QuantType::Q4_1);
  options.head_count = 6;
  options.kv_head_count = 2;
  options.head_length = 32;
  return options;
}

TEST(ModelBits, AreTheSameForAnyKernelsThreadsAndBatchSize) {
  const TempDir folder;
  for (const QuantType type : kAllTypes) {
    SCOPED_TRACE(inference::geometry(type).name);
    const std::string path = write_tiny_model(tiny_options(type), folder.file("tiny.gguf"));
    const std::vector<Logits> expected =
        LoadedModel(path, {.kernels = inference::find_kernels("scalar")}).one_by_one(kText);
    ASSERT_EQ(expected.size(), kText.size());
    for (const Kernels* kernels : inference::runnable_kernels()) {
      SCOPED_TRACE(kernels->name);
      for (const std::uint32_t threads : {1u, 3u}) {
        LoadedModel loaded(path, {.kernels = kernels, .threads = threads});
        for (const std::size_t batch : {1u, 2u, 5u, 11u}) {
          KvSequence sequence = loaded.sequence();
          EXPECT_EQ(loaded.append(sequence, kText, batch), expected)
              << threads << " threads, batches of " << batch;
        }
      }
    }
  }
}

// FNV-1a over the bits of logits.
std::uint64_t hash(const std::vector<Logits>& logits, std::uint64_t seed) {
  std::uint64_t value = seed;
  for (const Logits& row : logits) {
    for (const float logit : row) {
      for (unsigned shift = 0; shift < 32; shift += 8) {
        value ^= std::bit_cast<std::uint32_t>(logit) >> shift & 0xffu;
        value *= 0x100000001b3u;
      }
    }
  }
  return value;
}

// Recorded once with the scalar kernels. The same on every processor, compiler and instruction
// set; it changes only together with the definition of the arithmetic in kernels.h.
TEST(ModelBits, AreTheSameOnEveryProcessor) {
  const TempDir folder;
  std::uint64_t value = 0xcbf29ce484222325u;
  for (const QuantType type : kAllTypes) {
    TinyModelOptions options = tiny_options(type);
    options.rope_freqs = true;
    LoadedModel loaded(write_tiny_model(options, folder.file("tiny.gguf")));
    value = hash(loaded.one_by_one(kText), value);
  }
  EXPECT_EQ(value, 0xd915c8ed85cb649fu);
}

// A batch over several sequences with branches that are not committed.
struct RandomBatch {
  std::vector<BatchRow> rows;
  std::vector<std::vector<TokenId>> paths;  // by row: all tokens from the beginning to it
  std::vector<Logits> logits;               // by row
};

void add_row(RandomBatch& batch, BatchRow row, std::vector<TokenId> path, std::size_t vocabulary) {
  row.token = path.back();
  row.logits = BatchRow::Logits::All;
  batch.rows.push_back(row);
  batch.paths.push_back(std::move(path));
  batch.logits.emplace_back(vocabulary);
}

RandomBatch random_batch(Random& random, std::span<KvSequence> sequences,
                         std::span<const std::vector<TokenId>> pasts, std::size_t vocabulary) {
  RandomBatch batch;
  std::vector<std::int32_t> last_committed(sequences.size(), -1);
  const std::size_t count = 1 + random.below(24);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t s = random.below(sequences.size());
    const auto token = static_cast<TokenId>(random.below(vocabulary));
    BatchRow row{.sequence = &sequences[s]};
    const bool commit = random.below(3) == 0;
    // A parent among the rows of this sequence, or the end of what is committed.
    std::vector<std::int32_t> parents = {-1};
    for (std::size_t j = 0; j < i; ++j) {
      if (batch.rows[j].sequence == row.sequence) parents.push_back(static_cast<std::int32_t>(j));
    }
    row.parent = commit ? last_committed[s] : parents[random.below(parents.size())];
    row.commit = commit;
    if (commit) last_committed[s] = static_cast<std::int32_t>(i);
    std::vector<TokenId> path =
        row.parent < 0 ? pasts[s] : batch.paths[static_cast<std::size_t>(row.parent)];
    path.push_back(token);
    add_row(batch, row, std::move(path), vocabulary);
  }
  for (std::size_t i = 0; i < count; ++i) batch.rows[i].out = batch.logits[i].data();
  return batch;
}

TEST(ModelBits, RowsOfRandomTreesEqualTheSameTokensOneByOne) {
  const TempDir folder;
  LoadedModel loaded(write_tiny_model(tree_options(), folder.file("tiny.gguf")), {.threads = 2});
  const std::size_t vocabulary = loaded.config().vocabulary_count;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<KvSequence> sequences(2, loaded.sequence());
    std::vector<std::vector<TokenId>> pasts(2);
    for (int step = 0; step < 2; ++step) {  // the second batch continues what the first committed
      RandomBatch batch = random_batch(random, sequences, pasts, vocabulary);
      ASSERT_EQ(loaded.forward(batch.rows), ForwardStatus::Done);
      for (std::size_t i = 0; i < batch.rows.size(); ++i) {
        EXPECT_EQ(batch.logits[i], loaded.one_by_one(batch.paths[i]).back()) << "row " << i;
        if (batch.rows[i].commit) {
          pasts[batch.rows[i].sequence == &sequences[0] ? 0 : 1] = batch.paths[i];
        }
      }
      for (std::size_t s = 0; s < 2; ++s) EXPECT_EQ(sequences[s].length(), pasts[s].size());
    }
  }
}

TEST(ModelBits, WantedLogitsEqualThoseOfAll) {
  const TempDir folder;
  for (const QuantType type : {QuantType::F16, QuantType::Q5_1, QuantType::Q6_K}) {
    LoadedModel loaded(write_tiny_model(tiny_options(type), folder.file("tiny.gguf")));
    const std::vector<TokenId> wanted = {250, 0, 7, 7, 100};
    std::vector<float> some(wanted.size());
    Logits all(loaded.config().vocabulary_count);
    KvSequence sequence = loaded.sequence();
    // The rows stand in the order some, all, none, so that they are not computed as they came.
    const BatchRow rows[] = {
        {.token = 1,
         .sequence = &sequence,
         .logits = BatchRow::Logits::Some,
         .wanted = wanted,
         .out = some.data()},
        {.token = 1, .sequence = &sequence, .logits = BatchRow::Logits::All, .out = all.data()},
        {.token = 9, .sequence = &sequence},
    };
    ASSERT_EQ(loaded.forward(rows), ForwardStatus::Done);
    for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(some[i], all[wanted[i]]);
  }
}

TEST(ModelBits, RowWithoutSequenceHasNoPast) {
  const TempDir folder;
  LoadedModel loaded(write_tiny_model(tree_options(), folder.file("tiny.gguf")));
  Logits first(loaded.config().vocabulary_count);
  Logits second(loaded.config().vocabulary_count);
  const BatchRow rows[] = {
      {.token = 4, .logits = BatchRow::Logits::All, .out = first.data()},
      {.token = 6, .parent = 0, .logits = BatchRow::Logits::All, .out = second.data()},
  };
  ASSERT_EQ(loaded.forward(rows), ForwardStatus::Done);
  const std::vector<Logits> expected = loaded.one_by_one({4, 6});
  EXPECT_EQ(first, expected[0]);
  EXPECT_EQ(second, expected[1]);
}

TEST(ModelBits, TruncatedSequenceContinuesAsIfNothingHadFollowed) {
  const TempDir folder;
  LoadedModel loaded(write_tiny_model(tree_options(), folder.file("tiny.gguf")));
  KvSequence sequence = loaded.sequence();
  (void)loaded.append(sequence, kText, 4);
  sequence.truncate(3);
  const std::vector<Logits> logits = loaded.append(sequence, {77, 78}, 2);
  EXPECT_EQ(logits.back(), loaded.one_by_one({kText[0], kText[1], kText[2], 77, 78}).back());
  EXPECT_EQ(sequence.length(), 5u);
}

}  // namespace
}  // namespace test_support
