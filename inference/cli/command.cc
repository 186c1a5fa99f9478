#include "inference/cli/command.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <limits>
#include <stdexcept>

#include "inference/digest/model_digest.h"
#include "inference/paging/budget.h"
#include "schemas/json_schema.h"

namespace picolm {

namespace {

std::uint64_t memory_bytes(const ResourceArguments& arguments) {
  return arguments.memory.empty() ? inference::default_memory_bytes()
                                  : parse_size(arguments.memory);
}

}  // namespace

void add_resource_arguments(CLI::App& command, ResourceArguments& arguments) {
  command.add_option("--memory", arguments.memory,
                     "bound of the whole process, such as 256M (default: what is available)");
  command.add_option("--threads", arguments.threads, "compute threads (default: physical cores)")
      ->check(CLI::Range(1u, 256u));
  command.add_option("--kernels", arguments.kernels,
                     "instruction set: scalar, ssse3, avx2, avx512_vnni, neon, neon_dotprod");
}

void check_resources(const ResourceArguments& arguments) {
  inference::choose_kernels(arguments.kernels);
  const std::uint64_t used = inference::peak_resident_bytes();
  const std::uint64_t limit = memory_bytes(arguments);
  if (used > limit) {
    throw std::runtime_error("memory: found " + std::to_string(used) +
                             " bytes in use, wanted at most " + std::to_string(limit));
  }
}

void add_model_arguments(CLI::App& command, ModelArguments& arguments) {
  command.add_option("-m,--model", arguments.model, "GGUF file")->required();
  add_resource_arguments(command, arguments);
  command
      .add_option("--read-mb-s", arguments.read_mb_s,
                  "most that is read while a model larger than the memory is paged")
      ->check(CLI::Range(1u, 100000u));
  command.add_option_function<std::string>(
      "--digest",
      [&arguments](const std::string& path) {
        arguments.verifier = std::make_unique<inference::ModelDigest>(path);
      },
      "hashes the model must have, written by picolm digest");
}

inference::EngineOptions engine_options(const ModelArguments& arguments) {
  inference::EngineOptions options;
  options.model_path = arguments.model;
  options.threads = arguments.threads;
  options.kernels = arguments.kernels;
  options.memory_bytes_max = memory_bytes(arguments);
  options.read_bytes_s = std::uint64_t{arguments.read_mb_s} * 1'000'000;
  options.verifier = arguments.verifier.get();
  return options;
}

std::uint64_t parse_size(const std::string& text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  auto [at, error] = std::from_chars(text.data(), end, value);
  std::uint32_t shift = 0;
  if (at + 1 == end) {
    const std::size_t unit = std::string_view("KMG").find(*at);
    if (unit != std::string_view::npos) {
      shift = 10 * static_cast<std::uint32_t>(unit + 1);
      ++at;
    }
  }
  const bool fits = value <= (std::numeric_limits<std::uint64_t>::max() >> shift);
  if (error != std::errc() || at != end || !fits || value == 0) {
    throw CLI::ValidationError("size", "found \"" + text + "\", wanted a number with K, M or G");
  }
  return value << shift;
}

schemas::SchemaSpec read_schema_argument(const std::string& argument) {
  const std::size_t first = argument.find_first_not_of(" \t\r\n");
  const bool is_text = first != std::string::npos && argument[first] == '{';
  return is_text ? schemas::parse_schema(argument) : schemas::load_schema(argument);
}

bool read_line(std::string& line, std::size_t bytes_max) {
  line.clear();
  bool whole = true;
  bool any = false;
  int c;
  while ((c = getc_unlocked(stdin)) != EOF) {
    any = true;
    if (c == '\n') break;
    if (line.size() <= bytes_max) {
      line += static_cast<char>(c);
    } else {
      // One more byte than fits is kept; a line end is none.
      whole = false;
    }
  }
  if (std::ferror(stdin)) throw std::runtime_error("stdin: could not read");
  if (whole && !line.empty() && line.back() == '\r') line.pop_back();
  return any;
}

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto code = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    const bool upper = code == 0xC2 && next >= 0x80 && next < 0xA0;  // U+0080 to U+009F
    if (upper) {
      code = next;
      ++i;
    }
    if (upper || code < 0x20 || code == 0x7F) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", code);
      out += escape;
    } else {
      out += text[i];
    }
  }
  return out;
}

void print_line(std::string_view line) {
  const bool written = std::fwrite(line.data(), 1, line.size(), stdout) == line.size() &&
                       std::fputc('\n', stdout) != EOF && std::fflush(stdout) == 0;
  if (!written) throw std::runtime_error("stdout: could not write");
}

void print_warning(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fputc('\n', stderr);
}

}  // namespace picolm
