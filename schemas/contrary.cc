// The contrary of a schema: of a conjunction, the union of the contraries of its keywords. Each
// speaks about one type only, so its contrary is of that type. Schemas of parts turn into negated
// references, which are worked out when the part is. What has no finite contrary (an element that
// breaks `items`, somewhere) is refused.

#include <algorithm>

#include "schemas/expander.h"
#include "schemas/keywords.h"
#include "schemas/schema_compiler.h"

namespace schemas {
namespace {

using Kind = JsonValue::Kind;

Shape typed(unsigned types) {
  Shape shape;
  shape.types = types;
  return shape;
}

bool is_true(const JsonValue& value) { return value.is(Kind::Boolean) && value.boolean; }

}  // namespace

Shapes Expander::negate(const JsonValue& schema) {
  if (schema.is(Kind::Boolean)) return schema.boolean ? Shapes{} : Shapes{Shape{}};
  shapes_of({&schema, false});  // refuses what is not a schema
  const JsonValue* reference = schema.find("$ref");
  Shapes all;
  if (reference != nullptr) {
    const JsonValue* target = references_.resolve(schema);
    join(shapes_of({target, true}), schema, &all);
    if (references_.draft() == Draft::Old) return all;
  }
  for (std::size_t i = 0; i < schema.keys.size(); ++i) {
    const Keyword* keyword = find_keyword(schema.keys[i]);
    if (keyword == nullptr || keyword->use == KeywordUse::Annotation) continue;
    if (schema.keys[i] == "$ref") continue;
    join(negate_keyword(schema, schema.keys[i], schema.items[i]), schema, &all);
  }
  return all;
}

Shapes Expander::negate_values(const JsonValue& value) {
  Shape shape;
  for (const JsonValue& one : value.items) shape.excluded.push_back(&one);
  return {shape};
}

Shapes Expander::negate_required(const JsonValue& value) {
  Shapes all;
  for (const JsonValue& one : value.items) {
    auto rule = std::make_shared<ObjectRule>();
    rule->properties.emplace_back(one.text, SchemaRef{&kFalseSchema, false});
    Shape shape = typed(kObjectBit);
    shape.objects.push_back(std::move(rule));
    all.push_back(std::move(shape));
  }
  return all;
}

Shapes Expander::negate_properties(const JsonValue& value) {
  Shapes all;
  for (std::size_t i = 0; i < value.keys.size(); ++i) {
    if (is_true(value.items[i])) continue;
    auto rule = std::make_shared<ObjectRule>();
    rule->properties.emplace_back(value.keys[i], SchemaRef{&value.items[i], true});
    Shape shape = typed(kObjectBit);
    shape.objects.push_back(std::move(rule));
    add_required(value.keys[i], &shape);
    if (!is_empty(shape)) all.push_back(std::move(shape));
  }
  return all;
}

Shapes Expander::negate_keyword(const JsonValue& schema, const std::string& name,
                                const JsonValue& value) {
  Shape plain = plain_shape(schema);
  if (name == "type") {
    const unsigned rest = kAllBits & ~type_mask(value);
    return rest == 0 ? Shapes{} : Shapes{typed(rest)};
  }
  if (name == "enum") return negate_values(value);
  if (name == "const") {
    Shape shape;
    shape.excluded.push_back(&value);
    return {shape};
  }
  if (name == "required") return negate_required(value);
  if (name == "properties") return negate_properties(value);
  if (name == "additionalProperties" || name == "items") {
    if (is_true(value)) return {};
  }
  if (name == "minimum" || name == "exclusiveMinimum") {
    Shape shape = typed(kNumberBits);
    shape.interval.maximum = plain.interval.minimum;
    shape.interval.maximum_exclusive = !plain.interval.minimum_exclusive;
    return plain.interval.minimum ? Shapes{shape} : Shapes{};
  }
  if (name == "maximum" || name == "exclusiveMaximum") {
    Shape shape = typed(kNumberBits);
    shape.interval.minimum = plain.interval.maximum;
    shape.interval.minimum_exclusive = !plain.interval.maximum_exclusive;
    return plain.interval.maximum ? Shapes{shape} : Shapes{};
  }
  if (name == "pattern" || name == "format") {
    Shape shape = typed(kStringBit);
    shape.checks.push_back(
        {name == "pattern" ? TextCheck::Kind::Pattern : TextCheck::Kind::Format, true, value.text});
    return {shape};
  }
  if (std::optional<Shapes> counts = negate_count(plain, name)) return std::move(*counts);
  if (name == "allOf") {
    Shapes all;
    for (const JsonValue& part : value.items) join(shapes_of({&part, true}), schema, &all);
    return all;
  }
  if (name == "anyOf" || (name == "oneOf" && value.items.size() == 1)) {
    Shapes all = {Shape{}};
    for (const JsonValue& part : value.items) all = all_of(all, shapes_of({&part, true}), schema);
    return all;
  }
  if (name == "oneOf") return negate_one_of(schema, value);
  if (name == "not") return shapes_of({&value, false});
  if (name == "then" || name == "else") return {};
  if (name == "uniqueItems" && !is_true(value)) return {};
  refuse(schema, name, "not supported under not, if, or a oneOf whose branches overlap");
}

// minLength and the like; nothing if `name` is no such keyword.
std::optional<Shapes> Expander::negate_count(const Shape& plain, const std::string& name) {
  const auto below = [&](unsigned type, std::uint32_t Shape::*maximum, std::uint32_t count) {
    if (count == 0) return Shapes{};
    Shape shape = typed(type);
    shape.*maximum = count - 1;
    return Shapes{shape};
  };
  const auto above = [&](unsigned type, std::uint32_t Shape::*minimum, std::uint32_t count) {
    if (count == Shape::kNoMaximum) return Shapes{};
    Shape shape = typed(type);
    shape.*minimum = count + 1;
    return Shapes{shape};
  };
  if (name == "minLength") return below(kStringBit, &Shape::max_length, plain.min_length);
  if (name == "maxLength") return above(kStringBit, &Shape::min_length, plain.max_length);
  if (name == "minItems") return below(kArrayBit, &Shape::max_items, plain.min_items);
  if (name == "maxItems") return above(kArrayBit, &Shape::min_items, plain.max_items);
  if (name == "minProperties") {
    return below(kObjectBit, &Shape::max_properties, plain.min_properties);
  }
  if (name == "maxProperties") {
    return above(kObjectBit, &Shape::min_properties, plain.max_properties);
  }
  return std::nullopt;
}

// None of them, or two of them at once.
Shapes Expander::negate_one_of(const JsonValue& schema, const JsonValue& branches) {
  Shapes all = {Shape{}};
  for (const JsonValue& part : branches.items) all = all_of(all, shapes_of({&part, true}), schema);
  for (std::size_t i = 0; i < branches.items.size(); ++i) {
    for (std::size_t k = i + 1; k < branches.items.size(); ++k) {
      const Shapes both = all_of(shapes_of({&branches.items[i], false}),
                                 shapes_of({&branches.items[k], false}), schema);
      for (const Shape& shape : both) {
        if (!is_empty(shape)) join({shape}, schema, &all);
      }
    }
  }
  return all;
}

}  // namespace schemas
