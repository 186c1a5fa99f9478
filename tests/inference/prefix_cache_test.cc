// Goal: the prefixes in memory never exceed their budget, whatever is asked for in which order; one
// that went comes back with the same bits; and no decision depends on the budget.

#include "inference/kv/prefix_cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "inference/engine.h"
#include "inference/gguf/file.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace inference {
namespace {

constexpr std::uint32_t kLayers = 2;
constexpr std::uint32_t kWidth = 4;

class PrefixCacheTest : public testing::Test {
 protected:
  PrefixCache cache(std::uint64_t bytes_max) {
    return {kLayers, kWidth, bytes_max, PrefixStore("", model_),
            [this](std::span<const TokenId> tokens, KvSequence* sequence) {
              ++evaluated_;
              if (!readable_) return false;
              for (std::uint32_t t = 0; t < tokens.size(); ++t) {
                for (std::uint32_t layer = 0; layer < kLayers; ++layer) {
                  std::fill_n(sequence->key(layer, t), kWidth, static_cast<Half>(tokens[t]));
                  std::fill_n(sequence->value(layer, t), kWidth, static_cast<Half>(tokens[t] + 1));
                }
              }
              sequence->commit(static_cast<std::uint32_t>(tokens.size()));
              return true;
            }};
  }

  test_support::TempDir dir_;
  gguf::File model_{test_support::write_tiny_model({}, dir_.file("tiny.gguf"))};
  int evaluated_ = 0;
  bool readable_ = true;
};

TEST_F(PrefixCacheTest, StaysWithinItsBudgetAndGivesTheSameBitsInAnyOrder) {
  test_support::Random random(11);
  PrefixCache prefixes = cache(0);
  const std::uint64_t budget = prefixes.bytes_of(20);
  PrefixCache small = cache(budget);
  std::vector<std::vector<TokenId>> tokens;
  std::vector<std::unique_ptr<Prefix>> open;
  for (std::uint32_t i = 0; i < 8; ++i) {
    tokens.emplace_back(1 + random.below(12), TokenId{i});
    open.push_back(small.add(tokens.back()));
  }
  std::size_t no_room = 0;
  for (int step = 0; step < 2000; ++step) {
    const std::size_t i = random.below(open.size());
    if (random.below(50) == 0) {  // a route closes, another opens
      open[i].reset();
      tokens[i].assign(1 + random.below(12), static_cast<TokenId>(step % 1000));
      open[i] = small.add(tokens[i]);
    }
    if (random.below(3) == 0) small.release();
    const PrefixCache::Hold held = small.hold(*open[i]);
    ASSERT_LE(small.bytes_held(), budget);
    if (held.status == PrefixCache::Status::NoRoom) {
      ++no_room;
      small.release();
      ASSERT_EQ(small.hold(*open[i]).status, PrefixCache::Status::Held) << "alone it fits";
      continue;
    }
    ASSERT_EQ(held.sequence->length(), tokens[i].size());
    ASSERT_EQ(held.sequence->key(1, held.sequence->length() - 1)[0],
              static_cast<Half>(tokens[i].back()));
  }
  EXPECT_GT(no_room, 0u);
  open.clear();
  EXPECT_EQ(small.bytes_held(), 0u);
}

TEST_F(PrefixCacheTest, KeepsWhatWasUsedLast) {
  PrefixCache prefixes = cache(0);
  PrefixCache small = cache(prefixes.bytes_of(20));
  const std::vector<TokenId> ten(10, 7);
  const auto a = small.add(ten);
  const auto b = small.add(ten);
  const auto c = small.add(ten);
  for (Prefix* prefix : {a.get(), b.get(), a.get(), c.get(), a.get()}) {
    EXPECT_EQ(small.hold(*prefix).status, PrefixCache::Status::Held);
    small.release();
  }
  EXPECT_EQ(evaluated_, 3) << "b was the one to go";
  (void)small.hold(*b);
  EXPECT_EQ(evaluated_, 4);
}

TEST_F(PrefixCacheTest, AFailedReadIsToldAndTriedAgain) {
  PrefixCache small = cache(0);
  const auto prefix = small.add(std::vector<TokenId>(3, 1));
  readable_ = false;
  EXPECT_EQ(small.hold(*prefix).status, PrefixCache::Status::ReadFailed);
  EXPECT_EQ(small.bytes_held(), 0u);
  readable_ = true;
  EXPECT_EQ(small.hold(*prefix).status, PrefixCache::Status::Held);
}

// {"action": two, "note": a string}
schemas::SchemaSpec schema() {
  schemas::SchemaSpec spec;
  spec.nodes = {schemas::ObjectNode{{{"action", 1, true}, {"note", 2, true}}},
                schemas::EnumNode{{"\"start\"", "\"stop\""}}, schemas::StringNode{1, 4}};
  return spec;
}

TEST(EnginePrefixes, DecisionsDoNotDependOnHowManyAreKept) {
  const test_support::TempDir folder;
  EngineOptions options;
  options.model_path = test_support::write_tiny_model({}, folder.file("tiny.gguf"));
  options.threads = 1;
  options.context_tokens_max = 512;
  const auto decide = [&](std::uint64_t kept_bytes) {
    options.kept_bytes = kept_bytes;
    Engine engine(options);
    const auto a = engine.open_route({schema(), "Commands.", {"a"}});
    const auto b = engine.open_route({schema(), "Commands for another line.", {"a"}});
    const auto c = engine.open_route({schema(), "Notes.", {"a"}});
    std::vector<Request> requests;
    for (const char* message : {"stop it", "go", "now"}) {
      for (Route* route : {a.get(), b.get(), c.get()}) requests.push_back({route, message});
    }
    std::vector<std::string> out;
    for (const Decision& decision : engine.decide(requests)) {
      EXPECT_EQ(decision.status, DecideStatus::Decided);
      out.push_back(decision.json + " " + std::to_string(decision.confidence));
    }
    return out;
  };
  const std::vector<std::string> all = decide(0);
  // Room for one of the three.
  std::uint64_t least = 1;
  while (true) {
    try {
      EXPECT_EQ(decide(least), all) << least << " bytes";
      break;
    } catch (const LoadError& error) {
      EXPECT_NE(std::string(error.what()).find("in this memory"), std::string::npos);
      ASSERT_LT(least *= 2, std::uint64_t{1} << 30);
    }
  }
}

}  // namespace
}  // namespace inference
