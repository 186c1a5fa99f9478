#include "schemas/shape.h"

#include <algorithm>
#include <set>

#include "schemas/limits.h"

namespace schemas {
namespace {

template <typename T>
void append(const std::vector<T>& more, std::vector<T>* all) {
  all->insert(all->end(), more.begin(), more.end());
}

void narrow_interval(const DecimalInterval& more, DecimalInterval* all) {
  if (more.minimum) {
    const auto order =
        all->minimum ? compare(*more.minimum, *all->minimum) : std::strong_ordering::greater;
    if (order > 0) {
      all->minimum = more.minimum;
      all->minimum_exclusive = more.minimum_exclusive;
    } else if (order == 0) {
      all->minimum_exclusive = all->minimum_exclusive || more.minimum_exclusive;
    }
  }
  if (more.maximum) {
    const auto order =
        all->maximum ? compare(*more.maximum, *all->maximum) : std::strong_ordering::less;
    if (order < 0) {
      all->maximum = more.maximum;
      all->maximum_exclusive = more.maximum_exclusive;
    } else if (order == 0) {
      all->maximum_exclusive = all->maximum_exclusive || more.maximum_exclusive;
    }
  }
}

}  // namespace

void add_ref(SchemaRef ref, SchemaSet* set) {
  const auto at = std::lower_bound(set->begin(), set->end(), ref);
  if (at == set->end() || *at != ref) set->insert(at, ref);
}

void add_required(const std::string& name, Shape* shape) {
  std::vector<std::string>& names = shape->required;
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

void add_words(const std::string& more, std::string* words) {
  const bool known = ("\n" + *words + "\n").find("\n" + more + "\n") != std::string::npos;
  if (more.empty() || known) return;
  if (words->size() + more.size() >= Limits::option_words_max) return;
  if (!words->empty()) *words += '\n';
  *words += more;
}

std::optional<Shape> meet(const Shape& a, const Shape& b) {
  const unsigned types = a.types & b.types;
  if (types == 0) return std::nullopt;
  Shape out = a;
  out.types = types;
  if (b.values && !a.values) out.values = b.values;
  if (b.values && a.values) {
    std::set<std::string> wanted;
    for (const JsonValue* value : *b.values) wanted.insert(write_canonical(*value));
    std::erase_if(*out.values, [&](const JsonValue* value) {
      return wanted.count(write_canonical(*value)) == 0;
    });
  }
  if (out.values && out.values->empty()) return std::nullopt;
  out.copy = a.copy || b.copy;
  add_words(b.words, &out.words);
  append(b.excluded, &out.excluded);
  narrow_interval(b.interval, &out.interval);
  append(b.multiples, &out.multiples);
  out.min_length = std::max(a.min_length, b.min_length);
  out.max_length = std::min(a.max_length, b.max_length);
  for (const TextCheck& check : b.checks) {
    if (std::find(out.checks.begin(), out.checks.end(), check) == out.checks.end()) {
      out.checks.push_back(check);
    }
  }
  for (const auto& rule : b.arrays) {
    if (std::find(out.arrays.begin(), out.arrays.end(), rule) == out.arrays.end()) {
      out.arrays.push_back(rule);
    }
  }
  out.min_items = std::max(a.min_items, b.min_items);
  out.max_items = std::min(a.max_items, b.max_items);
  out.unique = a.unique || b.unique;
  for (const auto& rule : b.objects) {
    if (std::find(out.objects.begin(), out.objects.end(), rule) == out.objects.end()) {
      out.objects.push_back(rule);
    }
  }
  for (const std::string& name : b.required) add_required(name, &out);
  out.min_properties = std::max(a.min_properties, b.min_properties);
  out.max_properties = std::min(a.max_properties, b.max_properties);
  for (const SchemaRef ref : b.names) add_ref(ref, &out.names);
  return out;
}

}  // namespace schemas
