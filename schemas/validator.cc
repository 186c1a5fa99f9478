// Walks a document beside the spec. Nothing here is shared with the code that writes documents:
// the text is parsed anew, numbers are compared as exact decimals, lengths are counted in code
// points, and members may come in any order, as JSON Schema has it.

#include "schemas/validator.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "schemas/decimal.h"
#include "schemas/format_check.h"
#include "schemas/json_value.h"
#include "schemas/limits.h"
#include "schemas/regex.h"
#include "schemas/utf8.h"

namespace schemas {
namespace {

using Kind = JsonValue::Kind;

constexpr JsonLimits kLimits = {Limits::document_bytes_max, Limits::document_depth_max,
                                Limits::document_values_max};

Verdict invalid(const std::string& pointer, const JsonValue& found, const std::string& wanted) {
  return {false, pointer, "found " + describe(found) + ", wanted " + wanted};
}

Verdict valid() { return {true, "", ""}; }

// The end of an interval as a Decimal. A spec holds none that cannot be read.
std::optional<Decimal> bound_value(const std::optional<DecimalBound>& bound) {
  return bound ? parse_decimal(bound->text) : std::nullopt;
}

std::string describe_interval(const NumberNode& node) {
  std::string text = "a number";
  if (node.minimum) text += (node.minimum->exclusive ? " > " : " >= ") + node.minimum->text;
  if (node.minimum && node.maximum) text += " and";
  if (node.maximum) text += (node.maximum->exclusive ? " < " : " <= ") + node.maximum->text;
  return text;
}

bool has_multiples(const Decimal& number, const std::vector<std::string>& multiples) {
  return std::all_of(multiples.begin(), multiples.end(), [&](const std::string& text) {
    const auto multiple = parse_decimal(text);
    return multiple && is_multiple(number, *multiple);
  });
}

std::string describe_range(std::uint32_t minimum, std::uint32_t maximum) {
  return std::to_string(minimum) + " to " + std::to_string(maximum);
}

// The canonical form of an enum value, which is compact JSON; empty if it is not, and then equal
// to no document.
std::string canonical_of(const std::string& value) {
  const JsonParse parse = parse_json(value, kLimits);
  return parse.ok ? write_canonical(parse.value) : "";
}

class Walker {
 public:
  explicit Walker(const SchemaSpec& spec) : spec_(spec) {}

  Verdict check(NodeId id, const JsonValue& value, const std::string& pointer) const {
    if (id >= spec_.nodes.size()) return {false, pointer, "the spec has no such node"};
    return std::visit([&](const auto& node) { return check_node(node, value, pointer); },
                      spec_.nodes[id]);
  }

 private:
  Verdict check_node(const NeverNode&, const JsonValue& value, const std::string& pointer) const {
    return invalid(pointer, value, "nothing here");
  }

  // The reason is the branch's that came furthest: the one wrong at the deepest place.
  Verdict check_node(const AnyOfNode& node, const JsonValue& value,
                     const std::string& pointer) const {
    Verdict furthest = invalid(pointer, value, "one of the branches");
    for (const NodeId branch : node.branches) {
      Verdict verdict = check(branch, value, pointer);
      if (verdict.valid) return verdict;
      if (verdict.pointer.size() > furthest.pointer.size()) furthest = std::move(verdict);
    }
    return furthest;
  }

  Verdict check_node(const BooleanNode&, const JsonValue& value, const std::string& pointer) const {
    return value.is(Kind::Boolean) ? valid() : invalid(pointer, value, "true or false");
  }

  Verdict check_node(const NullNode&, const JsonValue& value, const std::string& pointer) const {
    return value.is(Kind::Null) ? valid() : invalid(pointer, value, "null");
  }

  Verdict check_node(const EnumNode& node, const JsonValue& value,
                     const std::string& pointer) const {
    const std::string canonical = write_canonical(value);
    for (const std::string& wanted : node.values) {
      if (canonical_of(wanted) == canonical) return valid();
    }
    return invalid(pointer, value, "one of " + std::to_string(node.values.size()) + " values");
  }

  Verdict check_node(const IntegerNode& node, const JsonValue& value,
                     const std::string& pointer) const {
    DecimalInterval interval;
    using Int64 = std::numeric_limits<std::int64_t>;  // whose ends stand for no bound
    if (node.minimum != Int64::min())
      interval.minimum = parse_decimal(std::to_string(node.minimum));
    if (node.maximum != Int64::max())
      interval.maximum = parse_decimal(std::to_string(node.maximum));
    const auto number = value.is(Kind::Number) ? parse_decimal(value.text) : std::nullopt;
    if (number && number->is_integer() && contains(interval, *number) &&
        has_multiples(*number, node.multiples) &&
        !(node.plain && value.text.find_first_of(".eE") != std::string::npos)) {
      return valid();
    }
    return invalid(
        pointer, value,
        "an integer from " + std::to_string(node.minimum) + " to " + std::to_string(node.maximum));
  }

