#pragma once

// JSON Schema text, or the shorthand `{"status":["ok","error"]}`, to a SchemaSpec.
// What cannot be enforced is refused, never ignored. The keywords are in keywords.h and README.md.
//
// Which of the two a text is, decided for the outermost object:
//   1. A key that is a JSON Schema keyword and holds a value of that keyword's kind makes it
//      JSON Schema: {"type":"object"}, {"enum":["a","b"]}, {"required":["a"]}.
//   2. Else it is the shorthand, if every value is a list of scalars or such an object again:
//      {"status":["ok","error"]}, and {"type":["car","van"]}, as "car" is not a type.
//   3. Else it is refused. So is a mixture, with advice to write JSON Schema.
// The shorthand requires every key and allows no other.
//
// Where a schema leaves the size open the SchemaSpec does not: see Limits. Undeclared properties
// are never written, whatever additionalProperties says. So a spec may allow less than its schema,
// and never more.
// Thread safety: free functions without state.

#include <stdexcept>
#include <string>
#include <string_view>

#include "schemas/schema_spec.h"

namespace schemas {

// Thrown at load. what() reads "POINTER: KEYWORD: REASON", with "(root)" for the empty pointer.
class SchemaError : public std::runtime_error {
 public:
  SchemaError(std::string pointer, std::string keyword, std::string reason);
  const std::string& pointer() const { return pointer_; }  // JSON pointer of the keyword or value
  // The keyword at fault, or one of: json (not JSON, or too large), shorthand, true, false (a
  // boolean schema), schema (neither object nor boolean), nesting, size, file.
  const std::string& keyword() const { return keyword_; }
  const std::string& reason() const { return reason_; }

 private:
  std::string pointer_;
  std::string keyword_;
  std::string reason_;
};

// Parses `text`, which is JSON Schema or the shorthand. Throws SchemaError.
SchemaSpec parse_schema(std::string_view text);

// The same from a file of at most 1 MiB. Throws SchemaError with the path in the reason.
SchemaSpec load_schema(const std::string& path);

}  // namespace schemas
