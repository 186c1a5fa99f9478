#pragma once

// The typed form of an output schema: a graph of nodes that the constraint
// automaton and the validator read. JSON Schema and the shorthand both become
// this form, and nothing weaker than what they said: a keyword that has no
// place here is refused at load (see json_schema.h).
// Plain data, standard library only, so that `inference` can include it.
// Thread safety: constant after construction.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace schemas {

using NodeId = std::uint32_t;  // index into SchemaSpec::nodes

struct BooleanNode {};
struct NullNode {};

// A finite set of values. Each is the compact JSON text of one value, exactly as it is
// written to the output: `"stop"`, `3`, `null`, `{"a":1}`. No duplicates, at least one.
// `const` is an EnumNode of one value.
struct EnumNode {
  std::vector<std::string> values;
};

// An integer in [minimum, maximum]; both are always finite (unbounded schemas get the
// bounds of int64). Written without exponent, leading zeros, `-0` or fraction.
struct IntegerNode {
  std::int64_t minimum = std::numeric_limits<std::int64_t>::min();
  std::int64_t maximum = std::numeric_limits<std::int64_t>::max();
};

// A bound of a number, kept as the decimal text of the schema, so that comparing an
// emitted decimal with it is exact and never goes through binary floating point.
struct DecimalBound {
  std::string text;  // JSON number without exponent
  bool exclusive = false;
};

// A number written as a plain decimal; see Limits::number_digits_max.
struct NumberNode {
  std::optional<DecimalBound> minimum;
  std::optional<DecimalBound> maximum;
};

// A string; lengths count code points, as JSON Schema does.
struct StringNode {
  std::uint32_t min_length = 0;
  std::uint32_t max_length = 0;  // always finite; see Limits::string_length_default
};

struct ArrayNode {
  NodeId items = 0;
  std::uint32_t min_items = 0;
  std::uint32_t max_items = 0;  // always finite
};

struct Property {
  std::string name;  // UTF-8, unescaped
  NodeId node = 0;
  bool required = true;
};

// Properties in the order they are written to the output. No others are allowed.
struct ObjectNode {
  std::vector<Property> properties;
};

using Node = std::variant<BooleanNode, NullNode, EnumNode, IntegerNode, NumberNode, StringNode,
                          ArrayNode, ObjectNode>;

struct SchemaSpec {
  std::vector<Node> nodes;  // a tree for now: every node has one parent
  NodeId root = 0;
};

}  // namespace schemas
