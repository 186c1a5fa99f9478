// synth_model as a user starts it: exit codes, whole files or none, and the sizes of the shapes it
// promises.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "inference/gguf/file.h"
#include "tests/support/known_shapes.h"
#include "tests/support/temp_dir.h"

namespace test_support {
namespace {

using inference::gguf::File;
using inference::gguf::Tensor;

// The exit code of synth_model with these arguments, after `shell` commands.
int run(const std::string& arguments, const std::string& shell = "") {
  const std::string command = shell + PICOLM_SYNTH_MODEL " " + arguments + " >/dev/null 2>&1";
  const int status = std::system(command.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(SynthModel, WritesALoadableFileOfEveryQuant) {
  const TempDir folder;
  const std::string path = folder.file("model.gguf");
  for (const std::string& quant : quant_names()) {
    SCOPED_TRACE(quant);
    ASSERT_EQ(run("--shape tiny --quant " + quant + " --seed 3 " + path), 0);
    const File file(path);
    const Tensor* query = file.find_tensor("blk.0.attn_q.weight");
    ASSERT_NE(query, nullptr);
    EXPECT_TRUE(quant.starts_with(inference::geometry(query->type).name));
    EXPECT_EQ(file.u32("llama.block_count"), 2U);
    EXPECT_TRUE(file.has("tokenizer.chat_template"));
    EXPECT_FALSE(std::filesystem::exists(path + ".part"));
  }
}

TEST(SynthModel, GivesTheSameBytesForTheSameSeedOnly) {
  const TempDir folder;
  for (const char* name : {"a", "b"}) {
    ASSERT_EQ(run("--shape tiny --quant q4_k_m --seed 5 " + folder.file(name)), 0);
  }
  ASSERT_EQ(run("--shape tiny --quant q4_k_m --seed 6 " + folder.file("c")), 0);
  EXPECT_TRUE(content(folder.file("a")) == content(folder.file("b")));
  EXPECT_FALSE(content(folder.file("a")) == content(folder.file("c")));
}

TEST(SynthModel, ExitsWithTwoOnWrongUseAndOneOnRefusal) {
  const TempDir folder;
  const std::string path = folder.file("model.gguf");
  EXPECT_EQ(run("--shape unknown --quant f32 " + path), 2);
  EXPECT_EQ(run("--shape tiny --quant unknown " + path), 2);
  EXPECT_EQ(run("--shape tiny --quant f32"), 2);
  EXPECT_EQ(run("--shape tiny --quant f32 --seed x " + path), 2);
  EXPECT_EQ(run("--help"), 0);
  EXPECT_EQ(run("--version"), 0);
  EXPECT_EQ(run("--shape tiny --quant f32 " + folder.file("no/such/folder/model.gguf")), 1);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(SynthModel, LeavesNothingBehindWhenTheDiskIsFull) {
  const TempDir folder;
  const std::string path = folder.file("model.gguf");
  // A limit on file size makes writes fail as a full disk does.
  EXPECT_EQ(run("--shape tiny --quant f32 " + path, "trap '' XFSZ; ulimit -f 100; "), 1);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(KnownShapes, HaveTheSizeOfTheRealModels) {
  TinyModelOptions options = find_shape("tinyllama-1.1b").value();
  ASSERT_TRUE(set_quant("q4_k_m", options));
  // The published TinyLlama-1.1B Q4_K_M has 668.8 MB with its tokenizer of 1.7 MB; the tensors are
  // counted here from the shape: rows * blocks a row * bytes a block.
  const auto matrix = [](std::uint64_t n_in, std::uint64_t n_out, std::uint64_t block_bytes) {
    return n_in / 256 * block_bytes * n_out;
  };
  const std::uint64_t small_layer =
      2 * matrix(2048, 2048, 144) + 2 * matrix(2048, 256, 144) + 3 * matrix(2048, 5632, 144);
  const std::uint64_t more = matrix(2048, 256, 66) + matrix(5632, 2048, 66);  // Q6_K over Q4_K
  const std::uint64_t norms = 45 * 2048 * 4;
  const std::uint64_t expected =
      22 * small_layer + 10 * more + norms + matrix(2048, 32000, 144) + matrix(2048, 32000, 210);
  EXPECT_EQ(tiny_model(options).tensor_bytes(), expected);
  EXPECT_NEAR(static_cast<double>(small_layer) / 1e6, 24.8, 0.05);
  EXPECT_NEAR(static_cast<double>(small_layer + more) / 1e6, 27.9, 0.05);
  EXPECT_NEAR(static_cast<double>(expected) / 1e6, 667.1, 0.05);

  options = find_shape("smollm2-135m").value();
  ASSERT_TRUE(set_quant("f16", options));
  EXPECT_NEAR(static_cast<double>(tiny_model(options).tensor_bytes()), 2 * 134.515e6, 1e5);
  EXPECT_FALSE(find_shape("unknown"));
  EXPECT_FALSE(set_quant("unknown", options));
}

}  // namespace
}  // namespace test_support
