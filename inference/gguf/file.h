#pragma once

// Bounds-checked reader of GGUF v2 and v3 over pread. The file is hostile: every count is capped,
// every sum is checked, every type is exact, and nothing is allocated from a number the file
// declares without a cap. Weights are not read here, only described; long values (vocabularies) are
// checked at load, then read again from the file when they are asked for, so nothing is kept twice.
// Thread safety: constant after construction; all functions may be called from any thread.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inference/quant/quant_type.h"

namespace inference::gguf {

// Caps of the loader. A file beyond any of them is refused.
struct Limits {
  std::uint64_t key_count_max = 512;
  std::uint64_t tensor_count_max = 4096;
  std::uint64_t key_bytes_max = 256;
  std::uint64_t string_bytes_max = 64 * 1024;
  std::uint64_t array_elements_max = 512 * 1024;
  std::uint64_t tensor_name_bytes_max = 64;
  std::uint32_t alignment_max = 4096;  // and at least 32, a power of two
};

// What the file is opened for.
enum class Contents : std::uint8_t {
  Model,           // everything must be readable: a tensor of a type we cannot read is refused
  VocabularyOnly,  // keys only. The tensor table is checked too, but may hold types we cannot read;
                   // tensors() is empty
};

struct Tensor {
  std::string name;
  QuantType type = QuantType::F32;
  std::vector<std::uint64_t> dims;  // 1 to 4; dims[0] is the length of a row
  std::uint64_t offset = 0;         // of its first byte in the file
  std::uint64_t bytes = 0;
  std::uint64_t rows() const;  // product of dims[1..]
  std::uint64_t row_bytes() const;
};

class File {
 public:
  // Opens and parses the header. Throws LoadError; the message names file, offset, key or tensor,
  // what was found and what was wanted.
  explicit File(const std::string& path, const Limits& limits = {});
  File(const std::string& path, Contents contents, const Limits& limits = {});
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  const std::string& path() const;
  std::uint64_t size_bytes() const;
  std::uint32_t version() const;
  std::uint32_t alignment() const;
  std::uint64_t key_count() const;
  std::vector<std::string> keys() const;  // in file order

  bool has(std::string_view key) const;

  // Required getters throw LoadError if the key is absent or of another type;
  // `*_or` return the fallback if it is absent and still throw if the type is wrong.
  std::uint32_t u32(std::string_view key) const;
  std::uint32_t u32_or(std::string_view key, std::uint32_t fallback) const;
  float f32(std::string_view key) const;
  float f32_or(std::string_view key, float fallback) const;
  bool boolean_or(std::string_view key, bool fallback) const;
  std::string string(std::string_view key) const;
  std::string string_or(std::string_view key, std::string_view fallback) const;
  std::vector<std::string> strings(std::string_view key) const;
  std::vector<float> floats(std::string_view key) const;
  std::vector<std::int32_t> i32s(std::string_view key) const;  // int32 or uint32 arrays
  std::string describe(std::string_view key) const;  // for `inspect`: type and value, short

  // The number of elements if `key` is an array, 0 if it is absent or no array.
  std::uint64_t array_count(std::string_view key) const;

  const std::vector<Tensor>& tensors() const;              // in file order
  const Tensor* find_tensor(std::string_view name) const;  // null if absent

  // Reads exactly `out.size()` bytes at `offset`; false on a short read or an I/O error.
  [[nodiscard]] bool read_at(std::uint64_t offset, std::span<std::byte> out) const;

  // The error every loader throws, so that all messages read alike:
  //   FILE: offset N: key "K": found X, wanted Y
  // `where` is a key or a tensor's name, whose offset is looked up, or any other words.
  [[noreturn]] void refuse(std::string_view where, std::string_view found,
                           std::string_view wanted) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace inference::gguf
