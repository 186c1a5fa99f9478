#pragma once

// From a schema to the union of shapes that it means: allOf, anyOf, oneOf, not, if and $ref are
// worked out here, exactly, or refused.
// Thread safety: unsafe; one compilation owns it.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "schemas/json_value.h"
#include "schemas/references.h"
#include "schemas/shape.h"
#include "schemas/text_tables.h"

namespace schemas {

class Expander {
 public:
  Expander(const References& references, TextTables& tables)
      : references_(references), tables_(tables) {}

  // The union that `ref` means. Throws SchemaError.
  const Shapes& shapes_of(SchemaRef ref);

  // The union of what satisfies all of `set`, without what certainly nothing satisfies.
  Shapes shapes_of(const SchemaSet& set);

  // Does `value` satisfy it? Exact.
  bool admits(const SchemaSet& set, const JsonValue& value);
  bool admits(const Shape& shape, const JsonValue& value);

  // The schemas of the value under `name`, and of the element at `index`.
  SchemaSet set_of_key(const Shape& shape, const std::string& name);
  static SchemaSet set_of_element(const Shape& shape, std::size_t index);

  // True only if nothing satisfies it; false where that is not plain to see.
  bool is_empty(const Shape& shape, unsigned level = 0);
  bool is_empty(const SchemaSet& set, unsigned level = 0);

  const References& references() const { return references_; }
  TextTables& tables() { return tables_; }

  // Throws SchemaError at `keyword` of `schema`.
  [[noreturn]] void refuse(const JsonValue& schema, const std::string& keyword,
                           const std::string& reason) const;

 private:
  Shapes expand(const JsonValue& schema);
  Shapes expand_object(const JsonValue& schema);
  Shape plain_shape(const JsonValue& schema);
  void read_numbers(const JsonValue& schema, Shape* shape);
  void read_strings(const JsonValue& schema, Shape* shape);
  void read_arrays(const JsonValue& schema, Shape* shape);
  void read_objects(const JsonValue& schema, Shape* shape);
  Shapes one_of(const JsonValue& schema, const JsonValue& branches);
  Shapes conditional(const JsonValue& schema);
  Shapes dependency(const std::string& name, const JsonValue& wanted);

  Shapes negate(const JsonValue& schema);
  Shapes negate_keyword(const JsonValue& schema, const std::string& name, const JsonValue& value);
  Shapes negate_values(const JsonValue& value);
  Shapes negate_required(const JsonValue& value);
  Shapes negate_properties(const JsonValue& value);
  std::optional<Shapes> negate_count(const Shape& plain, const std::string& name);
  Shapes negate_one_of(const JsonValue& schema, const JsonValue& branches);

  Shapes all_of(const Shapes& a, const Shapes& b, const JsonValue& schema);
  void join(const Shapes& more, const JsonValue& schema, Shapes* all);

  const References& references_;
  TextTables& tables_;
  std::map<SchemaRef, Shapes> known_;
  std::set<SchemaRef> open_;  // under way: a reference back to it has no value in between
};

extern const JsonValue kFalseSchema;

}  // namespace schemas
