// Bounds of numbers, strings and arrays. Everything is decided on exact decimals: 1.5 as the
// minimum of an integer means 2, and 0.1 is not the nearest double.

#include <algorithm>
#include <limits>
#include <optional>

#include "schemas/decimal.h"
#include "schemas/limits.h"
#include "schemas/schema_compiler.h"
#include "schemas/utf8.h"

namespace schemas {
namespace {

constexpr std::int64_t kIntegerMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kIntegerMax = std::numeric_limits<std::int64_t>::max();

Decimal decimal_of(std::int64_t value) { return *parse_decimal(std::to_string(value)); }

std::optional<Decimal> bound_of(const JsonValue& schema, const std::string& pointer,
                                const std::string& keyword) {
  const JsonValue* found = schema.find(keyword);
  if (found == nullptr) return std::nullopt;
  std::optional<Decimal> value = parse_decimal(found->text);
  if (!value || plain_text(*value).size() > Limits::bound_digits_max) {
    refuse_keyword(pointer, keyword,
                   "the bound has more than " + std::to_string(Limits::bound_digits_max) +
                       " digits when written out");
  }
  return value;
}

// An interval, and the keyword that each end comes from.
struct Bounds {
  DecimalInterval interval;
  std::string minimum_keyword = "minimum";
  std::string maximum_keyword = "maximum";
};

// Of minimum and exclusiveMinimum, the one that allows less counts; so with the maxima.
Bounds read_bounds(const JsonValue& schema, const std::string& pointer) {
  Bounds bounds;
  DecimalInterval& interval = bounds.interval;
  interval.minimum = bound_of(schema, pointer, "minimum");
  interval.maximum = bound_of(schema, pointer, "maximum");
  const auto open_minimum = bound_of(schema, pointer, "exclusiveMinimum");
  const auto open_maximum = bound_of(schema, pointer, "exclusiveMaximum");
  if (open_minimum && (!interval.minimum || compare(*open_minimum, *interval.minimum) >= 0)) {
    interval.minimum = open_minimum;
    interval.minimum_exclusive = true;
    bounds.minimum_keyword = "exclusiveMinimum";
  }
  if (open_maximum && (!interval.maximum || compare(*open_maximum, *interval.maximum) <= 0)) {
    interval.maximum = open_maximum;
    interval.maximum_exclusive = true;
    bounds.maximum_keyword = "exclusiveMaximum";
  }
  return bounds;
}

// Throws at the end of the interval that is there; REQUIRES: one is.
[[noreturn]] void refuse_empty(const Bounds& bounds, const std::string& pointer,
                               const std::string& what) {
  const DecimalInterval& interval = bounds.interval;
  const std::string ends =
      (interval.minimum ? bounds.minimum_keyword + " " + plain_text(*interval.minimum) : "") +
      (interval.minimum && interval.maximum ? " and " : "") +
      (interval.maximum ? bounds.maximum_keyword + " " + plain_text(*interval.maximum) : "");
  refuse_keyword(pointer, interval.minimum ? bounds.minimum_keyword : bounds.maximum_keyword,
                 "no " + what + " satisfies " + ends);
}

struct CountRange {
  std::uint32_t minimum = 0;
  std::uint32_t maximum = 0;
};

// One end of a range of counts, clipped to uint32.
std::optional<std::uint32_t> count_of(const JsonValue& schema, const std::string& keyword) {
  const JsonValue* found = schema.find(keyword);
  if (found == nullptr) return std::nullopt;
  const std::optional<Decimal> value = parse_decimal(found->text);
  if (!value) return std::nullopt;  // cannot be: the kind was checked
  constexpr std::int64_t kMax = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::min(floor_to_int64(*value), kMax));
}

struct CountLimits {
  std::string minimum_keyword;
  std::string maximum_keyword;
  std::uint32_t maximum_default;
  std::uint32_t limit;
};

CountRange read_range(const JsonValue& schema, const std::string& pointer,
                      const CountLimits& limits) {
  const std::uint32_t minimum = count_of(schema, limits.minimum_keyword).value_or(0);
  const std::optional<std::uint32_t> maximum = count_of(schema, limits.maximum_keyword);
  if (minimum > limits.limit) {
    refuse_keyword(
        pointer, limits.minimum_keyword,
        "found " + std::to_string(minimum) + ", wanted at most " + std::to_string(limits.limit));
  }
  if (maximum && *maximum < minimum) {
    refuse_keyword(pointer, limits.minimum_keyword,
                   std::to_string(minimum) + " is above " + limits.maximum_keyword + " " +
                       std::to_string(*maximum));
  }
  const std::uint32_t wanted = maximum.value_or(std::max(minimum, limits.maximum_default));
  return {minimum, std::min(wanted, limits.limit)};
}

bool in_range(const JsonValue& schema, const std::string& minimum_keyword,
              const std::string& maximum_keyword, std::size_t count) {
  const std::optional<std::uint32_t> minimum = count_of(schema, minimum_keyword);
  const std::optional<std::uint32_t> maximum = count_of(schema, maximum_keyword);
  return (!minimum || count >= *minimum) && (!maximum || count <= *maximum);
}

}  // namespace

