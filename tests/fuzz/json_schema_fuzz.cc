// An output schema from a configuration. Whatever its bytes:
//  - parse_schema gives a SchemaSpec or SchemaError with a pointer and a reason;
//  - the spec compiles or is refused with LoadError;
//  - the shortest document of a compiled schema is as long as promised, is taken by the automaton
//    byte by byte, and is valid to the validator, which shares no code with it;
//  - what the validator says of any text is a verdict, never an exception.

#include "inference/constrain/automaton.h"
#include "inference/error.h"
#include "schemas/json_schema.h"
#include "schemas/limits.h"
#include "schemas/validator.h"
#include "tests/fuzz/fuzz.h"

namespace {

void check_shortest(const schemas::SchemaSpec& spec, const inference::CompiledSchema& schema) {
  inference::State state = schema.initial();
  std::string document;
  schema.append_shortest(state, &document);
  FUZZ_HOLDS(document.size() == schema.shortest_bytes(state));
  FUZZ_HOLDS(document.size() <= schemas::Limits::shortest_output_bytes_max);
  for (const char c : document) {
    const std::uint64_t before = schema.shortest_bytes(state);
    FUZZ_HOLDS(schema.advance(&state, static_cast<std::uint8_t>(c)));
    FUZZ_HOLDS(schema.shortest_bytes(state) + 1 == before);
  }
  FUZZ_HOLDS(schema.is_accepting(state));
  const schemas::Verdict verdict = schemas::validate(spec, document);
  if (!verdict.valid) {
    std::fprintf(stderr, "%s: %s: %s\n", document.c_str(), verdict.pointer.c_str(),
                 verdict.reason.c_str());
  }
  FUZZ_HOLDS(verdict.valid);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  schemas::SchemaSpec spec;
  try {
    spec = schemas::parse_schema(text);
  } catch (const schemas::SchemaError& error) {
    FUZZ_HOLDS(!error.reason().empty());  // the keyword may be "", as any other unknown one
    FUZZ_HOLDS(error.pointer().empty() || error.pointer().front() == '/');
    return 0;
  }
  const schemas::Verdict verdict = schemas::validate(spec, text);
  FUZZ_HOLDS(verdict.valid == verdict.reason.empty());
  try {
    const inference::CompiledSchema schema(spec);
    check_shortest(spec, schema);
  } catch (const inference::LoadError& error) {
    FUZZ_HOLDS(error.what()[0] != '\0');
  }
  return 0;
}
