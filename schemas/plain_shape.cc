// The keywords without branches, and the table's check that each of them is known and of its kind.

#include <algorithm>
#include <cctype>
#include <numeric>
#include <utility>

#include "schemas/expander.h"
#include "schemas/json_schema.h"
#include "schemas/keywords.h"
#include "schemas/limits.h"
#include "schemas/schema_compiler.h"

namespace schemas {
namespace {

using Kind = JsonValue::Kind;

// Steps of inserting, deleting or changing one letter from `a` to `b`, whatever their case.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (lower(a[i]) == lower(b[j]) ? 0U : 1U);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

// The keyword that `name` was surely meant to be, or null: a keyword that narrows, misspelled,
// must not pass as an annotation.
const Keyword* meant_keyword(std::string_view name) {
  constexpr std::size_t kNameMax = 40;
  if (name.size() > kNameMax || name.empty() || name.front() == '_') return nullptr;
  for (const Keyword& keyword : keywords()) {
    if (keyword.use == KeywordUse::Annotation || keyword.name.front() == '$') continue;
    const std::size_t distance = edit_distance(name, keyword.name);
    const std::size_t most = keyword.name.size() >= 8 ? 2 : keyword.name.size() >= 4 ? 1 : 0;
    if (distance <= most) return &keyword;
  }
  return nullptr;
}

std::uint32_t count_of(const JsonValue& value) {
  const std::optional<Decimal> decimal = parse_decimal(value.text);
  constexpr std::int64_t kMax = Shape::kNoMaximum;
  return decimal ? static_cast<std::uint32_t>(std::min(floor_to_int64(*decimal), kMax)) : 0;
}

unsigned type_bits(const std::string& name) {
  if (name == "null") return kNullBit;
  if (name == "boolean") return kBooleanBit;
  if (name == "integer") return kIntegerBit;
  if (name == "number") return kNumberBits;
  if (name == "string") return kStringBit;
  if (name == "array") return kArrayBit;
  return kObjectBit;
}

bool has_branches(const JsonValue& schema) {
  return std::any_of(schema.keys.begin(), schema.keys.end(), [](const std::string& key) {
    return key == "$ref" || key == "allOf" || key == "anyOf" || key == "oneOf" || key == "if" ||
           key == "not" || key == "dependentSchemas" || key == "dependencies" || key == "contains";
  });
}

// What people call the one value of a schema.
std::string words_of(const JsonValue& schema) {
  std::string out;
  for (const char* keyword : {"title", "description"}) {
    const JsonValue* text = schema.find(keyword);
    if (text != nullptr && text->is(Kind::String)) add_words(text->text, &out);
  }
  return out;
}

bool is_true(const JsonValue& value) { return value.is(Kind::Boolean) && value.boolean; }

}  // namespace

unsigned type_mask(const JsonValue& type) {
  unsigned mask = type.is(Kind::String) ? type_bits(type.text) : 0;
  for (const JsonValue& name : type.items) mask |= type_bits(name.text);
  return mask;
}

void check_keywords(const JsonValue& schema, const References& references) {
  for (std::size_t i = 0; i < schema.keys.size(); ++i) {
    const std::string& name = schema.keys[i];
    const JsonValue& value = schema.items[i];
    const auto refuse = [&](const std::string& reason) {
      refuse_keyword(references.pointer_of(&schema), name, reason);
    };
    if (name == kCopyKeyword && !value.is(Kind::Boolean)) {
      refuse("found " + describe(value) + ", wanted true or false");
    }
    if (name.starts_with(kOwnPrefix) && name != kCopyKeyword) {
      refuse("unknown keyword; did you mean " + quote(kCopyKeyword) + "?");
    }
    if (is_vendor_annotation(name)) continue;
    const Keyword* keyword = find_keyword(name);
    if (keyword == nullptr) {
      const Keyword* meant = meant_keyword(name);
      const bool list =
          value.is(Kind::Array) && !value.items.empty() && value.items.front().is(Kind::String);
      if (list && references.draft() == Draft::Unstated && references.is_root(schema)) {
        refuse("unknown keyword; if the shorthand was meant: none of its keys may be a keyword");
      }
      if (meant == nullptr) continue;
      refuse("unknown keyword; did you mean " + quote(meant->name) + "?");
    }
    if (keyword->use == KeywordUse::Refused && !asks_nothing(schema, name, value)) {
      refuse("not supported; " + std::string(keyword->advice));
    }
    if (keyword->use == KeywordUse::Annotation || has_kind(value, keyword->kind)) continue;
    if (name.compare(0, 9, "exclusive") == 0 && value.is(Kind::Boolean)) continue;  // draft-04
    refuse("found " + describe(value) + ", wanted " + std::string(describe(keyword->kind)));
  }
}

bool asks_nothing(const JsonValue& schema, const std::string& name, const JsonValue& value) {
  if (name == "unevaluatedProperties" || name == "unevaluatedItems") {
    return is_true(value) || !has_branches(schema);
  }
  if (name == "minContains" || name == "maxContains") return schema.find("contains") == nullptr;
  return false;
}

Shape Expander::plain_shape(const JsonValue& schema) {
  Shape shape;
  if (const JsonValue* type = schema.find("type")) shape.types = type_mask(*type);
  const JsonValue* listed = schema.find("enum");
  const JsonValue* constant = schema.find("const");
  if (listed != nullptr) {
    shape.values.emplace();
    for (const JsonValue& value : listed->items) shape.values->push_back(&value);
  }
  if (constant != nullptr) {
    Shape one;
    one.values = {constant};
    const std::optional<Shape> both = meet(shape, one);
    if (!both) shape.types = 0;
    if (both) shape = *both;
  }
  if (shape.values && shape.values->size() == 1) shape.words = words_of(schema);
  if (const JsonValue* copy = schema.find(kCopyKeyword)) {
    const bool open = (shape.types & ~(kNullBit | kNumberBits | kStringBit)) == 0 && !shape.values;
    shape.copy = is_true(*copy);
    if (shape.copy && !open) {
      refuse(schema, std::string(kCopyKeyword),
             "wanted type string, integer or number beside it, and no listed values");
    }
  }
  read_numbers(schema, &shape);
  read_strings(schema, &shape);
  read_arrays(schema, &shape);
  read_objects(schema, &shape);
  return shape;
}

void Expander::read_numbers(const JsonValue& schema, Shape* shape) {
  const auto bound = [&](const char* keyword) -> std::optional<Decimal> {
    const JsonValue* found = schema.find(keyword);
    if (found == nullptr || !found->is(Kind::Number)) return std::nullopt;
    std::optional<Decimal> value = parse_decimal(found->text);
    if (!value || plain_text(*value).size() > Limits::bound_digits_max) {
      refuse(schema, keyword,
             "the bound has more than " + std::to_string(Limits::bound_digits_max) +
                 " digits when written out");
    }
    return value;
  };
  const auto flag = [&](const char* keyword) {
    const JsonValue* found = schema.find(keyword);
    return found != nullptr && is_true(*found);
  };
  DecimalInterval& interval = shape->interval;
  interval.minimum = bound("minimum");
  interval.maximum = bound("maximum");
  interval.minimum_exclusive = interval.minimum && flag("exclusiveMinimum");
  interval.maximum_exclusive = interval.maximum && flag("exclusiveMaximum");
  const auto open_minimum = bound("exclusiveMinimum");
  const auto open_maximum = bound("exclusiveMaximum");
  if (open_minimum && (!interval.minimum || compare(*open_minimum, *interval.minimum) >= 0)) {
    interval.minimum = open_minimum;
    interval.minimum_exclusive = true;
  }
  if (open_maximum && (!interval.maximum || compare(*open_maximum, *interval.maximum) <= 0)) {
    interval.maximum = open_maximum;
    interval.maximum_exclusive = true;
  }
  if (const auto multiple = bound("multipleOf")) {
    if (multiple->negative || multiple->is_zero()) {
      refuse(schema, "multipleOf", "wanted a number above zero");
    }
    shape->multiples.push_back(*multiple);
  }
}

void Expander::read_strings(const JsonValue& schema, Shape* shape) {
  if (const JsonValue* least = schema.find("minLength")) shape->min_length = count_of(*least);
  if (const JsonValue* most = schema.find("maxLength")) shape->max_length = count_of(*most);
  if (const JsonValue* pattern = schema.find("pattern")) {
    shape->checks.push_back({TextCheck::Kind::Pattern, false, pattern->text});
  }
  if (const JsonValue* format = schema.find("format")) {
    shape->checks.push_back({TextCheck::Kind::Format, false, format->text});
  }
}

void Expander::read_arrays(const JsonValue& schema, Shape* shape) {
  if (const JsonValue* least = schema.find("minItems")) shape->min_items = count_of(*least);
  if (const JsonValue* most = schema.find("maxItems")) shape->max_items = count_of(*most);
  const JsonValue* unique = schema.find("uniqueItems");
  shape->unique = unique != nullptr && is_true(*unique);
  const JsonValue* items = schema.find("items");
  const JsonValue* prefix = schema.find("prefixItems");
  const JsonValue* rest = items;
  if (items != nullptr && items->is(Kind::Array)) {
    if (prefix != nullptr) refuse(schema, "items", "a list beside prefixItems");
    prefix = items;
    rest = schema.find("additionalItems");
  }
  if (prefix == nullptr && rest == nullptr) {
    rest = has_branches(schema) ? nullptr : schema.find("unevaluatedItems");
  } else if (rest == nullptr && schema.find("unevaluatedItems") != nullptr) {
    rest = is_true(*schema.find("unevaluatedItems")) ? nullptr : schema.find("unevaluatedItems");
  }
  if (prefix == nullptr && rest == nullptr) return;
  auto rule = std::make_shared<ArrayRule>();
  if (prefix != nullptr) {
    for (const JsonValue& item : prefix->items) rule->prefix.push_back({&item, false});
  }
  if (rest != nullptr) rule->items = SchemaRef{rest, false};
  shape->arrays.push_back(std::move(rule));
}

void Expander::read_objects(const JsonValue& schema, Shape* shape) {
  if (const JsonValue* least = schema.find("minProperties")) {
    shape->min_properties = count_of(*least);
  }
  if (const JsonValue* most = schema.find("maxProperties")) {
    shape->max_properties = count_of(*most);
  }
  if (const JsonValue* required = schema.find("required")) {
    for (const JsonValue& name : required->items) add_required(name.text, shape);
  }
  if (const JsonValue* names = schema.find("propertyNames")) {
    add_ref({names, false}, &shape->names);
  }
  const JsonValue* properties = schema.find("properties");
  const JsonValue* patterns = schema.find("patternProperties");
  const JsonValue* additional = schema.find("additionalProperties");
  if (additional == nullptr && !has_branches(schema)) {
    additional = schema.find("unevaluatedProperties");
  }
  if (properties == nullptr && patterns == nullptr && additional == nullptr) return;
  auto rule = std::make_shared<ObjectRule>();
  const auto read = [](const JsonValue* map, auto* out) {
    for (std::size_t i = 0; map != nullptr && i < map->keys.size(); ++i) {
      out->emplace_back(map->keys[i], SchemaRef{&map->items[i], false});
    }
  };
  read(properties, &rule->properties);
  read(patterns, &rule->patterns);
  if (additional != nullptr && !is_true(*additional))
    rule->additional = SchemaRef{additional, false};
  shape->objects.push_back(std::move(rule));
}

}  // namespace schemas
