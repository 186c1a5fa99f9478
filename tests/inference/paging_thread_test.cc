// Reading thread, compute threads and a thread that cancels, together: for the thread sanitizer.

#include <gtest/gtest.h>

#include <thread>

#include "tests/inference/paging_testing.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace test_support {
namespace {

const std::vector<TokenId> kText = {5, 17, 3, 99};

TEST(PagingThreads, PassesCancelledAtAnyTimeLeaveTheRestRight) {
  const TempDir folder;
  const std::string path = write_tiny_model(tiny_options(QuantType::Q8_0), folder.file("t.gguf"));
  const std::vector<Logits> expected = LoadedModel(path).one_by_one(kText);
  Breakage breakage;
  LoadedModel loaded(path, paged(path, {.block_bytes_max = 800,
                                        .reader = {.slot_count = 4},
                                        .breakage = &breakage,
                                        .threads = 3}));
  std::atomic<bool> stop{false};
  std::thread other([&] {
    while (!stop) {
      loaded.model().cancel();
      std::this_thread::yield();
      loaded.model().resume();
      std::this_thread::yield();
    }
  });
  int done = 0;
  for (int pass = 0; pass < 300 && done < 20; ++pass) {
    breakage.fail_at_read = breakage.reads + static_cast<std::uint64_t>(pass) * 7 % 400;
    KvSequence sequence = loaded.sequence();
    const std::vector<Logits> logits = loaded.append(sequence, kText, kText.size());
    if (logits.empty()) {
      EXPECT_EQ(sequence.length(), 0u);
      continue;
    }
    EXPECT_EQ(logits, expected);
    ++done;
  }
  stop = true;
  other.join();
  breakage.fail_at_read = ~0ull;
  KvSequence sequence = loaded.sequence();
  EXPECT_EQ(loaded.append(sequence, kText, 2), expected);
}

// A rate so low that a pass would take minutes: cancelling and leaving do not wait for it.
TEST(PagingThreads, NeitherCancelNorTheEndWaitsForAThrottledRead) {
  const TempDir folder;
  const std::string path = write_tiny_model(tiny_options(QuantType::Q8_0), folder.file("t.gguf"));
  LoadedModel loaded(path,
                     paged(path, {.reader = {.slot_count = 2, .read_bytes_s = 200}, .threads = 2}));
  std::thread other([&] { loaded.model().cancel(); });
  KvSequence sequence = loaded.sequence();
  const BatchRow row{.token = 1, .sequence = &sequence, .commit = true};
  EXPECT_EQ(loaded.forward({&row, 1}), ForwardStatus::Cancelled);
  other.join();
}

}  // namespace
}  // namespace test_support
