// The head of a GGUF file, all numbers little-endian:
//
//   "GGUF" | version u32 | tensor count u64 | key count u64
//   a key:    name | type u32 | value
//             name and string values: length u64, then that many bytes
//             array values: element type u32 | count u64 | elements
//   a tensor: name | dimension count u32 | dimensions u64... | type u32 | offset u64
//   padding to the alignment, then the data section, from which offsets count
//
// Version 3 differs from 2 only in that it may be written big-endian, which is refused here.
// Version 1 had 32-bit lengths and is refused too.
//
// Each number is checked before it is used to move, add, multiply or allocate: counts against
// caps and against the bytes that are left, sums and products for overflow. What this file lets
// pass, the rest of the engine may trust: names are unique printable text, booleans are 0 or 1,
// tensors are whole rows of whole blocks, lie inside the file and do not overlap.

#include "inference/gguf/header.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <span>
#include <utility>

#include "inference/gguf/reader.h"
#include "inference/gguf/refuse.h"

namespace inference::gguf {
namespace {

constexpr std::uint32_t kAlignmentMin = 32;
constexpr std::uint32_t kDimensionsMax = 4;
constexpr std::string_view kMagic = "GGUF";
constexpr std::string_view kAlignmentKey = "general.alignment";

struct TypeEntry {
  std::string_view name;
  std::uint64_t bytes;  // 0: no fixed size
};

// By GGUF's number.
constexpr std::array<TypeEntry, 13> kValueTypes{{{"u8", 1},
                                                 {"i8", 1},
                                                 {"u16", 2},
                                                 {"i16", 2},
                                                 {"u32", 4},
                                                 {"i32", 4},
                                                 {"f32", 4},
                                                 {"bool", 1},
                                                 {"string", 0},
                                                 {"array", 0},
                                                 {"u64", 8},
                                                 {"i64", 8},
                                                 {"f64", 8}}};

// Tensor types of GGUF that this engine does not read, so that a refusal can name them.
constexpr std::array<std::pair<std::uint32_t, std::string_view>, 21> kUnreadTypes{{
    {9, "q8_1"},     {10, "q2_k"},  {11, "q3_k"},   {15, "q8_k"},  {16, "iq2_xxs"}, {17, "iq2_xs"},
    {18, "iq3_xxs"}, {19, "iq1_s"}, {20, "iq4_nl"}, {21, "iq3_s"}, {22, "iq2_s"},   {23, "iq4_xs"},
    {24, "i8"},      {25, "i16"},   {26, "i32"},    {27, "i64"},   {28, "f64"},     {29, "iq1_m"},
    {34, "tq1_0"},   {35, "tq2_0"}, {39, "mxfp4"},
}};

std::string tensor_type_name(std::uint32_t number) {
  std::string text = "type " + std::to_string(number);
  for (const auto& [known, name] : kUnreadTypes) {
    if (known == number) text.append(" (").append(name).append(")");
  }
  return text;
}

bool printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

// Names of keys and tensors: a cap, and nothing that could play tricks where it is shown.
std::string read_name(Reader& reader, std::uint64_t bytes_max, std::string_view where) {
  const std::uint64_t begin = reader.position();
  std::string text = reader.string(bytes_max, where);
  if (text.empty() || !printable(text)) {
    refuse(reader.path(), begin, where, quoted(text),
           "1 to " + std::to_string(bytes_max) + " bytes of printable ASCII");
  }
  return text;
}

ValueType read_type(Reader& reader, std::string_view where) {
  const std::uint64_t begin = reader.position();
  const auto number = reader.number<std::uint32_t>(where);
  if (number >= kValueTypes.size()) {
    refuse(reader.path(), begin, where, "value type " + std::to_string(number),
           "a type from 0 to 12");
  }
  return static_cast<ValueType>(number);
}

void read_array(Reader& reader, const Limits& limits, std::string_view where, Key& key) {
  const std::uint64_t begin = reader.position();
  key.element = read_type(reader, where);
  if (key.element == ValueType::Array) {
    refuse(reader.path(), begin, where, "an array of arrays", "elements without nesting");
  }
  const std::uint64_t count_begin = reader.position();
  key.count = reader.number<std::uint64_t>(where);
  if (key.count > limits.array_elements_max) {
    refuse(reader.path(), count_begin, where, std::to_string(key.count) + " elements",
           "at most " + std::to_string(limits.array_elements_max));
  }
  key.offset = reader.position();
  if (key.element == ValueType::String) {
    for (std::uint64_t i = 0; i < key.count; ++i) {
      reader.skip(reader.string_length(limits.string_bytes_max, where), where);
    }
    return;
  }
  // At most 2^19 elements of 8 bytes by default, but the cap is the caller's.
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(key.count, kValueTypes[static_cast<std::size_t>(key.element)].bytes,
                             &bytes)) {
    refuse(reader.path(), count_begin, where, std::to_string(key.count) + " elements",
           "fewer than 2^61");
  }
  reader.skip(bytes, where);
}

void read_number(Reader& reader, std::string_view where, Key& key) {
  const TypeEntry& type = kValueTypes[static_cast<std::size_t>(key.type)];
  const auto bytes = static_cast<std::size_t>(type.bytes);
  reader.copy(std::as_writable_bytes(std::span(&key.bits, 1)).first(bytes), where);
  if (key.type == ValueType::Bool && key.bits > 1) {
    refuse(reader.path(), key.offset, where, "boolean " + std::to_string(key.bits), "0 or 1");
  }
}

Key read_key(Reader& reader, const Limits& limits, const Index& earlier) {
  Key key;
  const std::uint64_t begin = reader.position();
  key.name = read_name(reader, limits.key_bytes_max, "a key's name");
  const std::string where = "key " + quoted(key.name);
  if (earlier.contains(key.name)) {
    refuse(reader.path(), begin, where, "a second value", "each key once");
  }
  key.type = read_type(reader, where);
  key.offset = reader.position();
  switch (key.type) {
    case ValueType::Array:
      read_array(reader, limits, where, key);
      break;
    case ValueType::String:
      key.count = reader.string_length(limits.string_bytes_max, where);
      key.offset = reader.position();
      reader.skip(key.count, where);
      break;
    default:
      read_number(reader, where, key);
  }
  return key;
}

void read_keys(Reader& reader, const Limits& limits, std::uint64_t count, Header& header) {
  header.keys.reserve(static_cast<std::size_t>(count));  // capped by the caller
  for (std::uint64_t i = 0; i < count; ++i) {
    Key key = read_key(reader, limits, header.key_index);
    header.key_index.emplace(key.name, header.keys.size());
    header.keys.push_back(std::move(key));
  }
}

std::uint32_t read_alignment(const Reader& reader, const Limits& limits, const Header& header) {
  const auto found = header.key_index.find(kAlignmentKey);
  if (found == header.key_index.end()) return kAlignmentMin;
  const Key& key = header.keys[found->second];
  const std::string where = "key " + quoted(kAlignmentKey);
  const std::string wanted = "a power of two from " + std::to_string(kAlignmentMin) + " to " +
                             std::to_string(limits.alignment_max);
  if (key.type != ValueType::U32) {
    refuse(reader.path(), key.offset, where, name(key.type), "u32, " + wanted);
  }
  const auto alignment = static_cast<std::uint32_t>(key.bits);
  if (alignment < kAlignmentMin || alignment > limits.alignment_max ||
      !std::has_single_bit(alignment)) {
    refuse(reader.path(), key.offset, where, std::to_string(alignment), wanted);
  }
  return alignment;
}

// An entry of the tensor table as it stands there.
struct Entry {
  Tensor tensor;
  std::uint64_t entry_offset = 0;
  bool readable = true;  // the type is one of ours, so that `tensor.bytes` is known
};

void read_dimensions(Reader& reader, std::string_view where, Tensor& tensor) {
  const std::uint64_t begin = reader.position();
  const auto count = reader.number<std::uint32_t>(where);
  if (count < 1 || count > kDimensionsMax) {
    refuse(reader.path(), begin, where, std::to_string(count) + " dimensions",
           "1 to " + std::to_string(kDimensionsMax));
  }
  std::uint64_t values = 1;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint64_t at = reader.position();
    const auto dim = reader.number<std::uint64_t>(where);
    if (dim == 0) refuse(reader.path(), at, where, "a dimension of 0", "at least 1");
    if (__builtin_mul_overflow(values, dim, &values)) {
      refuse(reader.path(), at, where, "dimensions whose product overflows",
             "a product below 2^64");
    }
    tensor.dims.push_back(dim);
  }
}

