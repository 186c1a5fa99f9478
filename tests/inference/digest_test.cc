// A digest accepts exactly the file it was made of, page by page, and no other sidecar passes for
// one.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "inference/digest/model_digest.h"
#include "inference/error.h"
#include "inference/model/loaded_model.h"
#include "tests/inference/model_testing.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace test_support {
namespace {

using inference::ModelDigest;

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  Random(5).fill(std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

TEST(Digest, AcceptsEveryRangeOfPagesAndNoChangedByte) {
  const TempDir folder;
  for (const std::size_t size : {std::size_t{1}, std::size_t{4096}, std::size_t{200'001}}) {
    SCOPED_TRACE(size);
    std::string bytes = random_bytes(size);
    const std::string path = folder.write("model", bytes);
    (void)inference::write_digest(path, folder.file("digest"));
    ModelDigest digest(folder.file("digest"));
    const std::size_t pages = (size + 4095) / 4096;
    for (std::size_t from = 0; from < pages; ++from) {
      for (std::size_t to = from + 1; to <= pages; ++to) {
        const std::size_t begin = from * 4096;
        const std::size_t end = std::min(size, to * 4096);
        const auto part = std::as_bytes(std::span(bytes)).subspan(begin, end - begin);
        ASSERT_TRUE(digest.verify(begin, part)) << from << " to " << to;
        const std::size_t wrong = begin + (from * 7919 + to * 104729) % (end - begin);
        bytes[wrong] = static_cast<char>(bytes[wrong] ^ 4);
        ASSERT_FALSE(digest.verify(begin, part)) << from << " to " << to << ", byte " << wrong;
        bytes[wrong] = static_cast<char>(bytes[wrong] ^ 4);
      }
    }
    const auto all = std::as_bytes(std::span(bytes));
    EXPECT_FALSE(digest.verify(pages * 4096, all.first(1)));
    EXPECT_FALSE(size > 1 && digest.verify(0, all.first(size - 1)));
    EXPECT_FALSE(pages > 1 && digest.verify(4096, all.first(4096)));
  }
}

TEST(Digest, RefusesSidecarsThatAreCutLongerOrOfAnotherKind) {
  const TempDir folder;
  const std::string path = folder.write("model", random_bytes(100'000));
  (void)inference::write_digest(path, folder.file("digest"));
  const std::string good = bytes_of(folder.file("digest"));
  for (const std::size_t size : {std::size_t{0}, std::size_t{23}, good.size() - 1}) {
    EXPECT_THROW(ModelDigest(folder.write("bad", good.substr(0, size))), inference::LoadError);
  }
  EXPECT_THROW(ModelDigest(folder.write("bad", good + "x")), inference::LoadError);
  for (const std::size_t at : {0u, 8u, 13u, 18u, 23u}) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x40);
    EXPECT_THROW(ModelDigest(folder.write("bad", bad)), inference::LoadError) << at;
  }
  EXPECT_THROW(ModelDigest(folder.file("none")), inference::LoadError);
  EXPECT_THROW((void)inference::write_digest(path, folder.file("no/such/folder")),
               inference::LoadError);
}

// Wherever a byte of the file is wrong, a model that is checked is not loaded or not used: in
// memory, or paged.
TEST(Digest, ModelWithAWrongByteAnywhereGivesNoLogits) {
  const TempDir folder;
  TinyModelOptions options = tiny_options(QuantType::F32);
  options.embedding_length = 256;
  options.feed_forward_length = 2048;
  const std::string path = write_tiny_model(options, folder.file("model.gguf"));
  (void)inference::write_digest(path, folder.file("digest"));
  ModelDigest digest(folder.file("digest"));
  const std::string good = bytes_of(path);
  std::vector<std::uint64_t> places = {100};  // in the header, and in the middle of each tensor
  {
    const inference::gguf::File file(path);
    for (const auto& tensor : file.tensors()) {
      const bool embedding = tensor.name == "token_embd.weight";
      places.push_back(tensor.offset + (embedding ? 7 * tensor.row_bytes() : tensor.bytes / 2));
    }
  }
  const auto run = [&](double memory_share) {
    inference::LoadOptions load;
    load.model_path = path;
    load.threads = 1;
    load.paging.verifier = &digest;
    load.context_tokens_max = 16;
    if (memory_share < 1) {
      load.memory_bytes_max = 1;
      const inference::MemoryPlan least = plan_model(inference::gguf::File(path), load);
      load.memory_bytes_max = (least.least_bytes + least.fixed.sum() + least.weight_bytes) / 2;
    }
    inference::LoadedModel loaded(load);
    EXPECT_EQ(loaded.plan.paged(), memory_share < 1);
    std::vector<float> logits(loaded.model.config().vocabulary_count);
    const BatchRow row{.token = 7, .logits = BatchRow::Logits::All, .out = logits.data()};
    return loaded.model.forward({&row, 1});
  };
  for (const double share : {0.5, 1.0}) {
    SCOPED_TRACE(share);
    EXPECT_EQ(run(share), ForwardStatus::Done);
    for (const std::uint64_t place : places) {
      std::string bad = good;
      bad[place] = static_cast<char>(bad[place] ^ 1);
      folder.write("model.gguf", bad);
      try {
        EXPECT_EQ(run(share), ForwardStatus::ReadFailed) << place;
      } catch (const inference::LoadError&) {
      }
    }
    folder.write("model.gguf", good);
  }
}

}  // namespace
}  // namespace test_support