  Verdict check_node(const NumberNode& node, const JsonValue& value,
                     const std::string& pointer) const {
    DecimalInterval interval;
    interval.minimum = bound_value(node.minimum);
    interval.maximum = bound_value(node.maximum);
    interval.minimum_exclusive = node.minimum && node.minimum->exclusive;
    interval.maximum_exclusive = node.maximum && node.maximum->exclusive;
    const auto number = value.is(Kind::Number) ? parse_decimal(value.text) : std::nullopt;
    if (number && contains(interval, *number) && has_multiples(*number, node.multiples)) {
      return valid();
    }
    return invalid(pointer, value, describe_interval(node));
  }

  Verdict check_node(const StringNode& node, const JsonValue& value,
                     const std::string& pointer) const {
    if (value.is(Kind::String)) {
      const std::size_t length = count_code_points(value.text);
      if (length >= node.min_length && (node.max_is_default || length <= node.max_length)) {
        return check_text(node, value, pointer);
      }
    }
    return invalid(
        pointer, value,
        "a string of " + describe_range(node.min_length, node.max_length) + " characters");
  }

  static Verdict check_text(const StringNode& node, const JsonValue& value,
                            const std::string& pointer) {
    for (const TextCheck& check : node.checks) {
      const bool holds = check.kind == TextCheck::Kind::Value ? value.text == check.text
                         : check.kind == TextCheck::Kind::Format
                             ? has_format(check.text, value.text)
                             : finds(check.text, value.text);
      if (holds == check.negated) {
        const std::string what = check.kind == TextCheck::Kind::Format    ? "the format "
                                 : check.kind == TextCheck::Kind::Pattern ? "the pattern "
                                                                          : "the text ";
        return invalid(pointer, value, (check.negated ? "not " : "") + what + check.text);
      }
    }
    return valid();
  }

  static bool finds(const std::string& pattern, const std::string& text) {
    return pattern_finds(parse_regex(pattern), text);
  }

  Verdict check_node(const ArrayNode& node, const JsonValue& value,
                     const std::string& pointer) const {
    const std::size_t count = value.items.size();
    if (!value.is(Kind::Array) || count < node.min_items ||
        (!node.max_is_default && count > node.max_items)) {
      return invalid(pointer, value,
                     "an array of " + describe_range(node.min_items, node.max_items) + " elements");
    }
    std::set<std::string> seen;
    for (std::size_t i = 0; i < count; ++i) {
      const NodeId item = i < node.prefix.size() ? node.prefix[i] : node.items;
      Verdict verdict = check(item, value.items[i], pointer_to(pointer, i));
      if (!verdict.valid) return verdict;
      if (node.unique && !seen.insert(write_canonical(value.items[i])).second) {
        return invalid(pointer_to(pointer, i), value.items[i], "no value twice");
      }
    }
    return valid();
  }

  Verdict check_node(const ObjectNode& node, const JsonValue& value,
                     const std::string& pointer) const {
    if (!value.is(Kind::Object)) return invalid(pointer, value, "an object");
    if (value.keys.size() < node.min_properties || value.keys.size() > node.max_properties) {
      return invalid(pointer, value,
                     "an object of " + describe_range(node.min_properties, node.max_properties) +
                         " properties");
    }
    std::map<std::string_view, NodeId> declared;
    for (const Property& property : node.properties) declared.emplace(property.name, property.node);
    for (std::size_t i = 0; i < value.keys.size(); ++i) {
      const std::string at = pointer_to(pointer, value.keys[i]);
      const auto found = declared.find(value.keys[i]);
      const auto undeclared =
          found == declared.end() ? class_of(node, value.keys[i]) : std::optional<NodeId>();
      if (found == declared.end() && !undeclared) {
        return {false, at, "found an undeclared property, wanted none"};
      }
      const NodeId id = found == declared.end() ? *undeclared : found->second;
      Verdict verdict = check(id, value.items[i], at);
      if (!verdict.valid) return verdict;
    }
    const std::set<std::string_view> present(value.keys.begin(), value.keys.end());
    for (const Property& property : node.properties) {
      if (!property.required || present.count(property.name) > 0) continue;
      return {false, pointer_to(pointer, property.name),
              "found nothing, wanted the required property"};
    }
    return valid();
  }

  // What an undeclared key holds, by the patterns that are found in it; nothing if it may not be.
  std::optional<NodeId> class_of(const ObjectNode& node, const std::string& key) const {
    if (node.names) {
      JsonValue name;
      name.kind = Kind::String;
      name.text = key;
      if (!check(*node.names, name, "").valid) return std::nullopt;
    }
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < node.patterns.size(); ++i) {
      if (finds(node.patterns[i], key)) mask |= std::uint64_t{1} << i;
    }
    for (const KeyClass& one : node.classes) {
      if (one.patterns != mask) continue;
      if (std::holds_alternative<NeverNode>(spec_.nodes[one.node])) return std::nullopt;
      return one.node;
    }
    return std::nullopt;
  }

  const SchemaSpec& spec_;
};

}  // namespace

Verdict validate(const SchemaSpec& spec, std::string_view json) {
  const JsonParse parse = parse_json(json, kLimits);
  if (!parse.ok) return {false, "", parse.reason};
  return Walker(spec).check(spec.root, parse.value, "");
}

}  // namespace schemas
