// synth_model: writes a GGUF file of a well-known shape with random weights. It has the size and
// the cost of the real model, a vocabulary that works and a chat template, but knows nothing: for
// benchmarks and tests where only bytes and time count.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <string>
#include <system_error>
#include <vector>

#include "tests/support/tiny_model.h"

namespace {

using test_support::ChatMarker;
using test_support::QuantMix;
using test_support::QuantType;
using test_support::TinyModelOptions;
using test_support::VocabularyKind;

constexpr int kDone = 0;
constexpr int kRefused = 1;
constexpr int kWrongUsage = 2;

TinyModelOptions tinyllama() {
  TinyModelOptions options;
  options.layer_count = 22;
  options.embedding_length = 2048;
  options.feed_forward_length = 5632;
  options.head_count = 32;
  options.kv_head_count = 4;
  options.head_length = 64;
  options.context_length = 2048;
  options.vocabulary = VocabularyKind::Spm;
  options.vocabulary_count = 32000;
  options.chat = ChatMarker::Zephyr;
  return options;
}

TinyModelOptions smollm2() {
  TinyModelOptions options;
  options.layer_count = 30;
  options.embedding_length = 576;
  options.feed_forward_length = 1536;
  options.head_count = 9;
  options.kv_head_count = 3;
  options.head_length = 64;
  options.context_length = 8192;
  options.rope_base = 100000;
  options.vocabulary_count = 49152;
  options.tied_output = true;
  return options;
}

// Wide enough for every type.
TinyModelOptions tiny() { return test_support::tiny_options(QuantType::Q4_K); }

const std::map<std::string, TinyModelOptions (*)()> kShapes{
    {"tinyllama-1.1b", tinyllama}, {"smollm2-135m", smollm2}, {"tiny", tiny}};

struct Quant {
  QuantType type;
  QuantMix mix;
};

std::map<std::string, Quant> quants() {
  std::map<std::string, Quant> known{{"q4_k_m", {QuantType::Q4_K, QuantMix::Q4KM}}};
  for (const QuantType type : {QuantType::F32, QuantType::F16, QuantType::BF16, QuantType::Q4_0,
                               QuantType::Q4_1, QuantType::Q5_0, QuantType::Q5_1, QuantType::Q8_0,
                               QuantType::Q4_K, QuantType::Q5_K, QuantType::Q6_K}) {
    known[std::string(inference::geometry(type).name)] = {type, QuantMix::Uniform};
  }
  return known;
}

template <typename Map>
std::vector<std::string> names(const Map& map) {
  std::vector<std::string> result;
  for (const auto& [name, value] : map) result.push_back(name);
  return result;
}

// Under another name until it is whole, so that a full disk leaves no broken model behind.
void write_whole(const TinyModelOptions& options, const std::string& path) {
  const std::string partial = path + ".part";
  try {
    test_support::write_tiny_model(options, partial);
    std::filesystem::rename(partial, path);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(partial, ignored);
    throw;
  }
}

int run(int argc, char** argv) {
  CLI::App app{"Writes a GGUF file of a known shape with random weights."};
  app.set_version_flag("--version", "synth_model " PICOLM_VERSION);
  std::string shape;
  std::string quant;
  std::string path;
  std::uint64_t seed = 1;
  const std::map<std::string, Quant> known_quants = quants();
  app.add_option("--shape", shape, "shape of the model")
      ->required()
      ->check(CLI::IsMember(names(kShapes)));
  app.add_option("--quant", quant, "type of the weights, or a mix of types")
      ->required()
      ->check(CLI::IsMember(names(known_quants)));
  app.add_option("--seed", seed, "the same seed gives the same bytes")->capture_default_str();
  app.add_option("OUT.gguf", path, "the file to write")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kWrongUsage;
  }

  TinyModelOptions options = kShapes.at(shape)();
  options.matrix_type = known_quants.at(quant).type;
  options.mix = known_quants.at(quant).mix;
  options.fall_back = true;
  options.seed = seed;
  write_whole(options, path);
  return kDone;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "synth_model: %s\n", error.what());
    return kRefused;
  }
}