// Whole blocks in a row, and the size of all rows.
void measure(const Reader& reader, std::string_view where, Entry& entry) {
  Tensor& tensor = entry.tensor;
  const QuantGeometry& shape = geometry(tensor.type);
  if (tensor.dims[0] % shape.block_values != 0) {
    refuse(reader.path(), entry.entry_offset, where,
           "rows of " + std::to_string(tensor.dims[0]) + " values",
           "a multiple of " + std::to_string(shape.block_values) + ", the block of " +
               std::string(shape.name));
  }
  if (__builtin_mul_overflow(tensor.dims[0] / shape.block_values, shape.block_bytes,
                             &tensor.bytes) ||
      __builtin_mul_overflow(tensor.bytes, tensor.rows(), &tensor.bytes)) {
    refuse(reader.path(), entry.entry_offset, where, "a size that overflows",
           "fewer than 2^64 bytes");
  }
}

Entry read_entry(Reader& reader, const Limits& limits, std::uint32_t alignment, Contents contents,
                 const Index& earlier) {
  Entry entry;
  Tensor& tensor = entry.tensor;
  entry.entry_offset = reader.position();
  tensor.name = read_name(reader, limits.tensor_name_bytes_max, "a tensor's name");
  const std::string where = "tensor " + quoted(tensor.name);
  if (earlier.contains(tensor.name)) {
    refuse(reader.path(), entry.entry_offset, where, "a second tensor of this name",
           "each name once");
  }
  read_dimensions(reader, where, tensor);

  const std::uint64_t type_offset = reader.position();
  const auto number = reader.number<std::uint32_t>(where);
  const std::optional<QuantType> type = quant_type_from_gguf(number);
  if (!type && contents == Contents::Model) {
    refuse(reader.path(), type_offset, where, tensor_type_name(number),
           "f32, f16, bf16, q4_0, q4_1, q5_0, q5_1, q8_0, q4_k, q5_k or q6_k");
  }
  entry.readable = type.has_value();

  const std::uint64_t offset_offset = reader.position();
  tensor.offset = reader.number<std::uint64_t>(where);
  if (tensor.offset % alignment != 0) {
    refuse(reader.path(), offset_offset, where, "data offset " + std::to_string(tensor.offset),
           "a multiple of " + std::to_string(alignment));
  }
  if (entry.readable) {
    tensor.type = *type;
    measure(reader, where, entry);
  }
  return entry;
}

