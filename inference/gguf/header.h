#pragma once

// The parsed head of a GGUF file: where each key's value lies, and the tensor table. See header.cc
// for the layout.
// Thread safety: plain data; read_header is a free function without state.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "inference/gguf/file.h"

namespace inference::gguf {

class Reader;

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

// "u32", "string", ...; empty for a number that GGUF does not have.
std::string_view name(ValueType type);

struct Key {
  std::string name;
  ValueType type = ValueType::U8;
  ValueType element = ValueType::U8;  // of an array
  std::uint64_t count = 0;            // elements of an array, bytes of a string
  std::uint64_t offset = 0;           // of the first byte of the number, string or first element
  std::uint64_t bits = 0;             // the bytes of a number or boolean
};

using Index = std::map<std::string, std::size_t, std::less<>>;

struct Header {
  std::uint32_t version = 0;
  std::uint32_t alignment = 32;
  std::vector<Key> keys;
  Index key_index;
  std::vector<Tensor> tensors;
  Index tensor_index;
  std::vector<std::uint64_t> tensor_entries;  // offset of each tensor's entry in the table
};

// Reads from the start of the file and checks all there is to check without reading weights.
// Throws LoadError.
Header read_header(Reader& reader, const Limits& limits, Contents contents);

}  // namespace inference::gguf
