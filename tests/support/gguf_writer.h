#pragma once

// Writes GGUF v3 and v2 files, well-formed or broken on purpose: nothing is checked here.
//   GgufWriter writer;
//   writer.string("general.architecture", "llama");
//   writer.u32("llama.block_count", 2);
//   writer.tensor("output_norm.weight", QuantType::F32, {64}, bytes);
//   writer.write(path);
// Thread safety: unsafe.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inference/quant/quant_type.h"

namespace test_support {

using inference::QuantType;

// GGUF's numbers for the types of values.
enum class ValueType : std::uint32_t {
  U8 = 0,
  I8 = 1,
  U16 = 2,
  I16 = 3,
  U32 = 4,
  I32 = 5,
  F32 = 6,
  Bool = 7,
  String = 8,
  Array = 9,
  U64 = 10,
  I64 = 11,
  F64 = 12,
};

class GgufWriter {
 public:
  // Makes the bytes of one row of a tensor. The same row must give the same bytes each time.
  using Producer = std::function<void(std::uint64_t row, std::span<std::byte> out)>;
  using Sink = std::function<void(std::span<const std::byte>)>;

  // `alignment` places the tensors; general.alignment is written only if it is not 32.
  explicit GgufWriter(std::uint32_t version = 3, std::uint32_t alignment = 32);

  void u8(std::string_view key, std::uint8_t value);
  void i8(std::string_view key, std::int8_t value);
  void u16(std::string_view key, std::uint16_t value);
  void i16(std::string_view key, std::int16_t value);
  void u32(std::string_view key, std::uint32_t value);
  void i32(std::string_view key, std::int32_t value);
  void u64(std::string_view key, std::uint64_t value);
  void i64(std::string_view key, std::int64_t value);
  void f32(std::string_view key, float value);
  void f64(std::string_view key, double value);
  void boolean(std::string_view key, bool value);
  void string(std::string_view key, std::string_view value);
  void strings(std::string_view key, const std::vector<std::string>& values);
  void f32s(std::string_view key, const std::vector<float>& values);
  void i32s(std::string_view key, const std::vector<std::int32_t>& values);
  void u32s(std::string_view key, const std::vector<std::uint32_t>& values);

  // A key whose type number and value bytes are given raw.
  void raw(std::string_view key, std::uint32_t type, std::string_view value_bytes);

  // Tensors lie in the file in the order they are added, each at the next aligned offset.
  void tensor(std::string_view name, QuantType type, const std::vector<std::uint64_t>& dims,
              std::vector<std::byte> bytes);
  // The bytes are made while the file is written, row by row.
  void tensor(std::string_view name, QuantType type, const std::vector<std::uint64_t>& dims,
              Producer producer);
  void f32_tensor(std::string_view name, const std::vector<std::uint64_t>& dims,
                  const std::vector<float>& values);
  // A table entry whose type number and offset (in the data section) are given raw; no bytes.
  void raw_tensor(std::string_view name, std::uint32_t type, const std::vector<std::uint64_t>& dims,
                  std::uint64_t offset);

  std::uint64_t tensor_bytes() const { return data_bytes_; }  // the data section, with padding

  void write(const Sink& sink) const;
  void write(const std::string& path) const;  // throws std::system_error
  std::string bytes() const;                  // the whole file

 private:
  struct Data {
    std::uint64_t offset;
    std::uint64_t size;
    std::uint64_t row_bytes;
    Producer producer;
  };
  void key(std::string_view name, ValueType type);
  void array(std::string_view name, ValueType type, std::size_t count);
  void table_entry(std::string_view name, std::uint32_t type,
                   const std::vector<std::uint64_t>& dims, std::uint64_t offset);

  std::uint32_t version_;
  std::uint32_t alignment_;
  std::uint64_t key_count_ = 0;
  std::uint64_t tensor_count_ = 0;
  std::uint64_t data_bytes_ = 0;
  std::string keys_;   // the encoded keys
  std::string table_;  // the encoded tensor table
  std::vector<Data> data_;
};

// The bytes of `values` as they lie in memory, for raw tensors and keys.
std::vector<std::byte> to_bytes(std::span<const float> values);

}  // namespace test_support
