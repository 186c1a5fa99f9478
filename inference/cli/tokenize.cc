// picolm tokenize: JSON lines of text to JSON lines of ids. Reads only the vocabulary.

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "inference/cli/command.h"
#include "inference/gguf/file.h"
#include "inference/text/tokenizer.h"

namespace picolm {

void add_tokenize(CLI::App& app) {
  struct Arguments : ResourceArguments {
    std::string model;
    bool special = false;
  };
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("tokenize", "JSON lines {\"text\":…} to {\"ids\":[…]}");
  command->add_option("-m,--model", arguments->model, "GGUF file; only its vocabulary is read")
      ->required();
  command->add_flag("--special", arguments->special,
                    "also parse special tokens (never used for payloads)");
  add_resource_arguments(*command, *arguments);
  command->callback([arguments] {
    const inference::gguf::File file(arguments->model, inference::gguf::Contents::VocabularyOnly);
    const auto tokenizer = inference::Tokenizer::load(file);
    check_resources(*arguments);
    std::string line;
    for (std::size_t number = 1; read_line(line); ++number) {
      if (line.empty()) continue;
      if (line.size() > kLineBytesMax) {
        throw std::runtime_error("line " + std::to_string(number) + ": found more than " +
                                 std::to_string(kLineBytesMax) + " bytes");
      }
      const auto row = nlohmann::json::parse(line, nullptr, false);
      if (!row.is_object() || !row.contains("text") || !row["text"].is_string()) {
        throw std::runtime_error("line " + std::to_string(number) +
                                 ": found no \"text\", wanted {\"text\":…}");
      }
      const std::string text = row["text"].get<std::string>();
      const auto ids =
          arguments->special ? tokenizer->encode_template(text) : tokenizer->encode_text(text);
      print_line(nlohmann::json{{"ids", ids}}.dump());
    }
  });
}

}  // namespace picolm
