#include "inference/kv/kv_sequence.h"

#include <gtest/gtest.h>

namespace inference {
namespace {

TEST(KvSequence, StartsEmptyWithRoomForItsCapacity) {
  const KvSequence sequence(3, 8, 5);
  EXPECT_EQ(sequence.length(), 0u);
  EXPECT_EQ(sequence.capacity(), 5u);
  EXPECT_EQ(sequence.size_bytes(), 3u * 8 * 5 * 2 * sizeof(Half));
}

TEST(KvSequence, GivesEveryTokenOfEveryLayerItsOwnVectors) {
  KvSequence sequence(3, 4, 5);
  Half next = 0;
  for (std::uint32_t layer = 0; layer < 3; ++layer) {
    for (std::uint32_t token = 0; token < 5; ++token) {
      for (std::uint32_t i = 0; i < 4; ++i) {
        sequence.key(layer, token)[i] = next++;
        sequence.value(layer, token)[i] = next++;
      }
    }
  }
  next = 0;
  for (std::uint32_t layer = 0; layer < 3; ++layer) {
    for (std::uint32_t token = 0; token < 5; ++token) {
      for (std::uint32_t i = 0; i < 4; ++i) {
        EXPECT_EQ(sequence.key(layer, token)[i], next++);
        EXPECT_EQ(sequence.value(layer, token)[i], next++);
      }
    }
  }
}

TEST(KvSequence, CommitsUpToItsCapacityAndForgetsFromTheEnd) {
  KvSequence sequence(1, 2, 4);
  sequence.commit(3);
  EXPECT_EQ(sequence.length(), 3u);
  sequence.truncate(1);
  EXPECT_EQ(sequence.length(), 1u);
  sequence.commit(3);
  EXPECT_EQ(sequence.length(), 4u);
}

TEST(KvSequenceDeathTest, BrokenRulesStopTheProcess) {
  KvSequence sequence(1, 2, 4);
  sequence.commit(2);
  EXPECT_DEATH(sequence.commit(3), "CHECK failed");
  EXPECT_DEATH(sequence.truncate(3), "CHECK failed");
  EXPECT_DEATH(KvSequence(0, 2, 4), "CHECK failed");
}

}  // namespace
}  // namespace inference
