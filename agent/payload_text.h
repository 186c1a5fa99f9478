#pragma once

// One payload to the elements that are decided, and each element to the text that the model sees.
//
// The text is stable, so that examples, calibration and later messages look alike:
//   text, number, CSV without `fields`   the payload as it came
//   JSON without `fields`                the payload without white space between tokens
//   with `fields`                        {"NAME":VALUE UNIT,...} in the order of the configuration;
//                                        numbers keep their digits unless they are scaled
// An element of `split` is treated as a payload of its own: a JSON string is text, a number is a
// number. `id` and `time` are looked up in the element first and then in the whole message.
// Thread safety: free functions without state.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config.h"
#include "agent/values.h"

namespace agent {

inline constexpr std::size_t kSplitElementsMax = 256;

struct Element {
  std::string_view reason;              // code of what is wrong with it; empty: nothing
  std::string text;                     // for the model
  Values values;                        // the same as names and values
  std::string id;                       // what stood at `id`; empty: nothing
  std::optional<std::int64_t> time_ms;  // since 1970, from `time`
};

// At least one element; a payload that is refused as a whole gives one with a reason.
std::vector<Element> read_payload(const RouteConfig& route, std::string_view bytes);

// The reason for which an example's payload would be refused, or empty. Age does not count.
std::string_view example_error(const RouteConfig& route, std::string_view payload);

}  // namespace agent
