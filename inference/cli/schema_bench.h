#pragma once

// What `picolm schema bench` counts.
// Thread safety: plain data; free functions without state.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "inference/constrain/text_masks.h"
#include "inference/constrain/vocabulary_trie.h"
#include "schemas/schema_spec.h"

namespace picolm {

struct SchemaCounts {
  std::uint64_t schemas = 0;
  std::uint64_t untested = 0;  // schemas without tests
  std::uint64_t untested_compiled = 0;
  std::uint64_t compiled = 0;  // of all
  std::uint64_t right = 0;     // of all: compiled, and the verdict is right on every test
  std::uint64_t valid_accepted = 0;
  std::uint64_t valid_rejected = 0;
  std::uint64_t invalid_rejected = 0;
  std::uint64_t invalid_accepted = 0;
  std::map<std::string, std::uint64_t> refused;  // by keyword
};

// Of the outputs that a model with random logits is made to write.
struct OutputCounts {
  std::uint64_t written = 0;
  std::uint64_t valid = 0;      // by the validator and by the automaton for verdicts
  std::vector<double> mask_us;  // of every mask
};

struct BenchReport {
  SchemaCounts all;
  std::map<std::string, SchemaCounts> groups;
  std::vector<double> compile_ms;  // of every schema, text to automaton, refused ones too
  bool has_outputs = false;
  OutputCounts outputs;
};

struct SchemaBenchArguments {
  std::string file;   // "-": standard input
  std::string model;  // empty: none
  bool json = false;
};

// Runs the command and prints its report.
void schema_bench(const SchemaBenchArguments& arguments);

// Writes one output of the schema with random logits and counts it.
void count_output(const schemas::SchemaSpec& spec, const inference::VocabularyTrie& vocabulary,
                  std::uint64_t seed, inference::TextMasks* masks, OutputCounts* counts);

std::string report_text(const BenchReport& report);
std::string report_json(const BenchReport& report);

}  // namespace picolm
