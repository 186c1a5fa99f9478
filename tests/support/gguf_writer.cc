// Layout of a GGUF file, all numbers little-endian:
//
//   "GGUF" | version u32 | tensor count u64 | key count u64
//   keys:    name (u64 length, bytes) | type u32 | value
//            array value: element type u32 | count u64 | elements
//   tensors: name | dimension count u32 | dimensions u64... | type u32 | offset u64
//   padding to the alignment, then the data section the offsets count from

#include "tests/support/gguf_writer.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

namespace test_support {
namespace {

template <typename T>
void put(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

void put_string(std::string& out, std::string_view text) {
  put<std::uint64_t>(out, text.size());
  out.append(text);
}

std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

GgufWriter::GgufWriter(std::uint32_t version, std::uint32_t alignment)
    : version_(version), alignment_(alignment) {
  if (alignment != 32) u32("general.alignment", alignment);
}

void GgufWriter::key(std::string_view name, ValueType type) {
  put_string(keys_, name);
  put(keys_, static_cast<std::uint32_t>(type));
  ++key_count_;
}

void GgufWriter::array(std::string_view name, ValueType type, std::size_t count) {
  key(name, ValueType::Array);
  put(keys_, static_cast<std::uint32_t>(type));
  put<std::uint64_t>(keys_, count);
}

void GgufWriter::u8(std::string_view name, std::uint8_t value) {
  key(name, ValueType::U8);
  put(keys_, value);
}

void GgufWriter::i8(std::string_view name, std::int8_t value) {
  key(name, ValueType::I8);
  put(keys_, value);
}

void GgufWriter::u16(std::string_view name, std::uint16_t value) {
  key(name, ValueType::U16);
  put(keys_, value);
}

void GgufWriter::i16(std::string_view name, std::int16_t value) {
  key(name, ValueType::I16);
  put(keys_, value);
}

void GgufWriter::u32(std::string_view name, std::uint32_t value) {
  key(name, ValueType::U32);
  put(keys_, value);
}

void GgufWriter::i32(std::string_view name, std::int32_t value) {
  key(name, ValueType::I32);
  put(keys_, value);
}

void GgufWriter::u64(std::string_view name, std::uint64_t value) {
  key(name, ValueType::U64);
  put(keys_, value);
}

void GgufWriter::i64(std::string_view name, std::int64_t value) {
  key(name, ValueType::I64);
  put(keys_, value);
}

void GgufWriter::f32(std::string_view name, float value) {
  key(name, ValueType::F32);
  put(keys_, value);
}

void GgufWriter::f64(std::string_view name, double value) {
  key(name, ValueType::F64);
  put(keys_, value);
}

void GgufWriter::boolean(std::string_view name, bool value) {
  key(name, ValueType::Bool);
  put<std::uint8_t>(keys_, value ? 1 : 0);
}

void GgufWriter::string(std::string_view name, std::string_view value) {
  key(name, ValueType::String);
  put_string(keys_, value);
}

void GgufWriter::strings(std::string_view name, const std::vector<std::string>& values) {
  array(name, ValueType::String, values.size());
  for (const std::string& value : values) put_string(keys_, value);
}

void GgufWriter::f32s(std::string_view name, const std::vector<float>& values) {
  array(name, ValueType::F32, values.size());
  for (const float value : values) put(keys_, value);
}

void GgufWriter::i32s(std::string_view name, const std::vector<std::int32_t>& values) {
  array(name, ValueType::I32, values.size());
  for (const std::int32_t value : values) put(keys_, value);
}

void GgufWriter::u32s(std::string_view name, const std::vector<std::uint32_t>& values) {
  array(name, ValueType::U32, values.size());
  for (const std::uint32_t value : values) put(keys_, value);
}

void GgufWriter::raw(std::string_view name, std::uint32_t type, std::string_view value_bytes) {
  key(name, static_cast<ValueType>(type));
  keys_.append(value_bytes);
}

void GgufWriter::table_entry(std::string_view name, std::uint32_t type,
                             const std::vector<std::uint64_t>& dims, std::uint64_t offset) {
  put_string(table_, name);
  put(table_, static_cast<std::uint32_t>(dims.size()));
  for (const std::uint64_t dim : dims) put(table_, dim);
  put(table_, type);
  put(table_, offset);
  ++tensor_count_;
}

void GgufWriter::raw_tensor(std::string_view name, std::uint32_t type,
                            const std::vector<std::uint64_t>& dims, std::uint64_t offset) {
  table_entry(name, type, dims, offset);
}

void GgufWriter::tensor(std::string_view name, QuantType type,
                        const std::vector<std::uint64_t>& dims, Producer producer) {
  const inference::QuantGeometry& geometry = inference::geometry(type);
  const std::uint64_t row_bytes = dims[0] / geometry.block_values * geometry.block_bytes;
  std::uint64_t size = row_bytes;
  for (std::size_t i = 1; i < dims.size(); ++i) size *= dims[i];
  table_entry(name, static_cast<std::uint32_t>(type), dims, data_bytes_);
  data_.push_back({data_bytes_, size, row_bytes, std::move(producer)});
  data_bytes_ = align_up(data_bytes_ + size, alignment_);
}

void GgufWriter::tensor(std::string_view name, QuantType type,
                        const std::vector<std::uint64_t>& dims, std::vector<std::byte> bytes) {
  table_entry(name, static_cast<std::uint32_t>(type), dims, data_bytes_);
  const std::uint64_t size = bytes.size();
  auto producer = [bytes = std::move(bytes)](std::uint64_t, std::span<std::byte> out) {
    std::copy(bytes.begin(), bytes.end(), out.begin());
  };
  data_.push_back({data_bytes_, size, size, std::move(producer)});
  data_bytes_ = align_up(data_bytes_ + size, alignment_);
}

void GgufWriter::f32_tensor(std::string_view name, const std::vector<std::uint64_t>& dims,
                            const std::vector<float>& values) {
  tensor(name, QuantType::F32, dims, to_bytes(values));
}

void GgufWriter::write(const Sink& sink) const {
  std::string header = "GGUF";
  put(header, version_);
  put(header, tensor_count_);
  put(header, key_count_);
  header += keys_;
  header += table_;
  if (tensor_count_ > 0) {
    header.resize(static_cast<std::size_t>(align_up(header.size(), alignment_)), '\0');
  }
  sink(as_bytes(header));

  std::vector<std::byte> row;
  for (const Data& data : data_) {
    row.resize(static_cast<std::size_t>(data.row_bytes));
    const std::uint64_t row_count = data.row_bytes == 0 ? 0 : data.size / data.row_bytes;
    for (std::uint64_t i = 0; i < row_count; ++i) {
      data.producer(i, row);
      sink(row);
    }
    const std::uint64_t end = data.offset + data.size;
    row.assign(static_cast<std::size_t>(align_up(end, alignment_) - end), std::byte{0});
    sink(row);
  }
}

void GgufWriter::write(const std::string& path) const {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "wb"),
                                                             &std::fclose);
  if (!file) throw std::system_error(errno, std::generic_category(), path);
  std::setvbuf(file.get(), nullptr, _IOFBF, 1U << 20);  // rows are short
  write([&](std::span<const std::byte> bytes) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size()) {
      throw std::system_error(errno, std::generic_category(), path);
    }
  });
  if (std::fflush(file.get()) != 0) throw std::system_error(errno, std::generic_category(), path);
}

std::string GgufWriter::bytes() const {
  std::string out;
  write([&](std::span<const std::byte> bytes) {
    out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  return out;
}

std::vector<std::byte> to_bytes(std::span<const float> values) {
  const std::span<const std::byte> bytes = std::as_bytes(values);
  return {bytes.begin(), bytes.end()};
}

}  // namespace test_support
