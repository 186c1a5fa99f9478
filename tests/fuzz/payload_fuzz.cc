// One MQTT payload, under limits that are small enough to be met. Whatever its bytes:
//  - it is refused by name and nothing else is kept, or every field is within every limit;
//  - accepted text is UTF-8 without NUL, numbers are finite and keep their text;
//  - what is accepted as JSON is JSON to the other reader as well.

#include <cmath>
#include <iterator>

#include "schemas/json_value.h"
#include "schemas/payload.h"
#include "schemas/utf8.h"
#include "tests/fuzz/fuzz.h"

namespace {

using schemas::Payload;
using schemas::PayloadError;
using schemas::PayloadFormat;
using schemas::PayloadLimits;
using schemas::PayloadOptions;

PayloadOptions options_from(fuzz::Input& input) {
  PayloadOptions options;
  constexpr PayloadFormat kFormats[] = {PayloadFormat::Auto, PayloadFormat::Json,
                                        PayloadFormat::Text, PayloadFormat::Number,
                                        PayloadFormat::Csv};
  options.format = kFormats[input.below(std::size(kFormats))];
  const std::uint8_t csv = input.byte();
  options.csv.separator = (csv & 1) != 0 ? ';' : ',';
  options.csv.decimal = (csv & 2) != 0 && options.csv.separator == ';' ? ',' : '.';
  for (int i = 0; i < (csv >> 2) % 4; ++i) options.csv.columns.push_back("c" + std::to_string(i));
  if (input.flag()) {
    options.limits.bytes_max = 1 + input.below(512);
    options.limits.depth_max = 1 + input.below(8);
    options.limits.keys_max = 1 + input.below(8);
    options.limits.values_max = 1 + input.below(16);
    options.limits.key_bytes_max = 1 + input.below(16);
    options.limits.string_bytes_max = 1 + input.below(32);
    options.limits.number_chars_max = 1 + input.below(16);
  }
  return options;
}

void check_value(const schemas::Scalar& value, const PayloadOptions& options,
                 PayloadFormat format) {
  if (const auto* number = std::get_if<schemas::Number>(&value)) {
    FUZZ_HOLDS(!number->text.empty());
    FUZZ_HOLDS(number->text.size() <= options.limits.number_chars_max);
    FUZZ_HOLDS(std::isfinite(number->value));
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    FUZZ_HOLDS(schemas::is_valid_utf8(*text));
    FUZZ_HOLDS(text->find('\0') == std::string::npos);
    FUZZ_HOLDS(format == PayloadFormat::Text || text->size() <= options.limits.string_bytes_max);
  }
}

void check_accepted(const Payload& payload, std::string_view bytes, const PayloadOptions& options) {
  FUZZ_HOLDS(payload.format != PayloadFormat::Auto);
  FUZZ_HOLDS(options.format == PayloadFormat::Auto || payload.format == options.format);
  FUZZ_HOLDS(payload.text == bytes);
  FUZZ_HOLDS(!bytes.empty() && bytes.size() <= options.limits.bytes_max);
  FUZZ_HOLDS(schemas::is_valid_utf8(bytes) && bytes.find('\0') == std::string_view::npos);
  FUZZ_HOLDS(payload.fields.size() <= options.limits.values_max ||
             payload.format == PayloadFormat::Csv);
  for (const schemas::PayloadField& field : payload.fields) {
    FUZZ_HOLDS(field.pointer.empty() || field.pointer.front() == '/');
    check_value(field.value, options, payload.format);
  }
  if (payload.format == PayloadFormat::Json) {
    const schemas::JsonLimits wide{1 << 20, options.limits.depth_max + 1, 1 << 20};
    FUZZ_HOLDS(schemas::parse_json(bytes, wide).ok);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const PayloadOptions options = options_from(input);
  const std::string_view bytes = input.rest();
  const Payload payload = schemas::parse_payload(bytes, options);
  FUZZ_HOLDS(!schemas::name(payload.error).empty());
  if (payload.error == PayloadError::None) {
    check_accepted(payload, bytes, options);
  } else {
    FUZZ_HOLDS(payload.text.empty() && payload.fields.empty());
    FUZZ_HOLDS((payload.error == PayloadError::TooLarge) ==
               (bytes.size() > options.limits.bytes_max));
  }
  return 0;
}
