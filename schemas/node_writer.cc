#include "schemas/node_writer.h"

#include <algorithm>
#include <limits>
#include <set>

#include "schemas/json_schema.h"
#include "schemas/limits.h"
#include "schemas/schema_compiler.h"

namespace schemas {
namespace {

using Kind = JsonValue::Kind;

JsonValue scalar(Kind kind, bool boolean) {
  JsonValue value;
  value.kind = kind;
  value.boolean = boolean;
  return value;
}

const JsonValue kNull = scalar(Kind::Null, false);
const JsonValue kNo = scalar(Kind::Boolean, false);
const JsonValue kYes = scalar(Kind::Boolean, true);

std::uint32_t clipped(std::uint32_t maximum, std::uint32_t minimum, std::uint32_t usual,
                      std::uint32_t limit) {
  if (maximum == Shape::kNoMaximum) return std::min(std::max(minimum, usual), limit);
  return std::min(maximum, limit);
}

}  // namespace

NodeWriter::NodeWriter(Expander& expander, const SchemaSet& set, NodeOf node_of)
    : expander_(expander), set_(set), node_of_(std::move(node_of)) {}

void NodeWriter::refuse(const char* keyword, const std::string& reason) const {
  std::string pointer;
  for (const SchemaRef ref : set_) {
    const std::string at = expander_.references().pointer_of(ref.schema);
    if (pointer.empty() || ref.schema->find(keyword) != nullptr) pointer = at;
  }
  refuse_keyword(pointer, keyword, reason);
}

std::vector<Node> NodeWriter::take() {
  try {
    return branches();
  } catch (const TextRefused& error) {
    refuse(error.keyword(), error.what());
  }
}

std::vector<Node> NodeWriter::branches() {
  const Shapes shapes = expander_.shapes_of(set_);
  for (const Shape& shape : shapes) write(shape);
  if (finite_.empty()) return std::move(branches_);
  EnumNode values = unique_values(finite_, words_);
  Node node = std::move(values);
  const std::vector<std::string>& texts = std::get<EnumNode>(node).values;
  const bool listed = std::any_of(shapes.begin(), shapes.end(),
                                  [](const Shape& shape) { return shape.values.has_value(); });
  if (!listed && texts == std::vector<std::string>{"false", "true"}) node = BooleanNode{};
  if (!listed && texts == std::vector<std::string>{"null"}) node = NullNode{};
  branches_.insert(branches_.begin(), std::move(node));
  return std::move(branches_);
}

void NodeWriter::add_finite(const JsonValue* value, const std::string& words) {
  finite_.push_back(value);
  words_.push_back(words);
}

void NodeWriter::write(const Shape& shape) {
  if (shape.values) {
    for (const JsonValue* value : *shape.values) {
      if (expander_.admits(shape, *value)) add_finite(value, shape.words);
    }
    return;
  }
  for (const JsonValue* value : {&kNo, &kYes, &kNull}) {
    if (expander_.admits(shape, *value)) add_finite(value, "");
  }
  if ((shape.types & kNumberBits) != 0) write_numbers(shape);
  if ((shape.types & kStringBit) != 0) write_string(shape);
  if ((shape.types & kArrayBit) != 0) write_array(shape);
  if ((shape.types & kObjectBit) != 0) write_object(shape);
}

void NodeWriter::write_numbers(const Shape& shape) {
  if ((shape.types & kIntegerBit) == 0) refuse("not", "numbers that are no integers");
  std::vector<std::string> multiples;
  for (const Decimal& multiple : shape.multiples) {
    if (multiple.digits.size() > Limits::number_digits_max ||
        plain_text(multiple).size() > Limits::number_digits_max + 2) {
      refuse("multipleOf", "more than " + std::to_string(Limits::number_digits_max) + " digits");
    }
    const std::string text = plain_text(multiple);
    if (std::find(multiples.begin(), multiples.end(), text) == multiples.end()) {
      multiples.push_back(text);
    }
  }
  if (multiples.size() > 1) refuse("multipleOf", "more than one of it for one number");
  // What is excluded cuts the interval in pieces.
  std::vector<Decimal> cuts;
  for (const JsonValue* value : shape.excluded) {
    const auto decimal = value->is(Kind::Number) ? parse_decimal(value->text) : std::nullopt;
    if (decimal && contains(shape.interval, *decimal)) cuts.push_back(*decimal);
  }
  std::sort(cuts.begin(), cuts.end(),
            [](const Decimal& a, const Decimal& b) { return compare(a, b) < 0; });
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  DecimalInterval piece = shape.interval;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    if (i < cuts.size()) {
      piece.maximum = cuts[i];
      piece.maximum_exclusive = true;
    } else {
      piece.maximum = shape.interval.maximum;
      piece.maximum_exclusive = shape.interval.maximum_exclusive;
    }
    if ((shape.types & kFractionBit) == 0) {
      write_integers(piece, multiples, shape.copy);
    } else if (has_value_of_digits(piece, Limits::number_digits_max)) {
      NumberNode node;
      node.multiples = multiples;
      node.copy = shape.copy;
      if (piece.minimum) {
        node.minimum = DecimalBound{plain_text(*piece.minimum), piece.minimum_exclusive};
      }
      if (piece.maximum) {
        node.maximum = DecimalBound{plain_text(*piece.maximum), piece.maximum_exclusive};
      }
      branches_.emplace_back(std::move(node));
    }
    if (i < cuts.size()) {
      piece.minimum = cuts[i];
      piece.minimum_exclusive = true;
    }
  }
}

