// A text is cut where words begin and end, and where spaces do, so that both `C` and `C++` can be
// copied; a number is a run of digits with its sign, point and fraction. Whether a node allows a
// candidate is asked of the automaton of that node alone, which knows bounds, multiples, lengths,
// patterns and formats.

#include "inference/decide/copies.h"

#include <algorithm>
#include <set>

#include "inference/constrain/automaton.h"
#include "inference/constrain/string_machine.h"
#include "inference/decide/json_text.h"
#include "inference/error.h"
#include "inference/learn/characters.h"

namespace inference {
namespace {

using schemas::NodeId;
using schemas::SchemaSpec;

constexpr std::size_t kNumberCharactersMax = 24;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digits_end(std::string_view text, std::size_t i) {
  while (i < text.size() && is_digit(text[i])) ++i;
  return i;
}

// JSON's way to write it: no zero before the first digit or after the last one of the fraction.
std::string written_number(bool negative, std::string whole, std::string fraction) {
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  if (whole.empty()) whole = "0";
  const bool zero = whole == "0" && fraction.empty();
  std::string out = negative && !zero ? "-" : "";
  out += whole;
  if (!fraction.empty()) out += "." + fraction;
  return out;
}

// A run of digits with points and commas between them, `1,234.5`.
struct NumberRun {
  bool negative = false;
  std::vector<std::string> parts;
  std::string separators;  // one fewer
};

void read_run(const NumberRun& run, std::vector<std::string>& out) {
  const auto add = [&](bool negative, const std::string& whole, const std::string& fraction) {
    if (whole.size() + fraction.size() > kNumberCharactersMax) return;
    std::string text = written_number(negative, whole, fraction);
    if (std::find(out.begin(), out.end(), text) == out.end()) out.push_back(std::move(text));
  };
  const std::vector<std::string>& parts = run.parts;
  const auto points = std::count(run.separators.begin(), run.separators.end(), '.');
  const bool fraction = points == 1 && run.separators.back() == '.';
  const std::size_t groups = parts.size() - (fraction ? 1 : 0);
  bool thousands = groups > 1 && parts[0].size() <= 3 && (points == 0 || fraction);
  std::string joined = parts[0];
  for (std::size_t i = 1; i < groups; ++i) {
    thousands = thousands && parts[i].size() == 3;
    joined += parts[i];
  }
  if (groups == 1 || thousands) add(run.negative, joined, fraction ? parts.back() : "");
  if (run.separators == ",") add(run.negative, parts[0], parts[1]);
  if (fraction && parts.size() == 2) return;
  for (std::size_t i = 0; i < parts.size() && parts.size() > 1; ++i) {
    const bool pair = i + 1 < parts.size() && run.separators[i] == '.' && points == 1;
    add(i == 0 && run.negative, parts[i], pair ? parts[i + 1] : "");
    i += pair ? 1 : 0;
  }
}

// Where words or pieces between spaces begin and end.
struct Edges {
  std::vector<std::size_t> begins;
  std::vector<std::size_t> ends;
};

Edges edges_of(std::string_view text) {
  Edges out;
  bool word = false;  // of the character before
  bool space = true;
  for (std::size_t i = 0; i <= text.size();) {
    const std::size_t at = i;
    const char32_t c = i == text.size() ? U' ' : to_lower(next_character(text, i));
    const bool is_space = is_space_character(c);
    const bool is_word = is_word_character(c);
    if ((is_word && !word) || (!is_space && space)) out.begins.push_back(at);
    if ((word && !is_word) || (!space && is_space)) out.ends.push_back(at);
    word = is_word;
    space = is_space;
    if (at == text.size()) break;
  }
  return out;
}

bool is_plain(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20; }) &&
         is_utf8(std::string(text));
}

// Which of `values` the node allows, as JSON texts.
std::vector<std::string> allowed(const schemas::Node& node, std::vector<std::string> values) {
  SchemaSpec alone;
  alone.nodes = {node};
  const CompiledSchema schema(alone, SchemaUse::Accept);
  std::erase_if(values, [&](const std::string& value) {
    State state = schema.initial();
    for (const char c : value) {
      if (!schema.advance(&state, static_cast<std::uint8_t>(c))) return true;
    }
    return !schema.is_accepting(state);
  });
  return values;
}

bool copies(const schemas::Node& node) {
  if (const auto* text = std::get_if<schemas::StringNode>(&node)) return text->copy;
  if (const auto* number = std::get_if<schemas::NumberNode>(&node)) return number->copy;
  const auto* integer = std::get_if<schemas::IntegerNode>(&node);
  return integer != nullptr && integer->copy;
}

// Characters of a JSON string without escapes of more than one of them.
std::size_t character_count(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) >> 6) != 2; }));
}

struct Missing {
  const SchemaSpec& spec;
  const std::vector<bool>& empty;  // [nodes]

