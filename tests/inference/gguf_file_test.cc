// What a good file gives: values of exact types, tensors where they lie, both versions, and the
// form of the errors a caller can cause.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <limits>
#include <numeric>

#include "inference/error.h"
#include "inference/gguf/file.h"
#include "tests/support/gguf_writer.h"
#include "tests/support/temp_dir.h"

namespace inference::gguf {
namespace {

using test_support::GgufWriter;
using test_support::TempDir;

// The message of the LoadError that `action` must throw.
template <typename Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (const LoadError& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was refused";
  return {};
}

std::string write(const TempDir& folder, const GgufWriter& writer) {
  return folder.write("model.gguf", writer.bytes());
}

GgufWriter writer_with_every_type(std::uint32_t version) {
  GgufWriter writer(version);
  writer.u8("u8", 255);
  writer.i8("i8", -128);
  writer.u16("u16", 65535);
  writer.i16("i16", -32768);
  writer.u32("u32", 4294967295U);
  writer.i32("i32", std::numeric_limits<std::int32_t>::min());
  writer.u64("u64", std::numeric_limits<std::uint64_t>::max());
  writer.i64("i64", std::numeric_limits<std::int64_t>::min());
  writer.f32("f32", 0.1F);
  writer.f64("f64", 0.1);
  writer.boolean("yes", true);
  writer.boolean("no", false);
  writer.string("string", "caf\xc3\xa9 \"x\"");
  writer.string("empty", "");
  writer.strings("strings", {"a", "", std::string("b\0c", 3)});
  writer.f32s("floats", {1.5F, -2});
  writer.i32s("i32s", {-1, 7});
  writer.u32s("u32s", {1, 7});
  writer.strings("none", {});
  return writer;
}

TEST(GgufFile, ReadsEveryTypeOfValueInBothVersions) {
  for (const std::uint32_t version : {2U, 3U}) {
    const TempDir folder;
    const File file(write(folder, writer_with_every_type(version)));
    EXPECT_EQ(file.version(), version);
    EXPECT_EQ(file.key_count(), 19U);
    EXPECT_EQ(file.u32("u32"), 4294967295U);
    EXPECT_EQ(file.f32("f32"), 0.1F);
    EXPECT_TRUE(file.boolean_or("yes", false));
    EXPECT_FALSE(file.boolean_or("no", true));
    EXPECT_EQ(file.string("string"), "caf\xc3\xa9 \"x\"");
    EXPECT_EQ(file.string("empty"), "");
    EXPECT_EQ(file.strings("strings"), (std::vector<std::string>{"a", "", std::string("b\0c", 3)}));
    EXPECT_EQ(file.floats("floats"), (std::vector<float>{1.5F, -2}));
    EXPECT_EQ(file.i32s("i32s"), (std::vector<std::int32_t>{-1, 7}));
    EXPECT_EQ(file.i32s("u32s"), (std::vector<std::int32_t>{1, 7}));
    EXPECT_TRUE(file.strings("none").empty());
    EXPECT_EQ(file.array_count("strings"), 3U);
    EXPECT_EQ(file.array_count("u32"), 0U);
    EXPECT_EQ(file.array_count("absent"), 0U);
  }
}

TEST(GgufFile, DescribesValuesShortlyAndWithoutControlBytes) {
  const TempDir folder;
  GgufWriter writer = writer_with_every_type(3);
  writer.string("long", std::string(70, 'x'));
  writer.string("terminal", "\x1b[2J");
  const File file(write(folder, writer));
  EXPECT_EQ(file.describe("u8"), "u8 255");
  EXPECT_EQ(file.describe("i8"), "i8 -128");
  EXPECT_EQ(file.describe("u16"), "u16 65535");
  EXPECT_EQ(file.describe("i16"), "i16 -32768");
  EXPECT_EQ(file.describe("i32"), "i32 -2147483648");
  EXPECT_EQ(file.describe("u64"), "u64 18446744073709551615");
  EXPECT_EQ(file.describe("i64"), "i64 -9223372036854775808");
  EXPECT_EQ(file.describe("f32"), "f32 0.100000001");
  EXPECT_EQ(file.describe("f64"), "f64 0.10000000000000001");
  EXPECT_EQ(file.describe("yes"), "bool true");
  EXPECT_EQ(file.describe("strings"), "array of string, 3 elements");
  EXPECT_EQ(file.describe("string"), "string \"caf\\xc3\\xa9 \\\"x\\\"\"");
  EXPECT_EQ(file.describe("long"), "string \"" + std::string(64, 'x') + "...\"");
  EXPECT_EQ(file.describe("terminal"), "string \"\\x1b[2J\"");
  EXPECT_EQ(file.describe("absent"), "absent");
}

TEST(GgufFile, ListsKeysInFileOrder) {
  const TempDir folder;
  GgufWriter writer;
  writer.u32("z", 1);
  writer.u32("a", 2);
  const File file(write(folder, writer));
  EXPECT_EQ(file.keys(), (std::vector<std::string>{"z", "a"}));
  EXPECT_TRUE(file.has("z"));
  EXPECT_FALSE(file.has("b"));
}

TEST(GgufFile, UsesFallbacksOnlyForAbsentKeys) {
  const TempDir folder;
  GgufWriter writer;
  writer.i32("wrong", 1);
  const File file(write(folder, writer));
  EXPECT_EQ(file.u32_or("absent", 5), 5U);
  EXPECT_EQ(file.f32_or("absent", 0.5F), 0.5F);
  EXPECT_TRUE(file.boolean_or("absent", true));
  EXPECT_EQ(file.string_or("absent", "x"), "x");
  EXPECT_THROW(static_cast<void>(file.u32_or("wrong", 5)), LoadError);
  EXPECT_THROW(static_cast<void>(file.f32_or("wrong", 5)), LoadError);
  EXPECT_THROW(static_cast<void>(file.boolean_or("wrong", true)), LoadError);
  EXPECT_THROW(static_cast<void>(file.string_or("wrong", "")), LoadError);
}

TEST(GgufFile, RefusesEveryOtherTypeWhereOneIsDemanded) {
  const TempDir folder;
  const File file(write(folder, writer_with_every_type(3)));
  for (const std::string& key : file.keys()) {
    SCOPED_TRACE(key);
    const auto refused = [](auto getter) {
      try {
        static_cast<void>(getter());
      } catch (const LoadError&) {
        return true;
      }
      return false;
    };
    EXPECT_NE(refused([&] { return file.u32(key); }), key == "u32");
    EXPECT_NE(refused([&] { return file.f32(key); }), key == "f32");
    EXPECT_NE(refused([&] { return file.string(key); }), key == "string" || key == "empty");
    EXPECT_NE(refused([&] { return file.strings(key); }), key == "strings" || key == "none");
    EXPECT_NE(refused([&] { return file.floats(key); }), key == "floats");
    EXPECT_NE(refused([&] { return file.i32s(key); }), key == "i32s" || key == "u32s");
  }
}

TEST(GgufFile, NamesFileOffsetKeyFoundAndWantedInErrors) {
  const TempDir folder;
  GgufWriter writer;
  writer.i32("llama.block_count", 2);
  writer.f32_tensor("norm", {4}, {1, 1, 1, 1});
  const std::string path = write(folder, writer);
  const File file(path);
  // 24 bytes of head, 8 + 17 of name, 4 of type.
  EXPECT_EQ(refusal([&] { return file.u32("llama.block_count"); }),
            path + ": offset 53: key \"llama.block_count\": found i32, wanted u32");
  EXPECT_EQ(refusal([&] { return file.u32("x"); }),
            path + ": key \"x\": found no such key, wanted u32");
  EXPECT_EQ(refusal([&] { file.refuse("llama.block_count", "2", "at least 3"); }),
            path + ": offset 53: key \"llama.block_count\": found 2, wanted at least 3");
  EXPECT_EQ(refusal([&] { file.refuse("norm", "[4]", "[8]"); }),
            path + ": offset 57: tensor \"norm\": found [4], wanted [8]");
  EXPECT_EQ(refusal([&] { file.refuse("the vocabulary", "0 tokens", "some"); }),
            path + ": the vocabulary: found 0 tokens, wanted some");
}

TEST(GgufFile, RefusesUnsignedIntegersBeyondInt32InI32s) {
  const TempDir folder;
  GgufWriter writer;
  writer.u32s("big", {1, 2147483648U});
  const File file(write(folder, writer));
  EXPECT_THROW(file.i32s("big"), LoadError);
}

TEST(GgufFile, FindsTensorsAndReadsTheirBytes) {
  const TempDir folder;
  for (const std::uint32_t alignment : {32U, 64U, 4096U}) {
    GgufWriter writer(3, alignment);
    std::vector<float> values(3 * 5);
    std::iota(values.begin(), values.end(), 0.0F);
    writer.f32_tensor("first", {3, 5}, values);
    writer.tensor("blocks", QuantType::Q4_1, {64, 2, 3}, std::vector<std::byte>(40 * 6));
    writer.f32_tensor("last", {2}, {8, 9});
    const File file(write(folder, writer));
    EXPECT_EQ(file.alignment(), alignment);
    ASSERT_EQ(file.tensors().size(), 3U);

    const Tensor* first = file.find_tensor("first");
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(first->rows(), 5U);
    EXPECT_EQ(first->row_bytes(), 12U);
    EXPECT_EQ(first->bytes, 60U);
    std::vector<float> read(values.size());
    ASSERT_TRUE(file.read_at(first->offset, std::as_writable_bytes(std::span(read))));
    EXPECT_EQ(read, values);

    const Tensor* blocks = file.find_tensor("blocks");
    ASSERT_NE(blocks, nullptr);
    EXPECT_EQ(blocks->type, QuantType::Q4_1);
    EXPECT_EQ(blocks->rows(), 6U);
    EXPECT_EQ(blocks->row_bytes(), 40U);
    EXPECT_EQ(blocks->bytes, 240U);
    EXPECT_EQ(blocks->offset % alignment, 0U);
    EXPECT_EQ(file.find_tensor("absent"), nullptr);
  }
}

TEST(GgufFile, ReportsReadsBeyondTheEndAsFalse) {
  const TempDir folder;
  GgufWriter writer;
  writer.u32("a", 1);
  const File file(write(folder, writer));
  std::byte byte{};
  EXPECT_TRUE(file.read_at(file.size_bytes() - 1, std::span(&byte, 1)));
  EXPECT_FALSE(file.read_at(file.size_bytes(), std::span(&byte, 1)));
  EXPECT_FALSE(file.read_at(std::numeric_limits<std::uint64_t>::max(), std::span(&byte, 1)));
  EXPECT_TRUE(file.read_at(file.size_bytes(), {}));
}

TEST(GgufFile, ReadsLongVocabulariesAcrossItsChunks) {
  std::vector<std::string> tokens;
  for (std::size_t i = 0; i < 5000; ++i) tokens.push_back(std::string(i % 97, 'a') + "!");
  tokens.emplace_back(64 * 1024, 'z');
  const TempDir folder;
  GgufWriter writer;
  writer.strings("tokens", tokens);
  writer.u32("after", 7);
  const File file(write(folder, writer));
  EXPECT_EQ(file.strings("tokens"), tokens);
  EXPECT_EQ(file.u32("after"), 7U);
}

TEST(GgufFile, OpensVocabularyOfFilesWithTensorTypesItCannotRead) {
  const TempDir folder;
  GgufWriter writer;
  writer.strings("tokenizer.ggml.tokens", {"a"});
  writer.raw_tensor("blk.0.ffn_up.weight", 20, {64}, 0);
  const std::string path = folder.write("model.gguf", writer.bytes() + std::string(64, '\0'));
  const std::string message = refusal([&] { File file(path); });
  EXPECT_NE(message.find("tensor \"blk.0.ffn_up.weight\": found type 20 (iq4_nl)"),
            std::string::npos)
      << message;
  const File vocabulary(path, Contents::VocabularyOnly);
  EXPECT_EQ(vocabulary.strings("tokenizer.ggml.tokens"), std::vector<std::string>{"a"});
  EXPECT_TRUE(vocabulary.tensors().empty());
  EXPECT_EQ(vocabulary.find_tensor("blk.0.ffn_up.weight"), nullptr);
}

TEST(GgufFile, RefusesWhatIsNoRegularFileWithoutWaiting) {
  const TempDir folder;
  const std::string pipe = folder.file("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_NE(refusal([&] { File file(pipe); }).find("no regular file"), std::string::npos);
  EXPECT_NE(refusal([&] { File file(folder.path().string()); }).find("a folder"),
            std::string::npos);
  EXPECT_NE(refusal([&] { File file(folder.file("absent")); }).find("No such file"),
            std::string::npos);
}

TEST(GgufFile, ReportsAFileThatWasCutAfterLoading) {
  const TempDir folder;
  GgufWriter writer;
  writer.string("text", std::string(100, 'x'));
  writer.strings("tokens", std::vector<std::string>(100, "token"));
  const std::string path = write(folder, writer);
  const File file(path);
  std::filesystem::resize_file(path, 60);
  EXPECT_THROW(file.string("text"), LoadError);
  EXPECT_THROW(file.strings("tokens"), LoadError);
}

}  // namespace
}  // namespace inference::gguf
