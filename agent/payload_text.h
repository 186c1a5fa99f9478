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
#include <utility>
#include <vector>

#include "agent/config.h"
#include "agent/values.h"

namespace agent {

inline constexpr std::size_t kSplitElementsMax = 256;

// Values of a window by name, such as oil_temp_mean.
using WindowValues = std::vector<std::pair<std::string, double>>;

struct Element {
  std::string_view reason;  // code of what is wrong with it; empty: nothing
  // Code of what is wrong with a field that the route declares; empty: nothing. The message is
  // sound, so the route abstains, with its fallback.
  std::string_view fault;
  std::string text;                     // for the model
  Values values;                        // the same as names and values
  std::string id;                       // what stood at `id`; empty: nothing
  std::optional<std::int64_t> time_ms;  // since 1970, from `time`
  // [window.of], scaled; nothing where the field is missing, no number or out of range. Empty
  // without a window, or where the payload could not be read.
  std::vector<std::optional<double>> readings;
  // Values that stand in the payload under the names of the window's: for examples only.
  WindowValues given;
};

// At least one element; a payload that is refused as a whole gives one with a reason.
std::vector<Element> read_payload(const RouteConfig& route, std::string_view bytes);

// The same for an example. Its window's values are those that stand in the payload under their
// names ("oil_temp_mean"); of those that do not, as of a window of this one sample.
std::vector<Element> read_example(const RouteConfig& route, std::string_view bytes);

// "oil_temp_mean". REQUIRES: the route has a window with so many fields.
std::string window_value_name(const RouteConfig& route, std::size_t i, Statistic statistic);

// Of all values of the route's window; none without one.
std::vector<std::string> window_value_names(const RouteConfig& route);

// Adds the values to the element's own, and behind the fields of its text. Without fields or with a
// reason or fault it does nothing.
void add_window_values(const WindowValues& values, Element* element);

// The reason for which an example's payload would be refused, or empty. Age does not count.
std::string_view example_error(const RouteConfig& route, std::string_view payload);

}  // namespace agent
