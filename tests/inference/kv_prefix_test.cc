// Goal: a kept prefix gives the bits that were saved, and anything else (another model, other
// tokens, a file cut or changed anywhere) is as if nothing had been kept.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "inference/gguf/file.h"
#include "inference/kv/prefix_store.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace inference {
namespace {

constexpr std::uint32_t kLayers = 2;
constexpr std::uint32_t kWidth = 8;
constexpr std::uint32_t kCapacity = 16;

class PrefixStoreTest : public testing::Test {
 protected:
  PrefixStoreTest() : model_(write_model("a.gguf", 1)), store_(folder(), model_) {
    test_support::Random random(3);
    for (std::uint32_t layer = 0; layer < kLayers; ++layer) {
      for (std::uint32_t token = 0; token < tokens_.size(); ++token) {
        for (std::uint32_t i = 0; i < kWidth; ++i) {
          saved_.key(layer, token)[i] = static_cast<Half>(random.next());
          saved_.value(layer, token)[i] = static_cast<Half>(random.next());
        }
      }
    }
    saved_.commit(static_cast<std::uint32_t>(tokens_.size()));
    store_.save(tokens_, saved_);
  }

  std::string folder() {
    const auto path = dir_.path() / "kv";
    std::filesystem::create_directories(path);
    return path.string();
  }

  std::string write_model(const char* name, std::uint64_t seed) {
    test_support::TinyModelOptions options;
    options.seed = seed;
    const std::string path = dir_.file(name);
    test_support::tiny_model(options).write(path);
    return path;
  }

  std::string only_file() {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder())) {
      files.push_back(entry.path().string());
    }
    EXPECT_EQ(files.size(), 1u);
    return files.front();
  }

  bool loads(const PrefixStore& store, const std::vector<TokenId>& tokens) {
    KvSequence sequence(kLayers, kWidth, kCapacity);
    const bool loaded = store.load(tokens, &sequence);
    EXPECT_EQ(sequence.length(), loaded ? tokens.size() : 0u);
    return loaded;
  }

  test_support::TempDir dir_;
  gguf::File model_;
  PrefixStore store_;
  std::vector<TokenId> tokens_ = {5, 9, 1, 300, 7};
  KvSequence saved_{kLayers, kWidth, 8};
};

TEST_F(PrefixStoreTest, GivesTheBitsThatWereSaved) {
  KvSequence loaded(kLayers, kWidth, kCapacity);
  ASSERT_TRUE(store_.load(tokens_, &loaded));
  for (std::uint32_t layer = 0; layer < kLayers; ++layer) {
    for (std::uint32_t token = 0; token < tokens_.size(); ++token) {
      EXPECT_TRUE(std::equal(loaded.key(layer, token), loaded.key(layer, token) + kWidth,
                             saved_.key(layer, token)));
      EXPECT_TRUE(std::equal(loaded.value(layer, token), loaded.value(layer, token) + kWidth,
                             saved_.value(layer, token)));
    }
  }
}

TEST_F(PrefixStoreTest, KnowsNothingOfOtherTokens) {
  EXPECT_FALSE(loads(store_, {5, 9, 1, 300}));
  EXPECT_FALSE(loads(store_, {5, 9, 1, 300, 8}));
  EXPECT_FALSE(loads(store_, {}));
}

TEST_F(PrefixStoreTest, KnowsNothingOfAnotherModel) {
  const gguf::File other(write_model("b.gguf", 2));
  EXPECT_FALSE(loads(PrefixStore(folder(), other), tokens_));
  const gguf::File copy(write_model("c.gguf", 1));
  EXPECT_TRUE(loads(PrefixStore(folder(), copy), tokens_)) << "a copy is the same model";
}

TEST_F(PrefixStoreTest, RefusesAFileCutOrChangedAnywhere) {
  const std::string path = only_file();
  std::ifstream in(path, std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(in)), {});
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::ofstream(path, std::ios::binary).write(whole.data(), static_cast<std::streamsize>(at));
    EXPECT_FALSE(loads(store_, tokens_)) << "cut at " << at;
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    std::ofstream(path, std::ios::binary)
        .write(changed.data(), static_cast<std::streamsize>(changed.size()));
    EXPECT_FALSE(loads(store_, tokens_)) << "changed at " << at;
  }
}

TEST_F(PrefixStoreTest, APipeInPlaceOfAFileHoldsNobody) {
  const std::string path = only_file();
  std::filesystem::remove(path);
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_FALSE(loads(store_, tokens_));
  ASSERT_EQ(mkfifo((path + ".part").c_str(), 0600), 0);
  store_.save(tokens_, saved_);
  EXPECT_FALSE(loads(store_, tokens_));
  store_.save(tokens_, saved_);
  EXPECT_TRUE(loads(store_, tokens_)) << "once the way is free it is kept again";
}

TEST_F(PrefixStoreTest, WithoutAFolderKeepsNothing) {
  const PrefixStore none("", model_);
  none.save(tokens_, saved_);
  EXPECT_FALSE(loads(none, tokens_));
  const PrefixStore missing((dir_.path() / "no such folder").string(), model_);
  missing.save(tokens_, saved_);
  EXPECT_FALSE(loads(missing, tokens_));
}

TEST_F(PrefixStoreTest, KeepsTheLatestFilesOnly) {
  KvSequence one(kLayers, kWidth, 1);
  one.commit(1);
  for (TokenId token = 0; token < PrefixStore::kFilesMax + 5; ++token) {
    store_.save(std::vector<TokenId>{token}, one);
  }
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    files += entry.path().extension() == ".kv";
  }
  EXPECT_EQ(files, PrefixStore::kFilesMax);
  KvSequence out(kLayers, kWidth, 1);
  EXPECT_TRUE(store_.load(std::vector<TokenId>{PrefixStore::kFilesMax + 4}, &out));
}

}  // namespace
}  // namespace inference
