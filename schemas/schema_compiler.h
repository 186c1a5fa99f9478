#pragma once

// The stages behind parse_schema, one function each; json_schema.h is the door.
// Thread safety: free functions without state.

#include <string>
#include <vector>

#include "schemas/json_value.h"
#include "schemas/schema_spec.h"

namespace schemas {

// JSON Schema to a spec. Throws SchemaError.
SchemaSpec compile_json_schema(const JsonValue& schema);

// True if a key of the object is a keyword that holds a value of the keyword's kind.
bool looks_like_json_schema(const JsonValue& object);

// True if every value of the object is a list of scalars or such an object again, none of them
// looks like JSON Schema, and no list or object is empty.
bool is_shorthand(const JsonValue& object);

// The shorthand to a spec. Throws SchemaError.
SchemaSpec compile_shorthand(const JsonValue& object);

// Throws SchemaError if the shortest document of the spec is over the limit.
void refuse_oversized(const SchemaSpec& spec);

// The node of a schema with enum or const: the values that its other keywords allow, without
// repetitions. Throws SchemaError if none is left. REQUIRES: keywords have their kinds.
EnumNode enum_node(const JsonValue& schema, const std::string& pointer);

// The compact texts of `values` without those that are equal to an earlier one.
EnumNode unique_values(const std::vector<const JsonValue*>& values);

// The nodes of bounded types. Bounds that leave nothing throw SchemaError.
// REQUIRES: keywords have their kinds.
IntegerNode integer_node(const JsonValue& schema, const std::string& pointer);
NumberNode number_node(const JsonValue& schema, const std::string& pointer);
StringNode string_node(const JsonValue& schema, const std::string& pointer);
ArrayNode array_node(const JsonValue& schema, const std::string& pointer);  // items is left 0

// Does `value` satisfy the bounds beside it: minimum, maxLength, minItems and so on, each for
// values of its own type?
bool within_bounds(const JsonValue& schema, const std::string& pointer, const JsonValue& value);

// Does `value` have the type called `name`? 1.0 is an integer.
bool has_type(const JsonValue& value, std::string_view name);

// Throws SchemaError at the keyword of the schema at `pointer`.
[[noreturn]] void refuse_keyword(const std::string& pointer, const std::string& keyword,
                                 const std::string& reason);

}  // namespace schemas
