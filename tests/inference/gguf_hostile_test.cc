// Files that lie. Each rule of the loader has a file that breaks just that rule; then files are
// cut at every byte and bytes are changed at random. All must end in LoadError or in a file whose
// tables can be trusted, without a large allocation on the way.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <limits>

#include "inference/error.h"
#include "inference/gguf/file.h"
#include "tests/support/allocations.h"
#include "tests/support/gguf_writer.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"

namespace inference::gguf {
namespace {

using test_support::GgufWriter;
using test_support::TempDir;

constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();

std::string number(std::uint64_t value, std::size_t bytes) {
  std::string out(bytes, '\0');
  std::memcpy(out.data(), &value, bytes);
  return out;
}

// Opens `bytes` as a file, which must be refused with a message that holds `part`.
void expect_refused(const std::string& bytes, const std::string& part,
                    Contents contents = Contents::Model, const Limits& limits = {}) {
  const TempDir folder;
  const std::string path = folder.write("model.gguf", bytes);
  test_support::reset_allocations();
  try {
    const File file(path, contents, limits);
    ADD_FAILURE() << "loaded, wanted a refusal with: " << part;
  } catch (const LoadError& error) {
    const std::string message = error.what();
    EXPECT_TRUE(message.starts_with(path + ": offset ")) << message;
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
  EXPECT_LT(test_support::allocations().bytes, 1U << 20) << part;
}

void expect_loads(const std::string& bytes, const Limits& limits = {}) {
  const TempDir folder;
  EXPECT_NO_THROW(File(folder.write("model.gguf", bytes), limits));
}

std::string head(std::uint64_t version, std::uint64_t tensor_count, std::uint64_t key_count) {
  return "GGUF" + number(version, 4) + number(tensor_count, 8) + number(key_count, 8);
}

std::string name(const std::string& text) { return number(text.size(), 8) + text; }

TEST(GgufHostile, RefusesOtherMagicsAndVersions) {
  expect_refused("ggml" + head(3, 0, 0).substr(4), "the magic: found \"ggml\", wanted \"GGUF\"");
  expect_refused(head(0, 0, 0), "the version: found 0, wanted 2 or 3");
  expect_refused(head(1, 0, 0), "the version: found 1, wanted 2 or 3");
  expect_refused(head(4, 0, 0), "the version: found 4, wanted 2 or 3");
  expect_refused(head(0x03000000, 0, 0), "(a big-endian file), wanted 2 or 3, little-endian");
  expect_refused(head(0x02000000, 0, 0), "(a big-endian file)");
}

TEST(GgufHostile, RefusesCountsBeyondTheCaps) {
  expect_refused(head(3, 4097, 0), "the number of tensors: found 4097, wanted at most 4096");
  expect_refused(head(3, kHuge, 0), "the number of tensors");
  expect_refused(head(3, 0, 513), "the number of keys: found 513, wanted at most 512");
  expect_refused(head(3, 0, kHuge), "the number of keys");
  expect_refused(head(3, 4096, 512), "a key's name: found the end of the file");
}

TEST(GgufHostile, AcceptsAsManyKeysAndTensorsAsTheCapsAllow) {
  GgufWriter writer;
  for (std::uint32_t i = 0; i < 512; ++i) writer.u32("key" + std::to_string(i), i);
  for (std::uint32_t i = 0; i < 4096; ++i) writer.f32_tensor("t" + std::to_string(i), {1}, {0});
  expect_loads(writer.bytes());
}

TEST(GgufHostile, RefusesNamesThatAreLongEmptyOrUnprintable) {
  const std::string value = number(4, 4) + number(1, 4);
  expect_loads(head(3, 0, 1) + name(std::string(256, 'k')) + value);
  expect_refused(head(3, 0, 1) + name(std::string(257, 'k')) + value,
                 "a key's name: found a string of 257 bytes, wanted at most 256");
  expect_refused(head(3, 0, 1) + number(kHuge, 8) + value,
                 "found a string of 18446744073709551615 bytes");
  expect_refused(head(3, 0, 1) + name("") + value, "a key's name: found \"\"");
  expect_refused(head(3, 0, 1) + name("a\x1b[0m") + value, "found \"a\\x1b[0m\"");
  expect_refused(head(3, 0, 1) + name(std::string("a\0b", 3)) + value, "found \"a\\x00b\"");

  const std::string entry = number(1, 4) + number(8, 8) + number(0, 4) + number(0, 8);
  const std::string data(256, '\0');
  expect_loads(head(3, 1, 0) + name(std::string(64, 't')) + entry + data);
  expect_refused(head(3, 1, 0) + name(std::string(65, 't')) + entry + data,
                 "a tensor's name: found a string of 65 bytes, wanted at most 64");
  expect_refused(head(3, 1, 0) + name("") + entry + data, "a tensor's name: found \"\"");
}

TEST(GgufHostile, RefusesStringsAndArraysBeyondTheCaps) {
  GgufWriter writer;
  writer.string("s", std::string(64 * 1024 + 1, 'x'));
  expect_refused(writer.bytes(), "key \"s\": found a string of 65537 bytes, wanted at most 65536");
  writer = GgufWriter();
  writer.strings("s", {std::string(64 * 1024 + 1, 'x')});
  expect_refused(writer.bytes(), "key \"s\": found a string of 65537 bytes");
  writer = GgufWriter();
  writer.raw("a", 9, number(0, 4) + number(512 * 1024 + 1, 8) + std::string(512 * 1024 + 1, 'x'));
  expect_refused(writer.bytes(), "key \"a\": found 524289 elements, wanted at most 524288");
}

TEST(GgufHostile, RefusesLengthsBeyondTheEndBeforeAllocating) {
  const std::uint64_t count = 512 * 1024;
  for (const std::uint64_t element : {0U, 2U, 4U, 6U, 8U, 10U, 12U}) {
    GgufWriter writer;
    writer.raw("a", 9, number(element, 4) + number(count, 8) + std::string(40, '\0'));
    expect_refused(writer.bytes(), "key \"a\": found the end of the file after ");
  }
  GgufWriter writer;
  writer.raw("s", 8, number(60000, 8) + "short");
  expect_refused(writer.bytes(),
                 "key \"s\": found the end of the file after 5 bytes, wanted 60000");
}

TEST(GgufHostile, RefusesArraySizesThatOverflowWhateverTheCap) {
  Limits limits;
  limits.array_elements_max = kHuge;
  limits.string_bytes_max = kHuge;
  GgufWriter writer;
  writer.raw("a", 9, number(10, 4) + number(kHuge / 8 + 2, 8) + std::string(64, '\0'));
  expect_refused(writer.bytes(), "key \"a\": found 2305843009213693953 elements", Contents::Model,
                 limits);
  writer = GgufWriter();
  writer.raw("s", 8, number(kHuge - 4, 8) + std::string(64, '\0'));
  expect_refused(writer.bytes(), "key \"s\": found the end of the file", Contents::Model, limits);
}

TEST(GgufHostile, RefusesUnknownTypesNestedArraysAndOddBooleans) {
  GgufWriter writer;
  writer.raw("a", 13, std::string(8, '\0'));
  expect_refused(writer.bytes(), "key \"a\": found value type 13, wanted a type from 0 to 12");
  writer = GgufWriter();
  writer.raw("a", 9, number(13, 4) + number(1, 8) + std::string(8, '\0'));
  expect_refused(writer.bytes(), "key \"a\": found value type 13");
  writer = GgufWriter();
  writer.raw("a", 9, number(9, 4) + number(1, 8) + number(4, 4) + number(0, 8));
  expect_refused(writer.bytes(), "key \"a\": found an array of arrays");
  writer = GgufWriter();
  writer.raw("a", 7, number(2, 1));
  expect_refused(writer.bytes(), "key \"a\": found boolean 2, wanted 0 or 1");
}

TEST(GgufHostile, RefusesDuplicateKeysAndTensors) {
  GgufWriter writer;
  writer.u32("a", 1);
  writer.u32("b", 1);
  writer.string("a", "again");
  expect_refused(writer.bytes(), "key \"a\": found a second value");
  writer = GgufWriter();
  writer.f32_tensor("t", {8}, std::vector<float>(8));
  writer.f32_tensor("t", {8}, std::vector<float>(8));
  expect_refused(writer.bytes(), "tensor \"t\": found a second tensor of this name");
}

TEST(GgufHostile, RefusesEveryAlignmentButPowersOfTwoFrom32To4096) {
  for (std::uint64_t alignment = 0; alignment <= 9000; ++alignment) {
    const bool good = alignment == 32 || alignment == 64 || alignment == 128 || alignment == 256 ||
                      alignment == 512 || alignment == 1024 || alignment == 2048 ||
                      alignment == 4096;
    if (!good && alignment % 37 != 0 && (alignment & (alignment - 1)) != 0) continue;  // a sample
    GgufWriter writer;
    writer.u32("general.alignment", static_cast<std::uint32_t>(alignment));
    if (good) {
      expect_loads(writer.bytes());
    } else {
      expect_refused(writer.bytes(), "key \"general.alignment\": found " +
                                         std::to_string(alignment) + ", wanted a power of two");
    }
  }
  GgufWriter writer;
  writer.u64("general.alignment", 64);
  expect_refused(writer.bytes(), "key \"general.alignment\": found u64, wanted u32");
}

// A file with one tensor entry and 4 KiB of data.
std::string one_tensor(std::uint32_t type, const std::vector<std::uint64_t>& dims,
                       std::uint64_t offset) {
  GgufWriter writer;
  writer.raw_tensor("t", type, dims, offset);
  return writer.bytes() + std::string(4096, '\0');
}

TEST(GgufHostile, RefusesImpossibleShapes) {
  expect_loads(one_tensor(0, {2, 2, 2, 2}, 0));
  expect_refused(one_tensor(0, {}, 0), "tensor \"t\": found 0 dimensions, wanted 1 to 4");
  expect_refused(one_tensor(0, {1, 1, 1, 1, 1}, 0), "tensor \"t\": found 5 dimensions");
  expect_refused(one_tensor(0, {8, 0}, 0), "tensor \"t\": found a dimension of 0");
  expect_refused(one_tensor(0, {0}, 0), "tensor \"t\": found a dimension of 0");
  // Products that wrap to something small, or to 0.
  expect_refused(one_tensor(0, {1ULL << 32, 1ULL << 32}, 0), "whose product overflows");
  expect_refused(one_tensor(0, {(1ULL << 32) + 1, 1ULL << 32}, 0), "whose product overflows");
  expect_refused(one_tensor(0, {1ULL << 62}, 0), "found a size that overflows");
  expect_refused(one_tensor(0, {1ULL << 31, 1ULL << 31}, 0), "found a size that overflows");
  expect_refused(one_tensor(8, {33}, 0), "found rows of 33 values, wanted a multiple of 32");
  expect_refused(one_tensor(12, {128, 2}, 0), "wanted a multiple of 256, the block of q4_k");
}

TEST(GgufHostile, RefusesTensorTypesItCannotReadByName) {
  expect_refused(one_tensor(10, {256}, 0), "found type 10 (q2_k), wanted f32, f16");
  expect_refused(one_tensor(200, {32}, 0), "found type 200, wanted f32, f16");
  expect_refused(one_tensor(4, {32}, 0), "found type 4, wanted");  // removed from the format
}

TEST(GgufHostile, RefusesDataThatIsNotWhollyInsideTheFile) {
  expect_loads(one_tensor(0, {1024}, 0));
  expect_refused(one_tensor(0, {1025}, 0), "wanted data inside the file");
  expect_loads(one_tensor(0, {1016}, 32));
  expect_refused(one_tensor(0, {1017}, 32), "wanted data inside the file");
  expect_refused(one_tensor(0, {8}, 4096), "wanted data inside the file");
  expect_refused(one_tensor(0, {8}, 1ULL << 40), "wanted data inside the file");
  expect_refused(one_tensor(0, {8}, kHuge - 31), "wanted data inside the file");
  expect_refused(one_tensor(0, {1ULL << 40}, 0), "wanted data inside the file");
  expect_refused(one_tensor(0, {8}, 16), "found data offset 16, wanted a multiple of 32");
  expect_refused(one_tensor(200, {8}, 1ULL << 40), "wanted data inside the file",
                 Contents::VocabularyOnly);
}

TEST(GgufHostile, RefusesOverlappingTensors) {
  GgufWriter writer;
  writer.raw_tensor("a", 0, {16}, 64);
  writer.raw_tensor("b", 0, {17}, 0);  // 68 bytes: 4 into "a"
  expect_refused(writer.bytes() + std::string(256, '\0'), "tensor \"a\": found data at ");
  writer = GgufWriter();
  writer.raw_tensor("a", 0, {16}, 64);
  writer.raw_tensor("b", 0, {16}, 0);  // just up to "a"
  expect_loads(writer.bytes() + std::string(256, '\0'));
  writer = GgufWriter();
  writer.raw_tensor("a", 0, {8}, 0);
  writer.raw_tensor("b", 0, {8}, 0);
  expect_refused(writer.bytes() + std::string(256, '\0'), "where tensor \"");
}

GgufWriter small_file(std::uint32_t version) {
  GgufWriter writer(version, 64);
  writer.string("general.architecture", "llama");
  writer.boolean("tokenizer.ggml.add_bos_token", true);
  writer.u64("u64", 5);
  writer.f32("llama.rope.freq_base", 10000);
  writer.strings("tokenizer.ggml.tokens", {"<unk>", "a", "", "ab"});
  writer.f32s("tokenizer.ggml.scores", {0, -1, -2, -3});
  writer.i32s("tokenizer.ggml.token_type", {2, 1, 1, 1});
  writer.f32_tensor("norm", {8}, std::vector<float>(8, 1.0F));
  writer.tensor("matrix", QuantType::Q8_0, {32, 3}, std::vector<std::byte>(102));
  return writer;
}

// Everything a caller can ask of a file that loaded; only LoadError may come out.
void use(const File& file) {
  for (const std::string& key : file.keys()) {
    EXPECT_FALSE(file.describe(key).empty());
    const auto attempt = [&](auto getter) {
      try {
        getter();
      } catch (const LoadError&) {
      }
    };
    attempt([&] { return file.u32(key); });
    attempt([&] { return file.f32(key); });
    attempt([&] { return file.boolean_or(key, false); });
    attempt([&] { return file.string(key); });
    attempt([&] { return file.strings(key); });
    attempt([&] { return file.floats(key); });
    attempt([&] { return file.i32s(key); });
  }
  std::vector<std::byte> bytes;
  for (const Tensor& tensor : file.tensors()) {
    ASSERT_EQ(tensor.bytes, tensor.rows() * tensor.row_bytes());
    ASSERT_LE(tensor.offset + tensor.bytes, file.size_bytes());
    ASSERT_EQ(tensor.offset % file.alignment(), 0U);
    ASSERT_EQ(file.find_tensor(tensor.name), &tensor);
    bytes.resize(static_cast<std::size_t>(tensor.bytes));
    ASSERT_TRUE(file.read_at(tensor.offset, bytes));
  }
}

TEST(GgufHostile, RefusesAFileCutAtAnyByte) {
  for (const std::uint32_t version : {2U, 3U}) {
    const TempDir folder;
    const std::string path = folder.write("model.gguf", small_file(version).bytes());
    std::uint64_t data_end = 0;
    {
      const File whole(path);
      use(whole);
      for (const Tensor& tensor : whole.tensors()) {
        data_end = std::max(data_end, tensor.offset + tensor.bytes);
      }
    }
    for (std::uint64_t size = data_end; size-- > 0;) {
      std::filesystem::resize_file(path, size);
      EXPECT_THROW(File{path}, LoadError) << "cut to " << size << " bytes";
    }
  }
}

// One to four changes of a kind that finds edges: a bit, a byte, or a whole number.
void mutate(test_support::Random& random, std::string& bytes) {
  constexpr std::uint64_t kEdges[] = {0,        1,           0x7f,       0xff,       0xffff,
                                      1U << 31, 0xffffffffU, 1ULL << 32, 1ULL << 63, kHuge};
  for (std::uint64_t changes = 1 + random.below(4); changes > 0; --changes) {
    const std::size_t at = random.below(bytes.size());
    switch (random.below(3)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
        break;
      case 1:
        bytes[at] = static_cast<char>(random.next());
        break;
      default: {
        const std::uint64_t value = kEdges[random.below(std::size(kEdges))];
        const std::size_t size =
            std::min<std::size_t>(random.below(2) == 0 ? 4 : 8, bytes.size() - at);
        bytes.replace(at, size, number(value, size));
      }
    }
  }
}

TEST(GgufHostile, SurvivesRandomChangesOfBytes) {
  const TempDir folder;
  const std::string good = small_file(3).bytes();
  std::uint64_t loaded = 0;
  std::uint64_t refused = 0;
  for (std::uint64_t seed = 0; seed < 4000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    test_support::Random random(seed);
    std::string bytes = good;
    mutate(random, bytes);
    const std::string path = folder.write("model.gguf", bytes);
    test_support::reset_allocations();
    try {
      const File file(path);
      use(file);
      ++loaded;
    } catch (const LoadError&) {
      ++refused;
    }
    ASSERT_LT(test_support::allocations().largest_bytes, 1U << 20);
  }
  // Both ends were reached, or the test shows nothing.
  EXPECT_GT(loaded, 100U);
  EXPECT_GT(refused, 1000U);
}

}  // namespace
}  // namespace inference::gguf
