#pragma once

// Where the schemas of a text are, and what `$ref` in one of them means.
// Thread safety: constant after construction; refers to the text it was made from.

#include <map>
#include <string>

#include "schemas/json_value.h"

namespace schemas {

enum class Draft { Unstated, Old, New };  // Old: up to draft-07, where $ref stands alone

class References {
 public:
  explicit References(const JsonValue& root);

  bool is_root(const JsonValue& schema) const { return &schema == &root_; }
  Draft draft() const { return draft_; }

  // Up to draft-04 a number written with a fraction, 1.0, is no integer.
  bool integers_are_plain() const { return integers_are_plain_; }

  // JSON pointer of a value of the text; empty for the root and for values that are not of it.
  std::string pointer_of(const JsonValue* value) const;

  // The schema that `$ref` of `schema` means. Throws SchemaError: not in this text.
  const JsonValue* resolve(const JsonValue& schema) const;

 private:
  void collect(const JsonValue& value, const std::string& base, bool is_schema);
  const JsonValue* follow(const JsonValue* from, std::string_view pointer) const;

  const JsonValue& root_;
  Draft draft_ = Draft::Unstated;
  bool integers_are_plain_ = false;
  std::string root_id_;
  std::map<std::string, const JsonValue*> resources_;  // by absolute id
  std::map<std::string, const JsonValue*> anchors_;    // by id#anchor
  std::map<const JsonValue*, std::string> bases_;      // of schemas inside another resource
};

}  // namespace schemas
