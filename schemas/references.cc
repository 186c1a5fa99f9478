// A text may hold several resources, each begun by an `$id`; a reference is relative to the one it
// stands in. Only schemas are looked at for ids, so that a property called "id" is none. Nothing
// is ever fetched.

#include "schemas/references.h"

#include <algorithm>

#include "schemas/json_schema.h"
#include "schemas/keywords.h"
#include "schemas/schema_compiler.h"

namespace schemas {
namespace {

using Kind = JsonValue::Kind;

// `reference` against `base`, as far as ids of schemas need RFC 3986.
std::string join_uri(const std::string& base, const std::string& reference) {
  if (reference.empty()) return base;
  if (reference.find("://") != std::string::npos || reference.compare(0, 4, "urn:") == 0) {
    return reference;
  }
  const std::size_t scheme = base.find("://");
  const std::size_t host_end = scheme == std::string::npos ? 0 : base.find('/', scheme + 3);
  if (reference.front() == '/') {
    if (host_end == std::string::npos) return base + reference;
    return base.substr(0, host_end) + reference;
  }
  const std::size_t slash = base.rfind('/');
  if (slash == std::string::npos || (scheme != std::string::npos && slash < scheme + 3)) {
    return scheme == std::string::npos ? reference : base + "/" + reference;
  }
  return base.substr(0, slash + 1) + reference;
}

std::string percent_decoded(std::string_view text) {
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    const int lower = c | 32;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? digit(text[i + 1]) : -1;
    const int low = high >= 0 ? digit(text[i + 2]) : -1;
    if (low < 0) {
      out.push_back(text[i]);
    } else {
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    }
  }
  return out;
}

bool find_path(const JsonValue& from, const JsonValue* wanted, std::string* pointer) {
  if (&from == wanted) return true;
  for (std::size_t i = 0; i < from.items.size(); ++i) {
    const std::size_t length = pointer->size();
    *pointer = from.is(Kind::Object) ? pointer_to(*pointer, from.keys[i]) : pointer_to(*pointer, i);
    if (find_path(from.items[i], wanted, pointer)) return true;
    pointer->resize(length);
  }
  return false;
}

bool holds_schemas_by_name(const std::string& key) {
  return key == "properties" || key == "patternProperties" || key == "definitions" ||
         key == "$defs" || key == "dependentSchemas" || key == "dependencies";
}

// What a keyword that is not known holds may look like a schema and is none.
bool holds_no_schema(const std::string& key) {
  return key == "enum" || key == "const" || key == "default" || key == "examples" ||
         key == "example" || find_keyword(key) == nullptr;
}

}  // namespace

References::References(const JsonValue& root) : root_(root) {
  const JsonValue* dialect = root.is(Kind::Object) ? root.find("$schema") : nullptr;
  if (dialect != nullptr && dialect->is(Kind::String)) {
    const std::string& text = dialect->text;
    const auto names = [&](const char* part) { return text.find(part) != std::string::npos; };
    // A dialect may leave out what most keywords mean; a bare type is the same in all.
    const bool bare = std::all_of(root.keys.begin(), root.keys.end(), [](const std::string& key) {
      return key == "$schema" || key == "$id" || key == "type";
    });
    if (names("://") && !names("json-schema.org") && !bare) {
      refuse_keyword("", "$schema", "a dialect that is not known");
    }
    if (names("draft-03") || names("draft-04") || names("draft-06") || names("draft-07")) {
      draft_ = Draft::Old;
      integers_are_plain_ = names("draft-03") || names("draft-04");
    } else if (names("2019-09") || names("2020-12")) {
      draft_ = Draft::New;
    }
  }
  resources_[""] = &root;
  collect(root, "", true);
}

void References::collect(const JsonValue& value, const std::string& base, bool is_schema) {
  std::string here = base;
  if (value.is(Kind::Object) && is_schema) {
    const JsonValue* id = value.find("$id");
    if (id == nullptr) id = value.find("id");
    // Up to draft-07 a schema with $ref has no id of its own.
    const bool ignored = draft_ == Draft::Old && value.find("$ref") != nullptr;
    if (id != nullptr && id->is(Kind::String) && !id->text.empty() && !ignored) {
      const std::size_t hash = std::min(id->text.find('#'), id->text.size());
      if (hash > 0) {
        here = join_uri(base, id->text.substr(0, hash));
        resources_.emplace(here, &value);
      }
      if (hash + 1 < id->text.size()) anchors_.emplace(here + id->text.substr(hash), &value);
    }
    const JsonValue* anchor = value.find("$anchor");
    if (anchor != nullptr && anchor->is(Kind::String)) {
      anchors_.emplace(here + "#" + anchor->text, &value);
    }
    if (!here.empty()) bases_[&value] = here;
  }
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    if (value.is(Kind::Array)) {
      collect(value.items[i], here, true);
    } else if (!is_schema) {
      collect(value.items[i], here, true);
    } else if (!holds_no_schema(value.keys[i])) {
      collect(value.items[i], here, !holds_schemas_by_name(value.keys[i]));
    }
  }
}

std::string References::pointer_of(const JsonValue* value) const {
  std::string pointer;
  return find_path(root_, value, &pointer) ? pointer : "";
}

const JsonValue* References::follow(const JsonValue* from, std::string_view pointer) const {
  while (from != nullptr && !pointer.empty()) {
    if (pointer.front() != '/') return nullptr;
    const std::size_t end = std::min(pointer.find('/', 1), pointer.size());
    std::string step;
    for (std::size_t i = 1; i < end; ++i) {
      const bool escape = pointer[i] == '~' && i + 1 < end;
      step.push_back(!escape ? pointer[i] : pointer[++i] == '0' ? '~' : '/');
    }
    pointer.remove_prefix(end);
    if (from->is(Kind::Object)) {
      from = from->find(step);
    } else if (from->is(Kind::Array) && !step.empty() && step.size() < 9 &&
               step.find_first_not_of("0123456789") == std::string::npos) {
      const std::size_t index = std::stoul(step);
      from = index < from->items.size() ? &from->items[index] : nullptr;
    } else {
      return nullptr;
    }
  }
  return from;
}

const JsonValue* References::resolve(const JsonValue& schema) const {
  const std::string& text = schema.find("$ref")->text;
  const auto known = bases_.find(&schema);
  const std::string base = known == bases_.end() ? "" : known->second;
  const std::size_t hash = std::min(text.find('#'), text.size());
  const std::string target = join_uri(base, text.substr(0, hash));
  const std::string fragment = hash < text.size() ? percent_decoded(text.substr(hash + 1)) : "";
  const JsonValue* found = nullptr;
  if (fragment.empty() || fragment.front() == '/') {
    const auto resource = resources_.find(target);
    if (resource != resources_.end()) found = follow(resource->second, fragment);
    // A text whose own id differs from what its references call it is not guessed at.
  } else {
    const auto anchor = anchors_.find(target + "#" + fragment);
    if (anchor != anchors_.end()) found = anchor->second;
  }
  if (found == nullptr) {
    refuse_keyword(pointer_of(&schema), "$ref", quote(text) + " is not in this schema");
  }
  return found;
}

}  // namespace schemas
