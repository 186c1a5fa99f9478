#pragma once

// The typed form of an output schema: a graph of nodes, with cycles where the schema refers to
// itself, that the constraint automaton and the validator read. JSON Schema and the shorthand both
// become this form, and nothing weaker than what they said: a keyword that has no place here is
// refused at load (see json_schema.h). Plain data, standard library only, so that `inference` can
// include it. Thread safety: constant after construction.

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "schemas/string_automaton.h"

namespace schemas {

using NodeId = std::uint32_t;  // index into SchemaSpec::nodes

// Satisfied by nothing: a property or an element that must not be there.
struct NeverNode {};

// Satisfied by what satisfies at least one branch. There are at least two; none is an AnyOfNode.
struct AnyOfNode {
  std::vector<NodeId> branches;
};

struct BooleanNode {};
struct NullNode {};

// A finite set of values. Each is the compact JSON text of one value, exactly as it is
// written to the output: `"stop"`, `3`, `null`, `{"a":1}`. No duplicates, at least one.
// `const` is an EnumNode of one value.
struct EnumNode {
  std::vector<std::string> values;
  // What people call each value: the `title` and `description` of the schema of its `const`, by
  // line. Empty where no value has any; allows nothing and forbids nothing.
  std::vector<std::string> words = {};
};

// An integer in [minimum, maximum]; both are always finite (unbounded schemas get the
// bounds of int64). Written without exponent, leading zeros, `-0` or fraction.
struct IntegerNode {
  std::int64_t minimum = std::numeric_limits<std::int64_t>::min();
  std::int64_t maximum = std::numeric_limits<std::int64_t>::max();
  std::vector<std::string> multiples = {};  // JSON numbers above zero without exponent
  bool plain = false;                       // 1.0 is not taken for 1 (up to draft-04)
  bool copy = false;  // `x-picolm-copy`: written is only what stands in the message
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
  std::vector<std::string> multiples = {};  // JSON numbers above zero without exponent
  bool copy = false;                        // as of integers
};

// One condition on a text.
struct TextCheck {
  enum class Kind : std::uint8_t { Pattern, Format, Value };
  Kind kind = Kind::Pattern;
  bool negated = false;
  std::string text;  // the pattern, the name of the format, or the one text that is meant

  bool operator==(const TextCheck&) const = default;
};

// A string; lengths count code points, as JSON Schema does.
struct StringNode {
  std::uint32_t min_length = 0;
  std::uint32_t max_length = 0;  // always finite; see Limits::string_length_default
  bool max_is_default = false;  // the schema has no maximum: longer ones are not written, but valid
  std::vector<TextCheck> checks = {};  // all must hold
  // Made of the checks, min_length, and max_length unless it is a default; null without checks.
  TextTable automaton = nullptr;
  bool copy = false;  // as of integers
};

struct ArrayNode {
  NodeId items = 0;
  std::uint32_t min_items = 0;
  std::uint32_t max_items = 0;      // always finite
  bool max_is_default = false;      // as of strings
  std::vector<NodeId> prefix = {};  // of the first elements; `items` is of those after them
  bool unique = false;              // then the elements are EnumNodes
};

struct Property {
  std::string name;  // UTF-8, unescaped
  NodeId node = 0;
  bool required = true;
};

// What keys that are not declared hold, by the patterns that match them.
struct KeyClass {
  std::uint64_t patterns = 0;  // bit i: patterns[i] of the object matches
  NodeId node = 0;
};

// Properties in the order they are written to the output. Undeclared ones are written only where
// min_properties demands them; as input they are valid where a class allows them.
struct ObjectNode {
  std::vector<Property> properties;
  std::uint32_t min_properties = 0;
  std::uint32_t max_properties = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::string> patterns = {};
  std::vector<KeyClass> classes = {};          // empty: no undeclared keys
  std::optional<NodeId> names = std::nullopt;  // what every undeclared key must be, as a string
  // Tells the classes apart: label i + 1 is classes[i]. Null where all texts belong to classes[0].
  TextTable keys = nullptr;
};

using Node = std::variant<BooleanNode, NullNode, EnumNode, IntegerNode, NumberNode, StringNode,
                          ArrayNode, ObjectNode, AnyOfNode, NeverNode>;

struct SchemaSpec {
  std::vector<Node> nodes;
  NodeId root = 0;
};

}  // namespace schemas
