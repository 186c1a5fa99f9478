#pragma once

// The readers behind parse_payload. Each takes bytes that are valid UTF-8 without NUL and fills
// `fields`; on failure the fields are of no use.
// Thread safety: free functions without state.

#include <optional>
#include <string_view>
#include <vector>

#include "schemas/payload.h"

namespace schemas {

using PayloadFields = std::vector<PayloadField>;

[[nodiscard]] PayloadError read_json_payload(std::string_view bytes, const PayloadLimits& limits,
                                             PayloadFields& fields);
[[nodiscard]] PayloadError read_csv_payload(std::string_view bytes, const PayloadOptions& options,
                                            PayloadFields& fields);
[[nodiscard]] PayloadError read_number_payload(std::string_view bytes, const PayloadLimits& limits,
                                               PayloadFields& fields);

// `text` as a number. NotANumber, NumberTooLong or NumberOutOfRange if it is none.
[[nodiscard]] PayloadError read_number(std::string_view text, const PayloadLimits& limits,
                                       Number& number);

// `bytes` without the white space of JSON around it.
[[nodiscard]] std::string_view trim(std::string_view bytes);

}  // namespace schemas
