#pragma once

// Bytes of one MQTT payload to named, typed fields. Payloads are hostile: everything is bounded
// and every refusal has a code that becomes a metric.
// Thread safety: free functions without state.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "schemas/limits.h"

namespace schemas {

enum class PayloadFormat { Auto, Json, Text, Number, Csv };

struct CsvOptions {
  char separator = ',';
  char decimal = '.';
  std::vector<std::string> columns;  // names, in order; without names: "0", "1", ...
};

struct PayloadOptions {
  PayloadFormat format = PayloadFormat::Auto;
  CsvOptions csv;
  PayloadLimits limits;
};

// A number keeps its text, so nothing is rounded on the way to the prompt. The text has the JSON
// grammar, in CSV with the decimal comma replaced; integers are within int64.
struct Number {
  std::string text;
  double value = 0;  // the nearest double, always finite
};

// A scalar of the payload.
using Scalar = std::variant<std::nullptr_t, bool, Number, std::string>;

struct PayloadField {
  std::string pointer;  // JSON pointer: "/t1", "/values/0"; CSV columns are "/NAME"; a bare
                        // scalar has ""
  Scalar value;
};

// Why a payload was refused. The names are the reason codes in metrics.
enum class PayloadError {
  None,
  Empty,  // no bytes, or white space only
  TooLarge,
  InvalidUtf8,
  ContainsNul,  // as a byte or as \u0000
  NotJson,
  TooDeep,
  TooManyKeys,
  TooManyValues,
  KeyTooLong,
  StringTooLong,
  NumberTooLong,
  NumberOutOfRange,  // 1e400, or an integer beyond int64
  DuplicateKey,
  NotANumber,
  NotCsv,  // a quote that is not closed or stands alone, or more than one record
  WrongColumnCount,
};
std::string_view name(PayloadError error);  // "payload_too_large", ...

struct Payload {
  PayloadError error = PayloadError::None;
  PayloadFormat format = PayloadFormat::Text;  // what it turned out to be; never Auto
  std::string text;                            // the payload as text; empty if refused
  std::vector<PayloadField> fields;            // scalars in document order; empty for text
};

// Auto: an object or array of JSON is Json, a bare JSON number is Number, everything else is Text.
// What begins like an object (a brace, then a quote or the other brace) and is no JSON is refused
// rather than taken for a sentence, and so is JSON over a limit.
// Number: one number of the JSON grammar, white space around it allowed.
// Csv: one record (RFC 4180), with or without a line end. A cell that is a number becomes one,
// an empty cell is null unless it is quoted.
// Never throws but for memory; a refused payload has an error and nothing else.
[[nodiscard]] Payload parse_payload(std::string_view bytes, const PayloadOptions& options);

}  // namespace schemas
