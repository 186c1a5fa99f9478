#include "schemas/payload.h"

#include <charconv>
#include <cmath>
#include <cstdint>

#include "schemas/decimal.h"
#include "schemas/payload_formats.h"
#include "schemas/utf8.h"

namespace schemas {
namespace {

bool begins_like_object(std::string_view trimmed) {
  if (trimmed.empty() || trimmed[0] != '{') return false;
  const std::string_view rest = trim(trimmed.substr(1));
  return rest.empty() || rest[0] == '"' || rest[0] == '}';
}

Payload refused(PayloadError error, PayloadFormat format) {
  Payload payload;
  payload.error = error;
  payload.format = format;
  return payload;
}

Payload accepted(PayloadFormat format, std::string_view bytes, PayloadFields fields) {
  Payload payload;
  payload.format = format;
  payload.text = bytes;
  payload.fields = std::move(fields);
  return payload;
}

Payload parse_auto(std::string_view bytes, const PayloadOptions& options) {
  const std::string_view trimmed = trim(bytes);
  const char first = trimmed[0];  // not empty: checked by the caller
  PayloadFields fields;
  if (first == '{' || first == '[') {
    const PayloadError error = read_json_payload(bytes, options.limits, fields);
    if (error == PayloadError::None) {
      return accepted(PayloadFormat::Json, bytes, std::move(fields));
    }
    if (error != PayloadError::NotJson || begins_like_object(trimmed)) {
      return refused(error, PayloadFormat::Json);
    }
    return accepted(PayloadFormat::Text, bytes, {});
  }
  const PayloadError error = read_number_payload(bytes, options.limits, fields);
  if (error == PayloadError::NotANumber) return accepted(PayloadFormat::Text, bytes, {});
  if (error != PayloadError::None) return refused(error, PayloadFormat::Number);
  return accepted(PayloadFormat::Number, bytes, std::move(fields));
}

PayloadError check_bytes(std::string_view bytes, const PayloadLimits& limits) {
  if (bytes.size() > limits.bytes_max) return PayloadError::TooLarge;
  if (trim(bytes).empty()) return PayloadError::Empty;
  if (bytes.find('\0') != std::string_view::npos) return PayloadError::ContainsNul;
  if (!is_valid_utf8(bytes)) return PayloadError::InvalidUtf8;
  return PayloadError::None;
}

}  // namespace

std::string_view name(PayloadError error) {
  switch (error) {
    case PayloadError::None:
      return "none";
    case PayloadError::Empty:
      return "payload_empty";
    case PayloadError::TooLarge:
      return "payload_too_large";
    case PayloadError::InvalidUtf8:
      return "payload_invalid_utf8";
    case PayloadError::ContainsNul:
      return "payload_contains_nul";
    case PayloadError::NotJson:
      return "payload_not_json";
    case PayloadError::TooDeep:
      return "payload_too_deep";
    case PayloadError::TooManyKeys:
      return "payload_too_many_keys";
    case PayloadError::TooManyValues:
      return "payload_too_many_values";
    case PayloadError::KeyTooLong:
      return "payload_key_too_long";
    case PayloadError::StringTooLong:
      return "payload_string_too_long";
    case PayloadError::NumberTooLong:
      return "payload_number_too_long";
    case PayloadError::NumberOutOfRange:
      return "payload_number_out_of_range";
    case PayloadError::DuplicateKey:
      return "payload_duplicate_key";
    case PayloadError::NotANumber:
      return "payload_not_a_number";
    case PayloadError::NotCsv:
      return "payload_not_csv";
    case PayloadError::WrongColumnCount:
      return "payload_wrong_column_count";
  }
  return "payload_unknown";
}

std::string_view trim(std::string_view bytes) {
  constexpr std::string_view kWhite = " \t\r\n";
  const std::size_t first = bytes.find_first_not_of(kWhite);
  if (first == std::string_view::npos) return {};
  return bytes.substr(first, bytes.find_last_not_of(kWhite) - first + 1);
}

PayloadError read_number(std::string_view text, const PayloadLimits& limits, Number& number) {
  const bool looks_like_number =
      !text.empty() && text.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
  if (!looks_like_number) return PayloadError::NotANumber;
  const std::optional<Decimal> decimal = parse_decimal(text);
  if (!decimal && text.size() <= limits.number_chars_max) return PayloadError::NotANumber;
  if (text.size() > limits.number_chars_max) {
    return decimal ? PayloadError::NumberTooLong : PayloadError::NotANumber;
  }
  const bool is_integer_text = text.find_first_of(".eE") == std::string_view::npos;
  if (is_integer_text) {
    std::int64_t whole = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), whole).ec != std::errc()) {
      return PayloadError::NumberOutOfRange;
    }
  }
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool overflow = parsed.ec == std::errc::result_out_of_range && decimal->exponent > 0;
  if (overflow || !std::isfinite(value)) return PayloadError::NumberOutOfRange;
  number.text = text;
  number.value = value;  // 0 where the number is nearer to zero than any double
  return PayloadError::None;
}

PayloadError read_number_payload(std::string_view bytes, const PayloadLimits& limits,
                                 PayloadFields& fields) {
  Number number;
  const PayloadError error = read_number(trim(bytes), limits, number);
  if (error == PayloadError::None) fields.push_back({"", std::move(number)});
  return error;
}

Payload parse_payload(std::string_view bytes, const PayloadOptions& options) {
  const PayloadError error = check_bytes(bytes, options.limits);
  const PayloadFormat format = options.format;
  if (error != PayloadError::None) {
    return refused(error, format == PayloadFormat::Auto ? PayloadFormat::Text : format);
  }
  if (format == PayloadFormat::Auto) return parse_auto(bytes, options);
  PayloadFields fields;
  PayloadError outcome = PayloadError::None;
  if (format == PayloadFormat::Json) outcome = read_json_payload(bytes, options.limits, fields);
  if (format == PayloadFormat::Csv) outcome = read_csv_payload(bytes, options, fields);
  if (format == PayloadFormat::Number) {
    outcome = read_number_payload(bytes, options.limits, fields);
  }
  if (outcome != PayloadError::None) return refused(outcome, format);
  return accepted(format, bytes, std::move(fields));
}

}  // namespace schemas
