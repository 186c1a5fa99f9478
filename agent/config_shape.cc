// One walk over the document. The path in the table ("routes[].fields[].name") finds the spec, the
// path in the document ("routes[2].fields[0].name") goes into the message.

#include "agent/config_shape.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config.h"
#include "agent/config_keys.h"

namespace agent {
namespace {

using Json = nlohmann::ordered_json;

struct Place {
  std::string table;     // path in the table
  std::string document;  // path in the document
};

std::string join(std::string_view parent, std::string_view name) {
  return parent.empty() ? std::string(name) : std::string(parent) + "." + std::string(name);
}

[[noreturn]] void fail(const std::string& where, const std::string& found,
                       const std::string& wanted) {
  throw ConfigError(where + ": found " + found + ", wanted " + wanted);
}

std::string shorten(std::string text) {
  constexpr std::size_t kShownMax = 60;
  if (text.size() > kShownMax) {
    std::size_t cut = kShownMax;
    while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
    text = text.substr(0, cut) + "...";
  }
  return text;
}

std::string shown(const Json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  return shorten(value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

// Number of single edits (insert, delete, replace, swap of neighbours) between two names.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

// The last name of `path` if it is a direct child of `parent`, else empty.
std::string_view child_name(std::string_view path, std::string_view parent) {
  if (!parent.empty()) {
    if (!path.starts_with(parent) || path.size() <= parent.size() || path[parent.size()] != '.') {
      return {};
    }
    path.remove_prefix(parent.size() + 1);
  }
  if (path.find_first_of(".[=") != std::string_view::npos) return {};
  return path;
}

bool is_unbuilt(std::string_view path) {
  const auto list = unbuilt_keys();
  return std::find(list.begin(), list.end(), path) != list.end();
}

[[noreturn]] void refuse_unknown(const Place& parent, const std::string& name) {
  const std::string where = join(parent.document, shorten(name));
  if (is_unbuilt(join(parent.table, name))) {
    throw ConfigError(where + ": this key is not built yet in version " PICOLM_VERSION
                              "; remove it");
  }
  std::string_view nearest;
  std::size_t distance_min = std::string_view::npos;
  for (const KeySpec& key : config_keys()) {
    const std::string_view known = child_name(key.path, parent.table);
    if (known.empty() || name.size() > 64) continue;
    const std::size_t distance = edit_distance(name, known);
    if (distance < distance_min) {
      distance_min = distance;
      nearest = known;
    }
  }
  std::string message = where + ": unknown key";
  if (!nearest.empty()) message += "; the nearest known is \"" + std::string(nearest) + "\"";
  throw ConfigError(message);
}

std::string plain(double value) {
  std::string text = Json(value).dump();
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

void check_string(const KeySpec& key, const std::string& where, const Json& value) {
  if (!value.is_string()) fail(where, shown(value), "a string");
  const std::string& text = value.get_ref<const std::string&>();
  const auto size = static_cast<double>(text.size());
  if (text.find('\0') != std::string::npos) fail(where, "a NUL character", "text without it");
  if (size < key.minimum || size > key.maximum) {
    fail(where, std::to_string(text.size()) + " bytes",
         plain(key.minimum) + " to " + plain(key.maximum));
  }
}

void check_number(const KeySpec& key, const std::string& where, const Json& value) {
  const bool integer = key.kind == KeyKind::Integer;
  const std::string wanted = std::string(integer ? "an integer" : "a number") + " from " +
                             plain(key.minimum) + " to " + plain(key.maximum);
  if (integer ? !value.is_number_integer() : !value.is_number()) fail(where, shown(value), wanted);
  const double number = value.get<double>();
  if (!std::isfinite(number) || number < key.minimum || number > key.maximum) {
    fail(where, shown(value), wanted);
  }
}

void check_size(const KeySpec& key, const std::string& where, const Json& value) {
  const std::string wanted = "bytes as an integer, or text such as \"256M\" (K, M, G)";
  std::optional<std::uint64_t> bytes;
  if (value.is_number_unsigned()) bytes = value.get<std::uint64_t>();
  if (value.is_string()) bytes = parse_size(value.get_ref<const std::string&>());
  if (!bytes || static_cast<double>(*bytes) > key.maximum) fail(where, shown(value), wanted);
}

void check_choice(const KeySpec& key, const std::string& table, const std::string& where,
                  const Json& value) {
  if (!value.is_string()) fail(where, shown(value), "one of " + std::string(key.choices));
  const std::string& text = value.get_ref<const std::string&>();
  if (is_unbuilt(table + "=" + text)) {
    throw ConfigError(where + ": \"" + text +
                      "\" is not built yet in version " PICOLM_VERSION "; wanted " +
                      std::string(key.choices));
  }
  std::string_view rest = key.choices;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('|'), rest.size());
    if (rest.substr(0, end) == text) return;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  fail(where, shown(value), "one of " + std::string(key.choices));
}

void check_length(const KeySpec& key, const std::string& where, const Json& value) {
  const auto count = static_cast<double>(value.size());
  if (count < key.minimum || count > key.maximum) {
    fail(where, std::to_string(value.size()) + " items",
         plain(key.minimum) + " to " + plain(key.maximum));
  }
}

void check_strings(const KeySpec& key, const std::string& where, const Json& value) {
  check_length(key, where, value);
  constexpr std::size_t kItemBytesMax = 1024;
  std::size_t i = 0;
  for (const auto& item : value.items()) {
    const std::string at = value.is_array() ? where + "[" + std::to_string(i++) + "]"
                                            : join(where, shorten(item.key()));
    if (!item.value().is_string()) fail(at, shown(item.value()), "a string");
    const std::string& text = item.value().get_ref<const std::string&>();
    if (text.empty() || text.size() > kItemBytesMax || text.find('\0') != std::string::npos) {
      fail(at, std::to_string(text.size()) + " bytes", "1 to 1024 bytes without NUL");
    }
  }
}

void check_object(const Place& place, const Json& value);

void check_value(const KeySpec& key, const Place& place, const Json& value) {
  const std::string& where = place.document;
  switch (key.kind) {
    case KeyKind::Object:
      return check_object(place, value);
    case KeyKind::ObjectList:
      if (!value.is_array()) fail(where, shown(value), "a list of objects");
      check_length(key, where, value);
      for (std::size_t i = 0; i < value.size(); ++i) {
        check_object({place.table + "[]", where + "[" + std::to_string(i) + "]"}, value[i]);
      }
      return;
    case KeyKind::String:
      return check_string(key, where, value);
    case KeyKind::StringList:
      if (!value.is_array()) fail(where, shown(value), "a list of strings");
      return check_strings(key, where, value);
    case KeyKind::StringOrList:
      if (value.is_string()) return check_strings(key, where, Json::array({value}));
      if (!value.is_array()) fail(where, shown(value), "a string or a list of strings");
      return check_strings(key, where, value);
    case KeyKind::StringMap:
      if (!value.is_object()) fail(where, shown(value), "an object of strings");
      return check_strings(key, where, value);
    case KeyKind::Integer:
    case KeyKind::Number:
      return check_number(key, where, value);
    case KeyKind::Size:
      return check_size(key, where, value);
    case KeyKind::Choice:
      return check_choice(key, place.table, where, value);
    case KeyKind::ChoiceList:
      if (!value.is_array()) fail(where, shown(value), "a list");
      for (const Json& item : value) check_choice(key, place.table, where, item);
      return check_length(key, where, value);
    case KeyKind::Json:
      return;
    case KeyKind::PathOrObject:
      if (!value.is_string() && !value.is_object())
        fail(where, shown(value), "a file or an object");
      return;
    case KeyKind::PathOrList:
      if (value.is_array()) return check_length(key, where, value);
      if (!value.is_string()) fail(where, shown(value), "a file or a list of rows");
      return;
  }
}

void check_object(const Place& place, const Json& value) {
  const std::string where = place.document.empty() ? "the document" : place.document;
  if (!value.is_object()) fail(where, shown(value), "an object");
  for (const auto& [name, child] : value.items()) {
    const KeySpec* key = find_key(join(place.table, name));
    // A name with a dot in it could otherwise reach a deeper row of the table.
    if (key == nullptr || child_name(key->path, place.table).empty()) refuse_unknown(place, name);
    check_value(*key, {std::string(key->path), join(place.document, name)}, child);
  }
  for (const KeySpec& key : config_keys()) {
    const std::string_view name = child_name(key.path, place.table);
    if (key.required && !name.empty() && !value.contains(name)) {
      throw ConfigError(join(place.document, name) + ": required key is missing");
    }
  }
}

}  // namespace

void check_shape(const nlohmann::ordered_json& document) { check_object({}, document); }

}  // namespace agent
