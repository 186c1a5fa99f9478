#include "schemas/json_schema.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "schemas/keywords.h"
#include "schemas/limits.h"
#include "schemas/schema_compiler.h"

namespace schemas {
namespace {

std::string message_of(const std::string& pointer, const std::string& keyword,
                       const std::string& reason) {
  return (pointer.empty() ? "(root)" : pointer) + ": " + keyword + ": " + reason;
}

bool names_a_keyword(const JsonValue& object) {
  return std::any_of(object.keys.begin(), object.keys.end(),
                     [](const std::string& key) { return find_keyword(key) != nullptr; });
}

// The first key that is no keyword; "type" if there is none, as that is what is missing.
std::string names_unknown(const JsonValue& object) {
  for (const std::string& key : object.keys) {
    if (find_keyword(key) == nullptr) return key;
  }
  return "type";
}

}  // namespace

SchemaError::SchemaError(std::string pointer, std::string keyword, std::string reason)
    : std::runtime_error(message_of(pointer, keyword, reason)),
      pointer_(std::move(pointer)),
      keyword_(std::move(keyword)),
      reason_(std::move(reason)) {}

SchemaSpec parse_schema(std::string_view text) {
  const JsonParse parse = parse_json(
      text, {Limits::schema_bytes_max, Limits::schema_depth_max, Limits::schema_values_max});
  if (!parse.ok) throw SchemaError(parse.pointer, "json", parse.reason);
  const JsonValue& root = parse.value;
  const bool json_schema = !root.is(JsonValue::Kind::Object) || root.keys.empty() ||
                           looks_like_json_schema(root) ||
                           (names_a_keyword(root) && !is_shorthand(root));
  if (json_schema && may_be_either(root)) {
    refuse_keyword("", names_unknown(root), "it may be the shorthand as well; add a type");
  }
  SchemaSpec spec = json_schema ? compile_json_schema(root) : compile_shorthand(root);
  refuse_oversized(spec);
  return spec;
}

SchemaSpec load_schema(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw SchemaError("", "file", "cannot open " + path);
  std::string text(Limits::schema_bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.fail() && !file.eof())) {
    throw SchemaError("", "file", "cannot read " + path);
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > Limits::schema_bytes_max) {
    throw SchemaError(
        "", "file", path + " has more than " + std::to_string(Limits::schema_bytes_max) + " bytes");
  }
  try {
    return parse_schema(text);
  } catch (const SchemaError& error) {
    throw SchemaError(error.pointer(), error.keyword(), error.reason() + " (in " + path + ")");
  }
}

}  // namespace schemas
