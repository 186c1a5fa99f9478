// The promise in the kernel's own terms: a model of 637 MiB in 256 MiB and less, page cache
// counted, without swap, with the same logits as with all of it in memory.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "inference/paging/storage.h"
#include "tests/support/known_shapes.h"
#include "tests/support/memory_cgroup.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace test_support {
namespace {

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(PagingCgroup, LargeModelRunsInSmallMemoryAndIsNeverKilled) {
  if (!MemoryCgroup::create(256 << 20)) GTEST_SKIP() << "skipped: no memory cgroup can be written";
  const TempDir folder;
  TinyModelOptions model = find_shape("tinyllama-1.1b").value();
  ASSERT_TRUE(set_quant("q4_k_m", model));
  const std::string path = write_tiny_model(model, folder.file("model.gguf"));
  const auto command = [&](const std::string& more) {
    return std::string("exec ") + PICOLM_COMMAND + " logits -m " + path + " --threads 2 " + more;
  };
  const std::string all = folder.file("all");
  ASSERT_EQ(std::system(("sh -c '" + command("--ids 1,5,9,100,200 > " + all) + "'").c_str()), 0);
  const std::string expected = bytes_of(all);
  ASSERT_EQ(expected.size(), 32000 * sizeof(float));
  for (const std::uint64_t mib : {256u, 192u, 160u, 128u}) {
    SCOPED_TRACE(mib);
    // Cached pages of the file would be charged to whoever touched them first, not to the child.
    inference::FileStorage(path).drop_cache();
    const auto group = MemoryCgroup::create(mib << 20);
    ASSERT_TRUE(group);
    const std::string out = folder.file("out");
    const std::string limit = "--memory " + std::to_string(mib) + "M";
    EXPECT_EQ(group->run(command(limit + " --ids 1,5,9,100,200 > " + out)), 0);
    EXPECT_TRUE(bytes_of(out) == expected);
    EXPECT_EQ(group->kills(), 0u);
    EXPECT_LE(group->peak_bytes(), mib << 20);
    // It was inside, and what it may take it uses.
    EXPECT_TRUE(group->peak_bytes() == 0 || group->peak_bytes() > mib << 19);
  }
}

}  // namespace
}  // namespace test_support
