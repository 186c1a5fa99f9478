// picolm schema bench: thousands of schemas with documents that are known to be valid or not. The
// verdict is the automaton's: every document is rewritten and fed to it byte by byte.

#include "inference/cli/schema_bench.h"

#include <chrono>
#include <fstream>
#include <optional>

#include "inference/cli/command.h"
#include "inference/cli/schema_rewrite.h"
#include "inference/constrain/automaton.h"
#include "inference/error.h"
#include "inference/gguf/file.h"
#include "inference/text/tokenizer.h"
#include "schemas/json_schema.h"
#include "schemas/json_value.h"

namespace picolm {
namespace {

using schemas::JsonValue;

constexpr std::size_t kRowBytesMax = std::size_t{64} << 20;
constexpr schemas::JsonLimits kRowLimits = {kRowBytesMax, 256, std::size_t{1} << 22};

struct Row {
  std::string group;
  const JsonValue* schema = nullptr;
  const JsonValue* tests = nullptr;
};

Row read_row(const JsonValue& value, std::uint64_t line) {
  Row row;
  row.schema = value.find("schema");
  row.tests = value.find("tests");
  const JsonValue* group = value.find("group");
  if (group != nullptr && group->is(JsonValue::Kind::String)) row.group = group->text;
  if (row.schema == nullptr || row.tests == nullptr || !row.tests->is(JsonValue::Kind::Array)) {
    throw std::runtime_error(
        "line " + std::to_string(line) +
        ": found no schema and tests, wanted {id,schema,tests:[{valid,data}]}");
  }
  return row;
}

// Everything a schema is compiled to.
struct Compiled {
  schemas::SchemaSpec spec;
  std::optional<inference::CompiledSchema> written;
  std::optional<inference::CompiledSchema> accepted;
};

bool accepts(const inference::CompiledSchema& schema, const std::string& text) {
  inference::State state = schema.initial();
  for (const char c : text) {
    if (!schema.advance(&state, static_cast<std::uint8_t>(c))) return false;
  }
  return schema.is_accepting(state);
}

class Bench {
 public:
  explicit Bench(const SchemaBenchArguments& arguments) {
    if (arguments.model.empty()) return;
    report_.has_outputs = true;
    vocabulary_.emplace(load_vocabulary(arguments.model));
    masks_.emplace(vocabulary_->vocabulary_count());
  }

  void take(const std::string& line, std::uint64_t number) {
    const schemas::JsonParse parse = schemas::parse_json(line, kRowLimits);
    if (!parse.ok) {
      throw std::runtime_error("line " + std::to_string(number) + ": " + parse.reason);
    }
    const Row row = read_row(parse.value, number);
    SchemaCounts& group = report_.groups[row.group];
    for (SchemaCounts* counts : {&report_.all, &group}) {
      ++counts->schemas;
      if (row.tests->items.empty()) ++counts->untested;
    }
    const std::string text = schemas::write_compact(*row.schema);
    Compiled compiled;
    const auto begin = std::chrono::steady_clock::now();
    const std::string refused = compile(text, &compiled);
    const std::chrono::duration<double, std::milli> spent =
        std::chrono::steady_clock::now() - begin;
    report_.compile_ms.push_back(spent.count());
    SchemaCounts verdicts;
    if (refused.empty()) count_tests(compiled, *row.tests, number, &verdicts);
    for (SchemaCounts* counts : {&report_.all, &group}) add(verdicts, refused, *row.tests, counts);
    if (vocabulary_ && refused.empty()) {
      count_output(compiled.spec, *vocabulary_, number, &*masks_, &report_.outputs);
    }
  }

  const BenchReport& report() const { return report_; }

 private:
  static inference::VocabularyTrie load_vocabulary(const std::string& path) {
    const inference::gguf::File file(path, inference::gguf::Contents::VocabularyOnly);
    return inference::VocabularyTrie::from_tokenizer(*inference::Tokenizer::load(file));
  }

  // The keyword for which the schema is refused; empty if it is not.
  static std::string compile(const std::string& text, Compiled* out) {
    try {
      out->spec = schemas::parse_schema(text);
      out->written.emplace(out->spec, inference::SchemaUse::Write);
      out->accepted.emplace(out->spec, inference::SchemaUse::Accept);
      return "";
    } catch (const schemas::SchemaError& error) {
      return error.keyword();
    } catch (const inference::LoadError& error) {
      return "automaton";
    }
  }

  static void count_tests(const Compiled& compiled, const JsonValue& tests, std::uint64_t line,
                          SchemaCounts* counts) {
    for (const JsonValue& test : tests.items) {
      const JsonValue* valid = test.find("valid");
      const JsonValue* data = test.find("data");
      if (valid == nullptr || data == nullptr) {
        throw std::runtime_error("line " + std::to_string(line) +
                                 ": a test without valid and data");
      }
      const std::string text = rewrite(compiled.spec, *data);
      const bool accepted = accepts(*compiled.accepted, text);
      ++(valid->boolean ? (accepted ? counts->valid_accepted : counts->valid_rejected)
                        : (accepted ? counts->invalid_accepted : counts->invalid_rejected));
    }
  }

  static void add(const SchemaCounts& verdicts, const std::string& refused, const JsonValue& tests,
                  SchemaCounts* counts) {
    if (!refused.empty()) {
      ++counts->refused[refused];
      return;
    }
    ++counts->compiled;
    if (tests.items.empty()) ++counts->untested_compiled;
    if (verdicts.valid_rejected == 0 && verdicts.invalid_accepted == 0) ++counts->right;
    counts->valid_accepted += verdicts.valid_accepted;
    counts->valid_rejected += verdicts.valid_rejected;
    counts->invalid_rejected += verdicts.invalid_rejected;
    counts->invalid_accepted += verdicts.invalid_accepted;
  }

  BenchReport report_;
  std::optional<inference::VocabularyTrie> vocabulary_;
  std::optional<inference::TextMasks> masks_;  // one for all schemas, as an engine has
};

}  // namespace

void schema_bench(const SchemaBenchArguments& arguments) {
  Bench bench(arguments);
  std::string line;
  std::uint64_t number = 0;
  if (arguments.file == "-") {
    while (read_line(line, kRowBytesMax)) bench.take(line, ++number);
  } else {
    std::ifstream file(arguments.file, std::ios::binary);
    if (!file) throw std::runtime_error("cannot open " + arguments.file);
    while (std::getline(file, line)) bench.take(line, ++number);
    if (file.bad()) throw std::runtime_error("cannot read " + arguments.file);
  }
  print_line(arguments.json ? report_json(bench.report()) : report_text(bench.report()));
}

}  // namespace picolm
