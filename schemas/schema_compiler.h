#pragma once

// The stages behind parse_schema; json_schema.h is the door.
// Thread safety: free functions without state.

#include <string>
#include <vector>

#include "schemas/json_value.h"
#include "schemas/schema_spec.h"

namespace schemas {

class References;

// JSON Schema to a spec. Throws SchemaError.
SchemaSpec compile_json_schema(const JsonValue& schema);

// True if a key of the object is a keyword that holds a value of the keyword's kind.
bool looks_like_json_schema(const JsonValue& object);

// True if every value of the object is a list of scalars or such an object again, none of them
// looks like JSON Schema, and no list or object is empty.
bool is_shorthand(const JsonValue& object);

// True if the object is JSON Schema by its keywords and could as well be meant as the shorthand:
// all its values are lists of scalars, and nothing but required or items says what it is.
bool may_be_either(const JsonValue& object);

// The shorthand to a spec. Throws SchemaError.
SchemaSpec compile_shorthand(const JsonValue& object);

// Throws SchemaError if the shortest document of the spec is over the limit.
void refuse_oversized(const SchemaSpec& spec);

// Throws SchemaError at the first keyword that is not supported or not of its kind.
void check_keywords(const JsonValue& schema, const References& references);

// True if a refused keyword with this value narrows nothing, or does no more than others do.
bool asks_nothing(const JsonValue& schema, const std::string& name, const JsonValue& value);

// The compact texts of `values` without those that are equal to an earlier one.
// `words`: what people call each, or none. Those of equal values are joined.
EnumNode unique_values(const std::vector<const JsonValue*>& values,
                       const std::vector<std::string>& words = {});

// The types that the value of the keyword `type` names, as TypeBits.
unsigned type_mask(const JsonValue& type);

// Throws SchemaError at the keyword of the schema at `pointer`.
[[noreturn]] void refuse_keyword(const std::string& pointer, const std::string& keyword,
                                 const std::string& reason);

}  // namespace schemas
