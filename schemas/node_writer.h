#pragma once

// The nodes of one value: one for each type that each shape leaves, those with listed values
// together in one.
// Thread safety: unsafe; lives for one value.

#include <functional>
#include <vector>

#include "schemas/expander.h"
#include "schemas/schema_spec.h"

namespace schemas {

class NodeWriter {
 public:
  using NodeOf = std::function<NodeId(const SchemaSet&)>;

  // `node_of` gives the node of a part of the value.
  NodeWriter(Expander& expander, const SchemaSet& set, NodeOf node_of);

  // The branches; none if nothing satisfies the set. Throws SchemaError.
  std::vector<Node> take();

 private:
  std::vector<Node> branches();
  void write(const Shape& shape);
  void add_finite(const JsonValue* value, const std::string& words);
  void write_numbers(const Shape& shape);
  void write_integers(const DecimalInterval& interval, const std::vector<std::string>& multiples,
                      bool copy);
  void write_string(const Shape& shape);
  void write_array(const Shape& shape);
  void write_object(const Shape& shape);
  void write_classes(const Shape& shape, ObjectNode* node);
  TextTable names_table(const Shape& shape);
  std::vector<TextCheck> checks_of(const Shape& shape) const;
  [[noreturn]] void refuse(const char* keyword, const std::string& reason) const;

  Expander& expander_;
  const SchemaSet& set_;
  NodeOf node_of_;
  std::vector<Node> branches_;
  std::vector<const JsonValue*> finite_;
  std::vector<std::string> words_;  // [finite_]
};

}  // namespace schemas