  // Pointer of the first required field without a value. Depth is bounded by the schema's nesting.
  std::optional<std::string> find(NodeId id, const std::string& pointer) const {
    if (empty[id]) return pointer;
    const auto* object = std::get_if<schemas::ObjectNode>(&spec.nodes[id]);
    if (object == nullptr) return std::nullopt;
    for (const schemas::Property& property : object->properties) {
      if (!property.required) continue;
      auto found = find(property.node, pointer_append(pointer, property.name));
      if (found) return found;
    }
    return std::nullopt;
  }
};

}  // namespace

bool has_copies(const SchemaSpec& spec) {
  return std::any_of(spec.nodes.begin(), spec.nodes.end(), copies);
}

std::vector<std::string> numbers_in(std::string_view message) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < message.size() && out.size() < kCopyNumbersMax;) {
    const char before = i == 0 ? ' ' : message[i - 1];
    const bool bare = message[i] == '.' && !is_digit(before) && i + 1 < message.size() &&
                      is_digit(message[i + 1]);
    if (!is_digit(message[i]) && !bare) {
      ++i;
      continue;
    }
    NumberRun run;
    const std::size_t first = i;
    if (bare) {  // .5
      run.parts.emplace_back("0");
    } else {
      const std::size_t end = digits_end(message, i);
      run.parts.emplace_back(message.substr(i, end - i));
      i = end;
    }
    while (i + 1 < message.size() && (message[i] == '.' || message[i] == ',') &&
           is_digit(message[i + 1])) {
      const std::size_t end = digits_end(message, i + 1);
      run.separators += message[i];
      run.parts.emplace_back(message.substr(i + 1, end - i - 1));
      i = end;
    }
    const bool sign = first > 0 && message[first - 1] == '-';
    std::size_t left = first - (sign ? 1 : 0);
    // A hyphen within a word or a date is no sign.
    run.negative =
        sign && (left == 0 || !is_word_character(static_cast<unsigned char>(message[left - 1])));
    std::size_t exponent = i;
    if (exponent < message.size() && (message[exponent] | 0x20) == 'e') ++exponent;
    const bool signed_exponent = exponent > i && exponent < message.size() &&
                                 (message[exponent] == '-' || message[exponent] == '+');
    if (signed_exponent) ++exponent;
    if (exponent > i && exponent < message.size() && is_digit(message[exponent])) {
      i = digits_end(message, exponent);
      continue;
    }
    read_run(run, out);
  }
  return out;
}

std::vector<std::string> texts_in(std::string_view message, std::size_t bytes_max) {
  const Edges edges = edges_of(message);
  std::vector<std::string> out;
  std::set<std::string_view> seen;
  std::size_t bytes = 0;
  for (std::size_t length = 0; length < kCopyWordsMax; ++length) {
    for (const std::size_t begin : edges.begins) {
      const auto first = std::upper_bound(edges.ends.begin(), edges.ends.end(), begin);
      if (static_cast<std::size_t>(edges.ends.end() - first) <= length) break;
      const std::size_t end = first[static_cast<std::ptrdiff_t>(length)];
      const std::string_view text = message.substr(begin, end - begin);
      if (text.size() > kCopyTextBytesMax || !is_plain(text)) continue;
      if (!seen.insert(text).second) continue;
      if (bytes + text.size() > bytes_max) return out;
      bytes += text.size();
      out.emplace_back(text);
    }
  }
  return out;
}

Copies copy_from(SchemaSpec spec, std::string_view message) {
  Copies out;
  std::size_t text_nodes = 0;
  for (const schemas::Node& node : spec.nodes) {
    text_nodes += copies(node) && std::holds_alternative<schemas::StringNode>(node);
  }
  const std::vector<std::string> numbers = numbers_in(message);
  const std::vector<std::string> texts =
      text_nodes == 0 ? std::vector<std::string>{} : texts_in(message, kCopyBytesMax / text_nodes);
  std::vector<bool> empty(spec.nodes.size(), false);
  for (NodeId id = 0; id < spec.nodes.size(); ++id) {
    schemas::Node& node = spec.nodes[id];
    if (!copies(node)) continue;
    std::vector<std::string> values;
    if (const auto* text = std::get_if<schemas::StringNode>(&node)) {
      for (const std::string& candidate : texts) {
        if (character_count(candidate) <= text->max_length) values.push_back(json_quote(candidate));
      }
    } else {
      values = numbers;
    }
    values = allowed(node, std::move(values));
    empty[id] = values.empty();
    if (values.empty()) {
      node = schemas::NeverNode{};
    } else {
      node = schemas::EnumNode{std::move(values)};
    }
  }
  out.missing = Missing{spec, empty}.find(spec.root, "");
  if (!out.missing) {
    try {
      CompiledSchema{spec};
    } catch (const LoadError&) {  // say, a list of at least two numbers
      out.missing = "";
    }
  }
  out.spec = std::move(spec);
  return out;
}

}  // namespace inference