// Turns offsets in the data section into offsets in the file, and checks that all data is there.
// A tensor whose type is not read has no known size: only its beginning is checked.
void place(const Reader& reader, std::uint64_t data_begin, std::uint64_t file_bytes,
           std::vector<Entry>& entries) {
  for (Entry& entry : entries) {
    Tensor& tensor = entry.tensor;
    std::uint64_t end = 0;
    if (__builtin_add_overflow(tensor.offset, data_begin, &tensor.offset) ||
        __builtin_add_overflow(tensor.offset, tensor.bytes, &end) || end > file_bytes) {
      refuse(reader.path(), entry.entry_offset, "tensor " + quoted(tensor.name),
             std::to_string(tensor.bytes) + " bytes of data at " + std::to_string(tensor.offset),
             "data inside the file, which has " + std::to_string(file_bytes) + " bytes");
    }
  }
}

void check_overlap(const Reader& reader, const std::vector<Entry>& entries) {
  std::vector<const Entry*> order;
  for (const Entry& entry : entries) {
    if (entry.readable) order.push_back(&entry);
  }
  std::sort(order.begin(), order.end(),
            [](const Entry* a, const Entry* b) { return a->tensor.offset < b->tensor.offset; });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const Tensor& before = order[i - 1]->tensor;
    const Tensor& after = order[i]->tensor;
    if (before.offset + before.bytes > after.offset) {
      refuse(reader.path(), order[i]->entry_offset, "tensor " + quoted(after.name),
             "data at " + std::to_string(after.offset),
             "none before " + std::to_string(before.offset + before.bytes) + ", where tensor " +
                 quoted(before.name) + " ends");
    }
  }
}

