#include "schemas/text_tables.h"

#include "schemas/regex.h"

namespace schemas {
namespace {

std::string key_of(const TextCheck& check) {
  return std::to_string(static_cast<int>(check.kind)) + (check.negated ? "!" : "=") +
         std::to_string(check.text.size()) + ":" + check.text;
}

Regex literal(const std::string& text) {
  Regex regex;
  regex.parts.emplace_back().kind = Regex::Kind::Begin;
  for (const std::uint32_t code : decode_utf8(text)) {
    Regex& one = regex.parts.emplace_back();
    one.kind = Regex::Kind::Set;
    one.set = {{code, code}};
  }
  regex.parts.emplace_back().kind = Regex::Kind::End;
  return regex;
}

TextTable shared(StringAutomaton automaton) {
  return std::make_shared<const StringAutomaton>(std::move(automaton));
}

}  // namespace

TextTable TextTables::make(const TextCheck& check) {
  if (check.kind == TextCheck::Kind::Value) return shared(regex_automaton(literal(check.text)));
  std::string_view pattern = check.text;
  std::optional<std::uint32_t> length_max;
  if (check.kind == TextCheck::Kind::Format) {
    const FormatPattern* format = find_format(check.text);
    if (format == nullptr)
      throw TextRefused("format", "the format \"" + check.text + "\" is not supported");
    pattern = check.negated && !format->pattern_forbidden.empty() ? format->pattern_forbidden
                                                                  : format->pattern;
    if (format->length_max > 0) length_max = format->length_max;
  }
  const RegexParse parse = parse_regex(pattern);
  if (!parse.ok) throw TextRefused("pattern", "not supported: " + parse.reason);
  std::vector<StringAutomaton> automata;
  automata.push_back(regex_automaton(parse.regex));
  for (const RegexCondition& condition : parse.conditions) {
    automata.push_back(regex_automaton(condition.regex));
  }
  TextProduct parts;
  for (const StringAutomaton& automaton : automata) parts.parts.push_back(&automaton);
  parts.length_max = length_max;
  parts.label = [&](const std::vector<bool>& accepted) -> std::uint32_t {
    if (!accepted[0]) return 0;
    for (std::size_t i = 1; i < accepted.size(); ++i) {
      if (accepted[i] == parse.conditions[i - 1].negated) return 0;
    }
    return 1;
  };
  return shared(product(parts));
}

TextTable TextTables::of_check(const TextCheck& check) {
  TextTable& table = known_[key_of(check)];
  if (table == nullptr) {
    try {
      table = make(check);
    } catch (const AutomatonTooLarge& error) {
      throw TextRefused(check.kind == TextCheck::Kind::Format ? "format" : "pattern", error.what());
    }
  }
  return table;
}

TextTable TextTables::of_checks(const std::vector<TextCheck>& checks, std::uint32_t length_min,
                                std::optional<std::uint32_t> length_max) {
  std::string key = std::to_string(length_min) + "-" +
                    (length_max ? std::to_string(*length_max) : std::string()) + "/";
  for (const TextCheck& check : checks) key += key_of(check);
  const auto known = known_.find(key);
  if (known != known_.end()) return known->second;
  std::vector<TextTable> tables;
  TextProduct parts;
  for (const TextCheck& check : checks) {
    tables.push_back(of_check(check));
    parts.parts.push_back(tables.back().get());
  }
  parts.length_min = length_min;
  parts.length_max = length_max;
  parts.label = [&](const std::vector<bool>& accepted) -> std::uint32_t {
    for (std::size_t i = 0; i < accepted.size(); ++i) {
      if (accepted[i] == checks[i].negated) return 0;
    }
    return 1;
  };
  try {
    TextTable table = shared(product(parts));
    known_[key] = table;
    return table;
  } catch (const AutomatonTooLarge& error) {
    throw TextRefused("pattern", error.what());
  }
}

bool TextTables::matches(const TextCheck& check, const std::string& text) {
  return (label_of(*of_check(check), text) != 0) != check.negated;
}

}  // namespace schemas
