// Walks a document beside the spec. Nothing here is shared with the code that writes documents:
// the text is parsed anew, numbers are compared as exact decimals, lengths are counted in code
// points, and members may come in any order, as JSON Schema has it.

#include "schemas/validator.h"

#include <map>
#include <optional>
#include <set>

#include "schemas/decimal.h"
#include "schemas/json_value.h"
#include "schemas/limits.h"
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
    interval.minimum = parse_decimal(std::to_string(node.minimum));
    interval.maximum = parse_decimal(std::to_string(node.maximum));
    const auto number = value.is(Kind::Number) ? parse_decimal(value.text) : std::nullopt;
    if (number && number->is_integer() && contains(interval, *number)) return valid();
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
    if (number && contains(interval, *number)) return valid();
    return invalid(pointer, value, describe_interval(node));
  }

  Verdict check_node(const StringNode& node, const JsonValue& value,
                     const std::string& pointer) const {
    if (value.is(Kind::String)) {
      const std::size_t length = count_code_points(value.text);
      if (length >= node.min_length && length <= node.max_length) return valid();
    }
    return invalid(
        pointer, value,
        "a string of " + describe_range(node.min_length, node.max_length) + " characters");
  }

  Verdict check_node(const ArrayNode& node, const JsonValue& value,
                     const std::string& pointer) const {
    const std::size_t count = value.items.size();
    if (!value.is(Kind::Array) || count < node.min_items || count > node.max_items) {
      return invalid(pointer, value,
                     "an array of " + describe_range(node.min_items, node.max_items) + " elements");
    }
    for (std::size_t i = 0; i < count; ++i) {
      Verdict verdict = check(node.items, value.items[i], pointer_to(pointer, i));
      if (!verdict.valid) return verdict;
    }
    return valid();
  }

  Verdict check_node(const ObjectNode& node, const JsonValue& value,
                     const std::string& pointer) const {
    if (!value.is(Kind::Object)) return invalid(pointer, value, "an object");
    std::map<std::string_view, NodeId> declared;
    for (const Property& property : node.properties) declared.emplace(property.name, property.node);
    for (std::size_t i = 0; i < value.keys.size(); ++i) {
      const std::string at = pointer_to(pointer, value.keys[i]);
      const auto found = declared.find(value.keys[i]);
      if (found == declared.end()) return {false, at, "found an undeclared property, wanted none"};
      Verdict verdict = check(found->second, value.items[i], at);
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

  const SchemaSpec& spec_;
};

}  // namespace

Verdict validate(const SchemaSpec& spec, std::string_view json) {
  const JsonParse parse = parse_json(json, kLimits);
  if (!parse.ok) return {false, "", parse.reason};
  return Walker(spec).check(spec.root, parse.value, "");
}

}  // namespace schemas
