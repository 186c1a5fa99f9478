// The forward pass with more threads than this machine may have: for the thread sanitizer.

#include <gtest/gtest.h>

#include "tests/inference/model_testing.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace test_support {
namespace {

TEST(ModelThreads, ManyThreadsGiveTheBitsOfOne) {
  const TempDir folder;
  TinyModelOptions options = tiny_options(QuantType::Q4_K);
  options.mix = QuantMix::Q4KM;
  const std::string path = write_tiny_model(options, folder.file("tiny.gguf"));
  std::vector<TokenId> text;
  for (TokenId token = 0; token < 24; ++token) text.push_back(3 * token);
  LoadedModel single(path);
  KvSequence sequence = single.sequence();
  const std::vector<Logits> expected = single.append(sequence, text, text.size());
  for (const std::uint32_t threads : {2u, 5u}) {
    LoadedModel loaded(path, {.threads = threads});
    for (const std::size_t batch : {1u, 10u}) {
      KvSequence other = loaded.sequence();
      EXPECT_EQ(loaded.append(other, text, batch), expected) << threads << " threads";
    }
  }
}

}  // namespace
}  // namespace test_support