void NodeWriter::write_integers(const DecimalInterval& interval,
                                const std::vector<std::string>& multiples, bool copy) {
  const auto decimal_of = [](std::int64_t value) { return *parse_decimal(std::to_string(value)); };
  IntegerNode node;
  node.multiples = multiples;
  node.copy = copy;
  node.plain = expander_.references().integers_are_plain();
  if (interval.minimum) {
    node.minimum = ceil_to_int64(*interval.minimum);
    const auto order = compare(decimal_of(node.minimum), *interval.minimum);
    const bool next = order == 0 && interval.minimum_exclusive;
    if (order < 0 || (next && node.minimum == std::numeric_limits<std::int64_t>::max())) return;
    if (next) ++node.minimum;
  }
  if (interval.maximum) {
    node.maximum = floor_to_int64(*interval.maximum);
    const auto order = compare(decimal_of(node.maximum), *interval.maximum);
    const bool next = order == 0 && interval.maximum_exclusive;
    if (order > 0 || (next && node.maximum == std::numeric_limits<std::int64_t>::min())) return;
    if (next) --node.maximum;
  }
  // The ends of int64 stand for no bound; a stated one beyond them is drawn in by one.
  using Int64 = std::numeric_limits<std::int64_t>;
  if (interval.minimum && node.minimum == Int64::min()) ++node.minimum;
  if (interval.maximum && node.maximum == Int64::max()) --node.maximum;
  if (node.minimum <= node.maximum) branches_.emplace_back(std::move(node));
}

std::vector<TextCheck> NodeWriter::checks_of(const Shape& shape) const {
  std::vector<TextCheck> checks = shape.checks;
  for (const JsonValue* value : shape.excluded) {
    if (value->is(Kind::String)) checks.push_back({TextCheck::Kind::Value, true, value->text});
  }
  return checks;
}

void NodeWriter::write_string(const Shape& shape) {
  if (shape.min_length > Limits::string_length_max) {
    refuse("minLength", "found " + std::to_string(shape.min_length) + ", wanted at most " +
                            std::to_string(Limits::string_length_max));
  }
  if (shape.min_length > shape.max_length) return;
  StringNode node;
  node.min_length = shape.min_length;
  node.max_length = clipped(shape.max_length, shape.min_length, Limits::string_length_default,
                            Limits::string_length_max);
  node.max_is_default = shape.max_length == Shape::kNoMaximum;
  node.checks = checks_of(shape);
  node.copy = shape.copy;
  if (!node.checks.empty()) {
    std::optional<std::uint32_t> length_max;
    if (!node.max_is_default) length_max = node.max_length;
    node.automaton = expander_.tables().of_checks(node.checks, node.min_length, length_max);
    if (node.automaton->start == StringAutomaton::kDead) return;
  }
  branches_.emplace_back(std::move(node));
}

void NodeWriter::write_array(const Shape& shape) {
  if (shape.min_items > Limits::array_items_max) {
    refuse("minItems", "found " + std::to_string(shape.min_items) + ", wanted at most " +
                           std::to_string(Limits::array_items_max));
  }
  if (shape.min_items > shape.max_items) return;
  const auto is_array = [](const JsonValue* value) { return value->is(Kind::Array); };
  if (std::any_of(shape.excluded.begin(), shape.excluded.end(), is_array)) {
    refuse("not", "not supported for arrays");
  }
  std::size_t prefix = 0;
  for (const auto& rule : shape.arrays) prefix = std::max(prefix, rule->prefix.size());
  ArrayNode node;
  node.min_items = shape.min_items;
  node.max_items = clipped(shape.max_items, shape.min_items, Limits::array_items_default,
                           Limits::array_items_max);
  node.max_is_default = shape.max_items == Shape::kNoMaximum;
  for (std::size_t i = 0; i < std::min<std::size_t>(prefix, shape.max_items); ++i) {
    node.prefix.push_back(node_of_(Expander::set_of_element(shape, i)));
  }
  const SchemaSet rest = Expander::set_of_element(shape, prefix);
  node.items = node_of_(rest);
  node.unique = shape.unique && shape.max_items > 1;
  if (node.unique) {
    // Only where the elements are listed values, so that those used up can be remembered.
    const Shapes listed = expander_.shapes_of(rest);
    const bool finite = std::all_of(listed.begin(), listed.end(), [](const Shape& element) {
      return element.values || (element.types & ~(kNullBit | kBooleanBit)) == 0;
    });
    if (!finite || prefix > 0) refuse("uniqueItems", "supported only for elements of an enum");
    refuse("uniqueItems", "not supported yet for such elements");
  }
  branches_.emplace_back(std::move(node));
}

