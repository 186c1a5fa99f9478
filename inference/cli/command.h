#pragma once

// What the commands of picolm share. Each command is one file that adds its subcommand to the
// application; the work happens in the subcommand's callback. Exceptions end in exit code 1 with
// their text on stderr, wrong usage in 2.
// Thread safety: unsafe; one thread builds and runs the commands.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "inference/decide/load_options.h"
#include "inference/engine.h"
#include "schemas/schema_spec.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;       // only the files that build commands read the library
}

namespace picolm {

// What a command may use of the machine. All commands take these.
struct ResourceArguments {
  std::string memory;  // SIZE; empty: default_memory_bytes()
  std::string kernels;
  std::uint32_t threads = 0;  // 0: physical cores
};

// Adds --memory, --threads, --kernels.
void add_resource_arguments(CLI::App& command, ResourceArguments& arguments);

// For commands that load no weights, so that nothing plans their memory: throws std::runtime_error
// if this process has used more than its limit, or if the CPU does not run the kernels.
void check_resources(const ResourceArguments& arguments);

// Options every command that loads a model takes.
struct ModelArguments : ResourceArguments {
  std::string model;
  std::uint32_t read_mb_s = 0;                         // 0: no limit
  std::unique_ptr<inference::BlockVerifier> verifier;  // null: the model is taken as it is
};

// Adds those above and -m/--model, --read-mb-s, --digest.
void add_model_arguments(CLI::App& command, ModelArguments& arguments);

// `arguments` must outlive the engine that is made with them.
inference::EngineOptions engine_options(const ModelArguments& arguments);

// "256M" and the like, powers of 1024. Throws CLI::ValidationError.
std::uint64_t parse_size(const std::string& text);

// `argument` is a file's path, or the schema itself if it begins with `{`.
schemas::SchemaSpec read_schema_argument(const std::string& argument);

inline constexpr std::size_t kLineBytesMax = std::size_t{1} << 20;

// The next line of standard input without its end, or false at the end of input. Of a longer line
// only the first `bytes_max` + 1 bytes are kept, which tells that it is too large. Throws
// std::runtime_error if the input cannot be read.
bool read_line(std::string& line, std::size_t bytes_max = kLineBytesMax);

// `text` with control characters written as \u00XX, for output that people read by line.
std::string printable(std::string_view text);

// To stdout, flushed, so that pipes see each answer. Throws std::runtime_error if it cannot.
void print_line(std::string_view line);
void print_warning(std::string_view line);  // to stderr

void add_inspect(CLI::App& app);
void add_tokenize(CLI::App& app);
void add_logits(CLI::App& app);
void add_generate(CLI::App& app);
void add_decide(CLI::App& app);
void add_eval(CLI::App& app);
void add_bench(CLI::App& app);
void add_schema(CLI::App& app);
void add_plan(CLI::App& app);
void add_digest(CLI::App& app);

}  // namespace picolm
