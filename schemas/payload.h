#pragma once

// Bytes of one MQTT payload to named, typed fields. Payloads are hostile: everything is bounded
// and every refusal has a code that becomes a metric.
// Thread safety: free functions without state.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace schemas {

enum class PayloadFormat { Auto, Json, Text, Number, Csv };

struct CsvOptions {
  char separator = ',';
  char decimal = '.';
  std::vector<std::string> columns;  // names, in order
};

struct PayloadLimits {
  std::size_t bytes_max = 64 * 1024;
  std::size_t depth_max = 16;
  std::size_t keys_max = 256;          // over the whole document
  std::size_t key_bytes_max = 128;
  std::size_t string_bytes_max = 4096;
  std::size_t number_chars_max = 32;
};

struct PayloadOptions {
  PayloadFormat format = PayloadFormat::Auto;
  CsvOptions csv;
  PayloadLimits limits;
};

// A scalar of the payload. Numbers keep their text, so nothing is rounded on the way to the prompt.
struct Number {
  std::string text;
  double value = 0;
};
using Scalar = std::variant<std::nullptr_t, bool, Number, std::string>;

struct PayloadField {
  std::string pointer;  // JSON pointer: "/t1", "/values/0"; CSV columns are "/NAME"
  Scalar value;
};

// Why a payload was refused. The names are the reason codes in metrics.
enum class PayloadError {
  None,
  Empty,
  TooLarge,
  InvalidUtf8,
  ContainsNul,
  NotJson,
  TooDeep,
  TooManyKeys,
  KeyTooLong,
  StringTooLong,
  NumberTooLong,
  DuplicateKey,
  NotANumber,
  WrongColumnCount,
};
std::string_view name(PayloadError error);  // "payload_too_large", ...

struct Payload {
  PayloadError error = PayloadError::None;
  PayloadFormat format = PayloadFormat::Text;  // what it turned out to be; never Auto
  std::string text;                            // the payload as text; empty if refused
  std::vector<PayloadField> fields;            // scalars in document order; empty for text
};

// Auto: an object or array of JSON is Json, a bare number is Number, everything else is Text.
// Never throws; a refused payload has an error and nothing else.
[[nodiscard]] Payload parse_payload(std::string_view bytes, const PayloadOptions& options);

}  // namespace schemas
