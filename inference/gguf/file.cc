// A File keeps where each value lies, not the values: numbers are a few bytes, but a vocabulary is
// megabytes that the tokenizer copies into its own form anyway. Getters read again from the open
// file with the same checks as at load, so even a file that changes in between cannot do harm.

#include "inference/gguf/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>

#include "inference/gguf/header.h"
#include "inference/gguf/reader.h"
#include "inference/gguf/refuse.h"

namespace inference::gguf {

struct File::Impl {
  ~Impl() {
    if (descriptor >= 0) close(descriptor);
  }

  const Key* find(std::string_view key) const {
    const auto found = header.key_index.find(key);
    return found == header.key_index.end() ? nullptr : &header.keys[found->second];
  }

  std::string path;
  int descriptor = -1;
  std::uint64_t size_bytes = 0;
  Limits limits;
  Header header;
};

namespace {

constexpr std::string_view kWantedFile = "a readable GGUF file";

std::string array_name(ValueType element) { return "array of " + std::string(name(element)); }

std::string type_name(const Key& key) {
  return key.type == ValueType::Array ? array_name(key.element) : std::string(name(key.type));
}

// The key's number as it lies in the file.
template <typename T>
T value_of(const Key& key) {
  T value;
  std::memcpy(&value, &key.bits, sizeof value);
  return value;
}

std::string number_text(const char* format, double value) {
  char text[32];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string value_text(const Key& key) {
  switch (key.type) {
    case ValueType::U8:
    case ValueType::U16:
    case ValueType::U32:
    case ValueType::U64:
      return std::to_string(key.bits);  // the bytes above its size are 0
    case ValueType::I8:
      return std::to_string(value_of<std::int8_t>(key));
    case ValueType::I16:
      return std::to_string(value_of<std::int16_t>(key));
    case ValueType::I32:
      return std::to_string(value_of<std::int32_t>(key));
    case ValueType::I64:
      return std::to_string(value_of<std::int64_t>(key));
    case ValueType::F32:
      return number_text("%.9g", static_cast<double>(value_of<float>(key)));
    case ValueType::F64:
      return number_text("%.17g", value_of<double>(key));
    case ValueType::Bool:
      return key.bits == 0 ? "false" : "true";
    case ValueType::String:
    case ValueType::Array:
      break;
  }
  return {};
}

// The key, which must be there and of the wanted type.
const Key& demand(const File& file, const Key* key, std::string_view name, std::string_view wanted,
                  bool type_is_right) {
  if (key == nullptr) {
    file.refuse("key " + quoted(name), "no such key", wanted);
  }
  if (!type_is_right) file.refuse(name, type_name(*key), wanted);
  return *key;
}

bool is(const Key* key, ValueType type) { return key != nullptr && key->type == type; }

bool is_array(const Key* key, ValueType element) {
  return is(key, ValueType::Array) && key->element == element;
}

}  // namespace

std::uint64_t Tensor::rows() const {
  std::uint64_t count = 1;
  for (std::size_t i = 1; i < dims.size(); ++i) count *= dims[i];
  return count;
}

std::uint64_t Tensor::row_bytes() const {
  const QuantGeometry& shape = geometry(type);
  return dims[0] / shape.block_values * shape.block_bytes;
}

File::File(const std::string& path, const Limits& limits) : File(path, Contents::Model, limits) {}

File::File(const std::string& path, Contents contents, const Limits& limits)
    : impl_(std::make_unique<Impl>()) {
  impl_->path = path;
  impl_->limits = limits;
  // O_NONBLOCK: opening a pipe by mistake must not wait for a writer.
  impl_->descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat status = {};
  if (impl_->descriptor < 0 || fstat(impl_->descriptor, &status) != 0) {
    gguf::refuse(path, std::nullopt, "", std::strerror(errno), kWantedFile);
  }
  if (!S_ISREG(status.st_mode)) {
    gguf::refuse(path, std::nullopt, "", S_ISDIR(status.st_mode) ? "a folder" : "no regular file",
                 kWantedFile);
  }
  impl_->size_bytes = static_cast<std::uint64_t>(status.st_size);
  Reader reader(impl_->descriptor, impl_->path, 0, impl_->size_bytes);
  impl_->header = read_header(reader, limits, contents);
}

File::~File() = default;

const std::string& File::path() const { return impl_->path; }
std::uint64_t File::size_bytes() const { return impl_->size_bytes; }
std::uint32_t File::version() const { return impl_->header.version; }
std::uint32_t File::alignment() const { return impl_->header.alignment; }
std::uint64_t File::key_count() const { return impl_->header.keys.size(); }
bool File::has(std::string_view key) const { return impl_->find(key) != nullptr; }

std::vector<std::string> File::keys() const {
  std::vector<std::string> names;
  for (const Key& key : impl_->header.keys) names.push_back(key.name);
  return names;
}

std::uint32_t File::u32(std::string_view key) const {
  const Key* found = impl_->find(key);
  return value_of<std::uint32_t>(demand(*this, found, key, "u32", is(found, ValueType::U32)));
}

std::uint32_t File::u32_or(std::string_view key, std::uint32_t fallback) const {
  return has(key) ? u32(key) : fallback;
}

float File::f32(std::string_view key) const {
  const Key* found = impl_->find(key);
  return value_of<float>(demand(*this, found, key, "f32", is(found, ValueType::F32)));
}

float File::f32_or(std::string_view key, float fallback) const {
  return has(key) ? f32(key) : fallback;
}

bool File::boolean_or(std::string_view key, bool fallback) const {
  const Key* found = impl_->find(key);
  if (found == nullptr) return fallback;
  return demand(*this, found, key, "bool", is(found, ValueType::Bool)).bits != 0;
}

std::string File::string(std::string_view key) const {
  const Key* found = impl_->find(key);
  const Key& entry = demand(*this, found, key, "string", is(found, ValueType::String));
  std::string text(static_cast<std::size_t>(entry.count), '\0');
  if (!read_at(entry.offset, std::as_writable_bytes(std::span(text)))) {
    refuse(key, "a read error", std::to_string(entry.count) + " bytes");
  }
  return text;
}

std::string File::string_or(std::string_view key, std::string_view fallback) const {
  return has(key) ? string(key) : std::string(fallback);
}

std::vector<std::string> File::strings(std::string_view key) const {
  const Key* found = impl_->find(key);
  const Key& entry =
      demand(*this, found, key, array_name(ValueType::String), is_array(found, ValueType::String));
  const std::string where = "key " + quoted(key);
  Reader reader(impl_->descriptor, impl_->path, entry.offset, impl_->size_bytes);
  std::vector<std::string> values;
  // Each element took at least 8 bytes of the file when it was checked.
  values.reserve(static_cast<std::size_t>(entry.count));
  for (std::uint64_t i = 0; i < entry.count; ++i) {
    values.push_back(reader.string(impl_->limits.string_bytes_max, where));
  }
  return values;
}

std::vector<float> File::floats(std::string_view key) const {
  const Key* found = impl_->find(key);
  const Key& entry =
      demand(*this, found, key, array_name(ValueType::F32), is_array(found, ValueType::F32));
  std::vector<float> values(static_cast<std::size_t>(entry.count));
  if (!read_at(entry.offset, std::as_writable_bytes(std::span(values)))) {
    refuse(key, "a read error", std::to_string(entry.count) + " floats");
  }
  return values;
}

std::vector<std::int32_t> File::i32s(std::string_view key) const {
  const Key* found = impl_->find(key);
  const bool is_unsigned = is_array(found, ValueType::U32);
  const Key& entry = demand(*this, found, key, "array of i32 or u32",
                            is_unsigned || is_array(found, ValueType::I32));
  std::vector<std::int32_t> values(static_cast<std::size_t>(entry.count));
  if (!read_at(entry.offset, std::as_writable_bytes(std::span(values)))) {
    refuse(key, "a read error", std::to_string(entry.count) + " integers");
  }
  for (const std::int32_t value : values) {
    if (is_unsigned && value < 0) {
      refuse(key, std::to_string(static_cast<std::uint32_t>(value)), "values up to 2147483647");
    }
  }
  return values;
}

std::string File::describe(std::string_view key) const {
  constexpr std::size_t kShownBytesMax = 64;
  const Key* found = impl_->find(key);
  if (found == nullptr) return "absent";
  std::string text = type_name(*found);
  if (found->type == ValueType::Array) {
    return text.append(", ").append(std::to_string(found->count)).append(" elements");
  }
  if (found->type != ValueType::String) return text.append(" ").append(value_text(*found));
  // One byte more than is shown tells quoted() to mark the cut.
  std::string shown(
      std::min<std::size_t>(static_cast<std::size_t>(found->count), kShownBytesMax + 1), '\0');
  if (!read_at(found->offset, std::as_writable_bytes(std::span(shown))))
    return text + " (unreadable)";
  return text.append(" ").append(quoted(shown));
}

std::uint64_t File::array_count(std::string_view key) const {
  const Key* found = impl_->find(key);
  return is(found, ValueType::Array) ? found->count : 0;
}

const std::vector<Tensor>& File::tensors() const { return impl_->header.tensors; }

const Tensor* File::find_tensor(std::string_view name) const {
  const auto found = impl_->header.tensor_index.find(name);
  return found == impl_->header.tensor_index.end() ? nullptr
                                                   : &impl_->header.tensors[found->second];
}

bool File::read_at(std::uint64_t offset, std::span<std::byte> out) const {
  return read_fully(impl_->descriptor, offset, out);
}

void File::refuse(std::string_view where, std::string_view found, std::string_view wanted) const {
  if (const Key* key = impl_->find(where)) {
    gguf::refuse(impl_->path, key->offset, "key " + quoted(where), found, wanted);
  }
  const auto tensor = impl_->header.tensor_index.find(where);
  if (tensor != impl_->header.tensor_index.end()) {
    gguf::refuse(impl_->path, impl_->header.tensor_entries[tensor->second],
                 "tensor " + quoted(where), found, wanted);
  }
  gguf::refuse(impl_->path, std::nullopt, where, found, wanted);
}

}  // namespace inference::gguf
