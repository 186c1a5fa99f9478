// synth_model: writes a GGUF file of a known shape with random weights. It has the size and the
// cost of the real model, a vocabulary that works and a chat template, but knows nothing: for
// benchmarks and tests where only bytes and time count.

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

#include "tests/support/known_shapes.h"
#include "tests/support/tiny_model.h"

namespace {

using test_support::TinyModelOptions;

constexpr int kDone = 0;
constexpr int kRefused = 1;
constexpr int kWrongUsage = 2;

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
  app.add_option("--shape", shape, "shape of the model")
      ->required()
      ->check(CLI::IsMember(test_support::shape_names()));
  app.add_option("--quant", quant, "type of the weights, or a mix of types")
      ->required()
      ->check(CLI::IsMember(test_support::quant_names()));
  app.add_option("--seed", seed, "the same seed gives the same bytes")->capture_default_str();
  app.add_option("OUT.gguf", path, "the file to write")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kWrongUsage;
  }

  TinyModelOptions options = test_support::find_shape(shape).value();
  if (!test_support::set_quant(quant, options)) throw std::invalid_argument(quant);
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
