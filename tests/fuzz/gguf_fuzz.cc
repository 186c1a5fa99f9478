// A model file from a stranger. Whatever its bytes:
//  - opening it, for the model or for the vocabulary only, gives a File or LoadError, nothing else;
//  - an open File answers every question about every key, or throws LoadError;
//  - every tensor lies wholly inside the file, aligned, and is found by its name;
//  - its configuration and its tokenizer load or throw LoadError, and such a tokenizer works.

#include <memory>

#include "inference/error.h"
#include "inference/gguf/file.h"
#include "inference/model/config.h"
#include "inference/text/tokenizer.h"
#include "tests/fuzz/fuzz.h"

namespace {

using inference::LoadError;
using inference::gguf::Contents;
using inference::gguf::File;
using inference::gguf::Tensor;

template <typename Question>
void ask(Question question) {
  try {
    question();
  } catch (const LoadError& error) {
    FUZZ_HOLDS(error.what()[0] != '\0');
  }
}

void ask_about_keys(const File& file) {
  FUZZ_HOLDS(file.keys().size() == file.key_count());
  for (const std::string& key : file.keys()) {
    FUZZ_HOLDS(file.has(key));
    FUZZ_HOLDS(!file.describe(key).empty());
    ask([&] { file.u32(key); });
    ask([&] { file.f32(key); });
    ask([&] { file.boolean_or(key, false); });
    ask([&] { file.string(key); });
    ask([&] { FUZZ_HOLDS(file.strings(key).size() == file.array_count(key)); });
    ask([&] { FUZZ_HOLDS(file.floats(key).size() == file.array_count(key)); });
    ask([&] { FUZZ_HOLDS(file.i32s(key).size() == file.array_count(key)); });
  }
}

void ask_about_tensors(const File& file) {
  for (const Tensor& tensor : file.tensors()) {
    FUZZ_HOLDS(file.find_tensor(tensor.name) == &tensor);
    FUZZ_HOLDS(tensor.bytes > 0 && tensor.bytes == tensor.rows() * tensor.row_bytes());
    FUZZ_HOLDS(tensor.offset % file.alignment() == 0);
    FUZZ_HOLDS(tensor.offset <= file.size_bytes());
    FUZZ_HOLDS(tensor.bytes <= file.size_bytes() - tensor.offset);
    std::byte last{};
    FUZZ_HOLDS(file.read_at(tensor.offset + tensor.bytes - 1, {&last, 1}));
  }
}

void ask_about_text(const File& file) {
  const auto tokenizer = inference::Tokenizer::load(file);
  for (inference::TokenId id = 0; id < tokenizer->vocabulary_count(); ++id) tokenizer->bytes(id);
  for (const inference::TokenId id : tokenizer->encode_template("Stop <|im_end|>\xff </s>7")) {
    FUZZ_HOLDS(id < tokenizer->vocabulary_count());
  }
  FUZZ_HOLDS(tokenizer->bos().value_or(0) < tokenizer->vocabulary_count());
  FUZZ_HOLDS(tokenizer->eos().value_or(0) < tokenizer->vocabulary_count());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile memory;
  memory.replace({reinterpret_cast<const char*>(data), size});
  for (const Contents contents : {Contents::Model, Contents::VocabularyOnly}) {
    ask([&] {
      const File file(memory.path(), contents);
      FUZZ_HOLDS(file.size_bytes() == size);
      ask_about_keys(file);
      ask_about_tensors(file);
      ask([&] { inference::read_config(file); });
      ask([&] { ask_about_text(file); });
    });
  }
  return 0;
}
