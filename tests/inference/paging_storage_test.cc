// Reading a file in whole pages, and telling when it is no longer the same.

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "inference/error.h"
#include "inference/paging/block_check.h"
#include "inference/paging/ring.h"
#include "inference/paging/storage.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"

namespace test_support {
namespace {

using inference::FileStorage;
using inference::Hull;
using inference::PageBuffer;
using inference::Ring;
using inference::Storage;

std::string random_bytes(std::size_t size, std::uint64_t seed) {
  std::string bytes(size, '\0');
  Random(seed).fill(std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

void expect_every_hull(const std::string& path, const std::string& bytes) {
  FileStorage storage(path);
  ASSERT_EQ(storage.size_bytes(), bytes.size());
  PageBuffer buffer(8 * Storage::kAlignment);
  for (std::uint64_t offset = 0; offset < bytes.size(); offset += 1777) {
    for (const std::uint64_t size : {1u, 100u, 5000u, 20000u}) {
      if (offset + size > bytes.size()) continue;
      const Hull hull = inference::hull_of(offset, size);
      const auto read = inference::read_hull(storage, hull, buffer.bytes());
      ASSERT_TRUE(read.has_value());
      EXPECT_EQ(read->size(), std::min<std::uint64_t>(hull.end, bytes.size()) - hull.begin);
      EXPECT_EQ(std::memcmp(read->data(), bytes.data() + hull.begin, read->size()), 0);
    }
  }
}

TEST(PagingStorage, ReadsEveryPartOfAFileOnDiskAndInMemory) {
  const std::string bytes = random_bytes(100'000, 1);
  const TempDir folder;
  expect_every_hull(folder.write("file", bytes), bytes);
  const std::filesystem::path memory = "/dev/shm";  // refuses O_DIRECT on many kernels
  if (!std::filesystem::is_directory(memory)) GTEST_SKIP() << "skipped: no /dev/shm";
  const std::filesystem::path path = memory / ("picolm-" + folder.path().filename().string());
  std::ofstream(path, std::ios::binary) << bytes;
  expect_every_hull(path, bytes);
  std::filesystem::remove(path);
}

TEST(PagingStorage, HullThatTheFileDoesNotFillIsNotRead) {
  const TempDir folder;
  const std::string path = folder.write("file", random_bytes(10'000, 2));
  FileStorage storage(path);
  PageBuffer buffer(4 * Storage::kAlignment);
  const Hull last{8192, 12288};
  ASSERT_TRUE(inference::read_hull(storage, last, buffer.bytes()).has_value());
  EXPECT_FALSE(inference::read_hull(storage, {12288, 16384}, buffer.bytes()).has_value());
  std::filesystem::resize_file(path, 9'999);
  EXPECT_FALSE(inference::read_hull(storage, last, buffer.bytes()).has_value());
  EXPECT_TRUE(inference::read_hull(storage, {0, 8192}, buffer.bytes()).has_value());
}

TEST(PagingStorage, FolderOrMissingFileIsRefused) {
  const TempDir folder;
  EXPECT_THROW(FileStorage(folder.path().string()), inference::LoadError);
  EXPECT_THROW(FileStorage(folder.file("none")), inference::LoadError);
}

TEST(PagingStorage, TellsWhatBecameOfTheFile) {
  const TempDir folder;
  const std::string bytes = random_bytes(10'000, 3);
  const std::string path = folder.write("file", bytes);
  FileStorage storage(path);
  EXPECT_EQ(storage.check(), Storage::State::Same);
  std::filesystem::resize_file(path, 9'000);
  EXPECT_EQ(storage.check(), Storage::State::Unusable);
  EXPECT_EQ(storage.check(), Storage::State::Unusable);
  folder.write("file", bytes);
  EXPECT_EQ(storage.check(), Storage::State::Changed);
  EXPECT_EQ(storage.check(), Storage::State::Same);
  std::filesystem::last_write_time(path, std::filesystem::file_time_type{});
  EXPECT_EQ(storage.check(), Storage::State::Changed);
  EXPECT_EQ(storage.check(), Storage::State::Same);
}

TEST(PagingStorage, ChecksumSeesEveryBit) {
  std::string bytes = random_bytes(203, 4);
  const std::uint64_t sum = inference::checksum(std::as_bytes(std::span(bytes)));
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    EXPECT_NE(inference::checksum(std::as_bytes(std::span(bytes))), sum) << bit;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
  }
  EXPECT_NE(inference::checksum(std::as_bytes(std::span(bytes).first(202))), sum);
}

// The ring against a list: what was filled and not yet taken, in order.
TEST(PagingRing, KeepsTheOrderThroughTakesSkipsAndFailures) {
  for (const std::uint32_t slots : {2u, 3u, 7u}) {
    Random random(slots);
    Ring ring(slots, 100);
    std::vector<std::pair<inference::BlockId, bool>> line;  // block, failed
    std::vector<const std::byte*> held;
    std::byte* filling = nullptr;  // the slot
    inference::BlockId next = 0;
    inference::BlockId filling_block = 0;
    bool forgotten = false;
    for (int step = 0; step < 3000; ++step) {
      switch (random.below(6)) {
        case 0:
        case 1:
          if (!filling && ring.can_fill()) {
            filling_block = next++;
            filling = ring.begin_fill(filling_block).data();
            forgotten = false;
          }
          break;
        case 2:
          if (filling) {
            const bool failed = random.below(8) == 0;
            ring.end_fill(failed ? nullptr : filling);
            if (!forgotten) line.emplace_back(filling_block, failed);
            filling = nullptr;
          }
          break;
        case 3:
          if (!line.empty() && held.size() + 1 < slots) {
            const std::size_t at = random.below(line.size());
            const auto [block, failed] = line[at];
            const Ring::Front front = ring.bring_to_front(block);
            line.erase(line.begin(), line.begin() + static_cast<long>(at));
            EXPECT_EQ(front, failed ? Ring::Front::Failed : Ring::Front::Ready);
            if (failed) {
              EXPECT_EQ(ring.drop_failed(), block);
            } else {
              held.push_back(ring.take());
            }
            line.erase(line.begin());
          }
          break;
        case 4:
          if (!held.empty()) {
            ring.give_back(held.front());
            held.erase(held.begin());
          }
          break;
        case 5:
          if (random.below(10) != 0) break;
          ring.drop_all();
          line.clear();
          forgotten = filling != nullptr;
          EXPECT_EQ(ring.bring_to_front(0), Ring::Front::Absent);
          break;
      }
      // Nothing is filled behind a failure, and a free slot is used if there is one.
      const bool failed = !line.empty() && line.back().second;
      const std::size_t used = line.size() + held.size() + (filling ? 1 : 0);
      const bool must_not = failed || filling != nullptr || used == slots;
      ASSERT_FALSE(must_not && ring.can_fill());
      ASSERT_TRUE(must_not || !held.empty() || ring.can_fill());
    }
  }
}

}  // namespace
}  // namespace test_support