void NodeWriter::write_object(const Shape& shape) {
  if (shape.min_properties > shape.max_properties) return;
  const auto is_object = [](const JsonValue* value) { return value->is(Kind::Object); };
  if (std::any_of(shape.excluded.begin(), shape.excluded.end(), is_object)) {
    refuse("not", "not supported for objects");
  }
  ObjectNode node;
  node.min_properties = shape.min_properties;
  node.max_properties = shape.max_properties;
  std::set<std::string> seen;
  const std::set<std::string> required(shape.required.begin(), shape.required.end());
  const auto declare = [&](const std::string& name) {
    if (!seen.insert(name).second) return;
    const NodeId id = node_of_(expander_.set_of_key(shape, name));
    node.properties.push_back({name, id, required.count(name) > 0});
  };
  try {
    for (const auto& rule : shape.objects) {
      for (const auto& [name, ref] : rule->properties) declare(name);
    }
    for (const std::string& name : shape.required) declare(name);
    write_classes(shape, &node);
  } catch (const AutomatonTooLarge& error) {
    refuse("patternProperties", error.what());
  }
  branches_.emplace_back(std::move(node));
}

// Which texts may be names, whatever patternProperties says; null: all.
TextTable NodeWriter::names_table(const Shape& shape) {
  if (shape.names.empty()) return nullptr;
  std::vector<TextTable> tables;
  TextProduct parts;
  for (const Shape& name : expander_.shapes_of(shape.names)) {
    if ((name.types & kStringBit) == 0) continue;
    if (name.values) {
      for (const JsonValue* value : *name.values) {
        if (!value->is(Kind::String) || !expander_.admits(name, *value)) continue;
        tables.push_back(expander_.tables().of_check({TextCheck::Kind::Value, false, value->text}));
      }
      continue;
    }
    std::optional<std::uint32_t> length_max;
    if (name.max_length != Shape::kNoMaximum) length_max = name.max_length;
    tables.push_back(expander_.tables().of_checks(checks_of(name), name.min_length, length_max));
  }
  for (const TextTable& table : tables) parts.parts.push_back(table.get());
  parts.label = [](const std::vector<bool>& accepted) -> std::uint32_t {
    return std::find(accepted.begin(), accepted.end(), true) != accepted.end() ? 1 : 0;
  };
  return std::make_shared<const StringAutomaton>(product(parts));
}

// The classes of undeclared keys: which patterns match them, as far as some text does it.
void NodeWriter::write_classes(const Shape& shape, ObjectNode* node) {
  for (const auto& rule : shape.objects) {
    for (const auto& [pattern, ref] : rule->patterns) {
      if (std::find(node->patterns.begin(), node->patterns.end(), pattern) ==
          node->patterns.end()) {
        node->patterns.push_back(pattern);
      }
    }
  }
  constexpr std::size_t kPatternsMax = 63;
  if (node->patterns.size() > kPatternsMax) refuse("patternProperties", "more than 63 patterns");
  std::vector<TextTable> tables;
  for (const std::string& pattern : node->patterns) {
    tables.push_back(expander_.tables().of_check({TextCheck::Kind::Pattern, false, pattern}));
  }
  const TextTable names = names_table(shape);
  if (!shape.names.empty()) node->names = node_of_(shape.names);
  const auto add_class = [&](std::uint64_t mask) {
    for (std::size_t i = 0; i < node->classes.size(); ++i) {
      if (node->classes[i].patterns == mask) return i;
    }
    SchemaSet set;
    for (const auto& rule : shape.objects) {
      bool known = false;
      for (const auto& [pattern, ref] : rule->patterns) {
        const auto at = std::find(node->patterns.begin(), node->patterns.end(), pattern);
        if ((mask >> (at - node->patterns.begin()) & 1) == 0) continue;
        add_ref(ref, &set);
        known = true;
      }
      if (!known && rule->additional) add_ref(*rule->additional, &set);
    }
    node->classes.push_back({mask, node_of_(set)});
    return node->classes.size() - 1;
  };
  if (tables.empty() && names == nullptr) {
    add_class(0);
    return;
  }
  TextProduct parts;
  for (const TextTable& table : tables) parts.parts.push_back(table.get());
  if (names != nullptr) parts.parts.push_back(names.get());
  parts.label = [&](const std::vector<bool>& accepted) -> std::uint32_t {
    if (names != nullptr && !accepted.back()) return 0;
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < tables.size(); ++i) mask |= std::uint64_t{accepted[i]} << i;
    return static_cast<std::uint32_t>(add_class(mask) + 1);
  };
  node->keys = std::make_shared<const StringAutomaton>(product(parts));
}

}  // namespace schemas
