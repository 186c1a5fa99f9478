#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "inference/text/flat_index.h"
#include "tests/support/random.h"

namespace inference {
namespace {

class Names {
 public:
  explicit Names(std::size_t count) : index_(count) {}

  FlatIndex::Inserted add(const std::string& name, std::uint64_t hash) {
    names_.push_back(name);
    std::uint32_t existing = 0;
    const auto equals = [&](std::uint32_t other) { return names_[other] == name; };
    return index_.insert(hash, static_cast<std::uint32_t>(names_.size() - 1), equals, &existing);
  }

  std::optional<std::uint32_t> find(const std::string& name, std::uint64_t hash) const {
    return index_.find(hash, [&](std::uint32_t other) { return names_[other] == name; });
  }

 private:
  FlatIndex index_;
  std::vector<std::string> names_;
};

TEST(FlatIndex, FindsWhatAMapFinds) {
  test_support::Random random(2);
  for (int round = 0; round < 50; ++round) {
    const std::size_t count = 1 + random.below(500);
    Names names(count);
    std::map<std::string, std::uint32_t> map;
    // Few different hashes, so that keys share slots and tags.
    const auto hash = [&](const std::string& name) {
      return round % 2 == 0 ? hash_bytes(name) : hash_mix(hash_bytes(name) % 40);
    };
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::string name = std::to_string(random.below(count));
      const bool is_new = map.emplace(name, i).second;
      ASSERT_EQ(names.add(name, hash(name)),
                is_new ? FlatIndex::Inserted::New : FlatIndex::Inserted::Existing);
    }
    for (std::size_t i = 0; i <= count; ++i) {
      const std::string name = std::to_string(i);
      const auto found = map.find(name);
      const auto expected =
          found == map.end() ? std::nullopt : std::optional<std::uint32_t>(found->second);
      ASSERT_EQ(names.find(name, hash(name)), expected);
    }
  }
}

TEST(FlatIndex, GivesUpOnKeysMadeToCollide) {
  Names names(10000);
  for (std::size_t i = 0; i < FlatIndex::kProbesMax; ++i) {
    ASSERT_EQ(names.add(std::to_string(i), 77), FlatIndex::Inserted::New);
  }
  EXPECT_EQ(names.add("one more", 77), FlatIndex::Inserted::TooManyProbes);
  EXPECT_FALSE(names.find("one more", 77).has_value());
  EXPECT_EQ(names.find("5", 77), 5U);
}

}  // namespace
}  // namespace inference