void read_tensors(Reader& reader, const Limits& limits, Contents contents, std::uint64_t count,
                  Header& header) {
  std::vector<Entry> entries;
  entries.reserve(static_cast<std::size_t>(count));  // capped by the caller
  for (std::uint64_t i = 0; i < count; ++i) {
    Entry entry = read_entry(reader, limits, header.alignment, contents, header.tensor_index);
    header.tensor_index.emplace(entry.tensor.name, entries.size());
    entries.push_back(std::move(entry));
  }
  // At most alignment_max - 1 is added to an offset that lies inside the file.
  const std::uint64_t data_begin =
      (reader.position() + header.alignment - 1) / header.alignment * header.alignment;
  place(reader, data_begin, reader.position() + reader.remaining(), entries);
  check_overlap(reader, entries);
  if (contents == Contents::VocabularyOnly) {
    header.tensor_index.clear();
    return;
  }
  for (Entry& entry : entries) {
    header.tensors.push_back(std::move(entry.tensor));
    header.tensor_entries.push_back(entry.entry_offset);
  }
}

std::uint32_t read_version(Reader& reader) {
  std::array<char, 4> magic;
  reader.copy(std::as_writable_bytes(std::span(magic)), "the magic");
  const std::string_view found(magic.data(), magic.size());
  if (found != kMagic) refuse(reader.path(), 0, "the magic", quoted(found), quoted(kMagic));
  const std::uint64_t begin = reader.position();
  const auto version = reader.number<std::uint32_t>("the version");
  if (version == 2 || version == 3) return version;
  std::string text = std::to_string(version);
  if (version == 0x02000000U || version == 0x03000000U) text += " (a big-endian file)";
  refuse(reader.path(), begin, "the version", text, "2 or 3, little-endian");
}

std::uint64_t read_count(Reader& reader, std::uint64_t max, std::string_view where) {
  const std::uint64_t begin = reader.position();
  const auto count = reader.number<std::uint64_t>(where);
  if (count > max) {
    refuse(reader.path(), begin, where, std::to_string(count), "at most " + std::to_string(max));
  }
  return count;
}

}  // namespace

std::string_view name(ValueType type) {
  const auto number = static_cast<std::size_t>(type);
  return number < kValueTypes.size() ? kValueTypes[number].name : std::string_view();
}

Header read_header(Reader& reader, const Limits& limits, Contents contents) {
  Header header;
  header.version = read_version(reader);
  const std::uint64_t tensor_count =
      read_count(reader, limits.tensor_count_max, "the number of tensors");
  const std::uint64_t key_count = read_count(reader, limits.key_count_max, "the number of keys");
  read_keys(reader, limits, key_count, header);
  header.alignment = read_alignment(reader, limits, header);
  read_tensors(reader, limits, contents, tensor_count, header);
  return header;
}

}  // namespace inference::gguf
