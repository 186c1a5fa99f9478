// Every keyword says something about some values and nothing about others, so a schema is a
// conjunction. Keywords without branches fill one shape; each keyword with branches is a union of
// shapes, and the conjunction of unions is the union over all combinations. Combinations that have
// no type or no listed value in common vanish at once, which keeps most unions small; a limit keeps
// the others from growing without end.
//
// oneOf is a union if no two branches have anything in common. Where that is not plain to see, each
// branch is joined with the contrary of the others (contrary.cc). if is the same idea: what
// satisfies if and then, or neither if nor the contrary of else.

#include "schemas/expander.h"

#include <algorithm>

#include "schemas/json_schema.h"
#include "schemas/keywords.h"
#include "schemas/limits.h"
#include "schemas/schema_compiler.h"

namespace schemas {

using Kind = JsonValue::Kind;

const JsonValue kFalseSchema = [] {
  JsonValue value;
  value.kind = JsonValue::Kind::Boolean;
  return value;
}();

void Expander::refuse(const JsonValue& schema, const std::string& keyword,
                      const std::string& reason) const {
  refuse_keyword(references_.pointer_of(&schema), keyword, reason);
}

const Shapes& Expander::shapes_of(SchemaRef ref) {
  const auto found = known_.find(ref);
  if (found != known_.end()) return found->second;
  if (open_.count(ref) > 0 || open_.size() > Limits::reference_steps_max) {
    refuse(*ref.schema, "$ref", "refers to itself without a value in between");
  }
  struct Closer {
    std::set<SchemaRef>& open;
    SchemaRef ref;
    ~Closer() { open.erase(ref); }
  };
  open_.insert(ref);
  const Closer closer{open_, ref};
  Shapes shapes = ref.negated ? negate(*ref.schema) : expand(*ref.schema);
  return known_.emplace(ref, std::move(shapes)).first->second;
}

Shapes Expander::shapes_of(const SchemaSet& set) {
  Shapes all = {Shape{}};
  for (const SchemaRef ref : set) all = all_of(all, shapes_of(ref), *ref.schema);
  return all;
}

Shapes Expander::all_of(const Shapes& a, const Shapes& b, const JsonValue& schema) {
  Shapes out;
  for (const Shape& left : a) {
    for (const Shape& right : b) {
      std::optional<Shape> both = meet(left, right);
      if (!both) continue;
      if (a.size() > 1 && b.size() > 1 && is_empty(*both)) continue;
      if (out.size() >= Limits::branches_max) {
        refuse(schema, "branches",
               "more than " + std::to_string(Limits::branches_max) + " combinations");
      }
      out.push_back(std::move(*both));
    }
  }
  return out;
}

void Expander::join(const Shapes& more, const JsonValue& schema, Shapes* all) {
  if (all->size() + more.size() > Limits::branches_max) {
    refuse(schema, "branches", "more than " + std::to_string(Limits::branches_max) + " branches");
  }
  all->insert(all->end(), more.begin(), more.end());
}

Shapes Expander::expand(const JsonValue& schema) {
  if (schema.is(Kind::Boolean)) return schema.boolean ? Shapes{Shape{}} : Shapes{};
  if (!schema.is(Kind::Object)) {
    throw SchemaError(references_.pointer_of(&schema), "schema",
                      "found " + describe(schema) + ", wanted a schema");
  }
  check_keywords(schema, references_);
  const JsonValue* reference = schema.find("$ref");
  if (reference == nullptr) return expand_object(schema);
  if (references_.draft() == Draft::Unstated && schema.find("$id") != nullptr) {
    refuse(schema, "$ref",
           "stands beside $id, which counts only from draft 2019-09 on; add $schema");
  }
  const JsonValue* target = references_.resolve(schema);
  const Shapes& meant = shapes_of({target, false});
  // Up to draft-07 what stands beside $ref counts for nothing, later it does.
  const bool alone = std::all_of(schema.keys.begin(), schema.keys.end(), [](const auto& key) {
    const Keyword* keyword = find_keyword(key);
    return key == "$ref" || keyword == nullptr || keyword->use == KeywordUse::Annotation;
  });
  if (alone || references_.draft() == Draft::Old) return meant;
  if (references_.draft() == Draft::Unstated) {
    refuse(schema, "$ref",
           "stands beside other keywords, which only count from draft 2019-09 on; add $schema");
  }
  return all_of(expand_object(schema), meant, schema);
}

Shapes Expander::expand_object(const JsonValue& schema) {
  Shapes all = {plain_shape(schema)};
  if (all.front().types == 0) return {};
  for (std::size_t i = 0; i < schema.keys.size(); ++i) {
    const std::string& name = schema.keys[i];
    const JsonValue& value = schema.items[i];
    if (name == "allOf") {
      for (const JsonValue& part : value.items)
        all = all_of(all, shapes_of({&part, false}), schema);
    } else if (name == "anyOf") {
      Shapes branches;
      for (const JsonValue& part : value.items) join(shapes_of({&part, false}), schema, &branches);
      all = all_of(all, branches, schema);
    } else if (name == "oneOf") {
      all = all_of(all, one_of(schema, value), schema);
    } else if (name == "not") {
      all = all_of(all, shapes_of({&value, true}), schema);
    } else if (name == "if") {
      all = all_of(all, conditional(schema), schema);
    } else if (name == "dependencies" || name == "dependentRequired" ||
               name == "dependentSchemas") {
      for (std::size_t k = 0; k < value.keys.size(); ++k) {
        all = all_of(all, dependency(value.keys[k], value.items[k]), schema);
      }
    }
  }
  return all;
}

Shapes Expander::one_of(const JsonValue& schema, const JsonValue& branches) {
  const std::size_t count = branches.items.size();
  Shapes all;
  for (std::size_t i = 0; i < count; ++i) {
    Shapes mine = shapes_of({&branches.items[i], false});
    for (std::size_t k = 0; k < count; ++k) {
      if (k == i) continue;
      const Shapes& other = shapes_of({&branches.items[k], false});
      const bool apart = std::all_of(mine.begin(), mine.end(), [&](const Shape& a) {
        return std::all_of(other.begin(), other.end(), [&](const Shape& b) {
          const std::optional<Shape> both = meet(a, b);
          return !both || is_empty(*both);
        });
      });
      if (!apart) mine = all_of(mine, shapes_of({&branches.items[k], true}), schema);
    }
    join(mine, schema, &all);
  }
  return all;
}

Shapes Expander::conditional(const JsonValue& schema) {
  const JsonValue* condition = schema.find("if");
  const JsonValue* then = schema.find("then");
  const JsonValue* otherwise = schema.find("else");
  if (then == nullptr && otherwise == nullptr) return {Shape{}};
  Shapes yes = shapes_of({condition, false});
  if (then != nullptr) yes = all_of(yes, shapes_of({then, false}), schema);
  Shapes no = shapes_of({condition, true});
  if (otherwise != nullptr) no = all_of(no, shapes_of({otherwise, false}), schema);
  join(no, schema, &yes);
  return yes;
}

// Without the property, or with it and what it asks for.
Shapes Expander::dependency(const std::string& name, const JsonValue& wanted) {
  auto rule = std::make_shared<ObjectRule>();
  rule->properties.emplace_back(name, SchemaRef{&kFalseSchema, false});
  Shape without;
  without.objects.push_back(std::move(rule));
  Shape with;
  with.types = kObjectBit;
  add_required(name, &with);
  if (!wanted.is(Kind::Array)) {
    Shapes all = all_of({with}, shapes_of({&wanted, false}), wanted);
    join({without}, wanted, &all);
    return all;
  }
  for (const JsonValue& other : wanted.items) add_required(other.text, &with);
  return {without, with};
}

SchemaSet Expander::set_of_element(const Shape& shape, std::size_t index) {
  SchemaSet set;
  for (const auto& rule : shape.arrays) {
    if (index < rule->prefix.size()) {
      add_ref(rule->prefix[index], &set);
    } else if (rule->items) {
      add_ref(*rule->items, &set);
    }
  }
  return set;
}

SchemaSet Expander::set_of_key(const Shape& shape, const std::string& name) {
  SchemaSet set;
  for (const auto& rule : shape.objects) {
    bool known = false;
    for (const auto& [key, ref] : rule->properties) {
      if (key != name) continue;
      add_ref(ref, &set);
      known = true;
    }
    for (const auto& [pattern, ref] : rule->patterns) {
      if (!tables_.matches({TextCheck::Kind::Pattern, false, pattern}, name)) continue;
      add_ref(ref, &set);
      known = true;
    }
    if (!known && rule->additional) add_ref(*rule->additional, &set);
  }
  if (!shape.names.empty()) {
    JsonValue key;
    key.kind = Kind::String;
    key.text = name;
    if (!admits(shape.names, key)) add_ref({&kFalseSchema, false}, &set);
  }
  return set;
}

}  // namespace schemas
