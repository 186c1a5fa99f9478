// Which values a schema admits, and which shapes certainly admit none. Values that are listed are
// settled at load by keeping those that the other keywords allow.

#include <algorithm>
#include <map>
#include <set>

#include "schemas/decimal.h"
#include "schemas/expander.h"
#include "schemas/json_schema.h"
#include "schemas/schema_compiler.h"
#include "schemas/utf8.h"

namespace schemas {
namespace {

using Kind = JsonValue::Kind;

constexpr unsigned kEmptyLevelsMax = 5;

unsigned type_of(const JsonValue& value) {
  switch (value.kind) {
    case Kind::Null:
      return kNullBit;
    case Kind::Boolean:
      return kBooleanBit;
    case Kind::String:
      return kStringBit;
    case Kind::Array:
      return kArrayBit;
    case Kind::Object:
      return kObjectBit;
    case Kind::Number:
      break;
  }
  const auto decimal = parse_decimal(value.text);
  return decimal && decimal->is_integer() ? kIntegerBit : kFractionBit;
}

bool interval_is_empty(const DecimalInterval& interval) {
  if (!interval.minimum || !interval.maximum) return false;
  const auto order = compare(*interval.minimum, *interval.maximum);
  return order > 0 || (order == 0 && (interval.minimum_exclusive || interval.maximum_exclusive));
}

bool all_differ(const JsonValue& array) {
  std::set<std::string> seen;
  return std::all_of(array.items.begin(), array.items.end(), [&](const JsonValue& item) {
    return seen.insert(write_canonical(item)).second;
  });
}

bool within(std::size_t count, std::uint32_t minimum, std::uint32_t maximum) {
  return count >= minimum && (maximum == Shape::kNoMaximum || count <= maximum);
}

}  // namespace

EnumNode unique_values(const std::vector<const JsonValue*>& values,
                       const std::vector<std::string>& words) {
  EnumNode node;
  std::map<std::string, std::size_t> place;  // of each value
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto [known, is_new] = place.emplace(write_canonical(*values[i]), node.values.size());
    if (is_new) {
      node.values.push_back(write_compact(*values[i]));
      node.words.emplace_back();
    }
    if (!words.empty()) add_words(words[i], &node.words[known->second]);
  }
  const bool none = std::all_of(node.words.begin(), node.words.end(),
                                [](const std::string& text) { return text.empty(); });
  if (none) node.words.clear();
  return node;
}

bool Expander::admits(const SchemaSet& set, const JsonValue& value) {
  return std::all_of(set.begin(), set.end(), [&](const SchemaRef ref) {
    const Shapes& shapes = shapes_of({ref.schema, false});
    const bool holds = std::any_of(shapes.begin(), shapes.end(),
                                   [&](const Shape& shape) { return admits(shape, value); });
    return holds != ref.negated;
  });
}

bool Expander::admits(const Shape& shape, const JsonValue& value) {
  if ((shape.types & type_of(value)) == 0) return false;
  const std::string canonical = write_canonical(value);
  const auto same = [&](const JsonValue* other) { return write_canonical(*other) == canonical; };
  if (shape.values && std::none_of(shape.values->begin(), shape.values->end(), same)) return false;
  if (std::any_of(shape.excluded.begin(), shape.excluded.end(), same)) return false;
  switch (value.kind) {
    case Kind::Number: {
      const auto decimal = parse_decimal(value.text);
      return decimal && contains(shape.interval, *decimal) &&
             std::all_of(shape.multiples.begin(), shape.multiples.end(),
                         [&](const Decimal& multiple) { return is_multiple(*decimal, multiple); });
    }
    case Kind::String:
      return within(count_code_points(value.text), shape.min_length, shape.max_length) &&
             std::all_of(shape.checks.begin(), shape.checks.end(), [&](const TextCheck& check) {
               return tables_.matches(check, value.text);
             });
    case Kind::Array:
      if (!within(value.items.size(), shape.min_items, shape.max_items)) return false;
      if (shape.unique && !all_differ(value)) return false;
      for (std::size_t i = 0; i < value.items.size(); ++i) {
        if (!admits(set_of_element(shape, i), value.items[i])) return false;
      }
      return true;
    case Kind::Object:
      if (!within(value.keys.size(), shape.min_properties, shape.max_properties)) return false;
      for (const std::string& name : shape.required) {
        if (value.find(name) == nullptr) return false;
      }
      for (std::size_t i = 0; i < value.keys.size(); ++i) {
        if (!admits(set_of_key(shape, value.keys[i]), value.items[i])) return false;
      }
      return true;
    default:
      return true;
  }
}

bool Expander::is_empty(const SchemaSet& set, unsigned level) {
  if (level > kEmptyLevelsMax) return false;
  // Only unions that are small: this is a question that may stay open. So it does where the answer
  // hangs on a schema that is being worked out, or on one that is refused.
  constexpr std::size_t kCombinationsMax = 64;
  Shapes all = {Shape{}};
  try {
    for (const SchemaRef ref : set) {
      const Shapes& shapes = shapes_of(ref);
      if (all.size() * shapes.size() > kCombinationsMax) return false;
      Shapes next;
      for (const Shape& left : all) {
        for (const Shape& right : shapes) {
          if (auto both = meet(left, right)) next.push_back(std::move(*both));
        }
      }
      all = std::move(next);
    }
    return std::all_of(all.begin(), all.end(),
                       [&](const Shape& shape) { return is_empty(shape, level + 1); });
  } catch (const SchemaError&) {
    return false;
  }
}

bool Expander::is_empty(const Shape& shape, unsigned level) {
  if (shape.values) {
    return std::none_of(shape.values->begin(), shape.values->end(),
                        [&](const JsonValue* value) { return admits(shape, *value); });
  }
  if ((shape.types & (kNullBit | kBooleanBit)) != 0) {
    if (shape.excluded.empty()) return false;
    JsonValue one;
    const bool no_null = (shape.types & kNullBit) == 0 || !admits(shape, one);
    one.kind = Kind::Boolean;
    const bool no_false = (shape.types & kBooleanBit) == 0 || !admits(shape, one);
    one.boolean = true;
    const bool no_true = (shape.types & kBooleanBit) == 0 || !admits(shape, one);
    if (!no_null || !no_false || !no_true) return false;
  }
  if ((shape.types & kNumberBits) != 0 && !interval_is_empty(shape.interval)) return false;
  if ((shape.types & kStringBit) != 0 && shape.min_length <= shape.max_length) {
    if (shape.checks.empty()) return false;
    try {
      const auto table = tables_.of_checks(
          shape.checks, shape.min_length,
          shape.max_length == Shape::kNoMaximum ? std::nullopt : std::optional(shape.max_length));
      if (table->start != StringAutomaton::kDead) return false;
    } catch (const TextRefused&) {
      return false;
    }
  }
  if ((shape.types & kArrayBit) != 0 && shape.min_items <= shape.max_items) {
    bool broken = false;
    for (std::uint32_t i = 0; i < std::min(shape.min_items, 8U) && !broken; ++i) {
      broken = is_empty(set_of_element(shape, i), level + 1);
    }
    if (!broken) return false;
  }
  if ((shape.types & kObjectBit) != 0 && shape.min_properties <= shape.max_properties &&
      shape.required.size() <= shape.max_properties) {
    const bool broken = std::any_of(
        shape.required.begin(), shape.required.end(),
        [&](const std::string& name) { return is_empty(set_of_key(shape, name), level + 1); });
    if (!broken) return false;
  }
  return true;
}

}  // namespace schemas