IntegerNode integer_node(const JsonValue& schema, const std::string& pointer) {
  const Bounds bounds = read_bounds(schema, pointer);
  const DecimalInterval& interval = bounds.interval;
  IntegerNode node;
  bool empty = false;
  if (interval.minimum) {
    node.minimum = ceil_to_int64(*interval.minimum);
    const std::strong_ordering order = compare(decimal_of(node.minimum), *interval.minimum);
    const bool next = order == 0 && interval.minimum_exclusive;
    empty = order < 0 || (next && node.minimum == kIntegerMax);
    if (next && !empty) ++node.minimum;
  }
  if (interval.maximum) {
    node.maximum = floor_to_int64(*interval.maximum);
    const std::strong_ordering order = compare(decimal_of(node.maximum), *interval.maximum);
    const bool next = order == 0 && interval.maximum_exclusive;
    empty = empty || order > 0 || (next && node.maximum == kIntegerMin);
    if (next && !empty) --node.maximum;
  }
  if (empty || node.minimum > node.maximum) refuse_empty(bounds, pointer, "64-bit integer");
  return node;
}

NumberNode number_node(const JsonValue& schema, const std::string& pointer) {
  const Bounds bounds = read_bounds(schema, pointer);
  const DecimalInterval& interval = bounds.interval;
  if (!has_value_of_digits(interval, Limits::number_digits_max)) {
    refuse_empty(bounds, pointer,
                 "number of " + std::to_string(Limits::number_digits_max) + " digits");
  }
  NumberNode node;
  if (interval.minimum) {
    node.minimum = DecimalBound{plain_text(*interval.minimum), interval.minimum_exclusive};
  }
  if (interval.maximum) {
    node.maximum = DecimalBound{plain_text(*interval.maximum), interval.maximum_exclusive};
  }
  return node;
}

StringNode string_node(const JsonValue& schema, const std::string& pointer) {
  const CountRange range = read_range(
      schema, pointer,
      {"minLength", "maxLength", Limits::string_length_default, Limits::string_length_max});
  return StringNode{range.minimum, range.maximum};
}

ArrayNode array_node(const JsonValue& schema, const std::string& pointer) {
  const CountRange range =
      read_range(schema, pointer,
                 {"minItems", "maxItems", Limits::array_items_default, Limits::array_items_max});
  return ArrayNode{0, range.minimum, range.maximum};
}

bool within_bounds(const JsonValue& schema, const std::string& pointer, const JsonValue& value) {
  switch (value.kind) {
    case JsonValue::Kind::Number: {
      const std::optional<Decimal> decimal = parse_decimal(value.text);
      return decimal && contains(read_bounds(schema, pointer).interval, *decimal);
    }
    case JsonValue::Kind::String:
      return in_range(schema, "minLength", "maxLength", count_code_points(value.text));
    case JsonValue::Kind::Array:
      return in_range(schema, "minItems", "maxItems", value.items.size());
    default:
      return true;
  }
}

}  // namespace schemas
