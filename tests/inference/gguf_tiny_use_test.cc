// Made-up models are of use only if the engine can work with them: their vocabularies spell every
// text, chat markers are found, and values stay finite through many layers in every type.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>

#include "inference/gguf/file.h"
#include "inference/kv/kv_sequence.h"
#include "inference/model/model.h"
#include "inference/model/thread_pool.h"
#include "inference/paging/memory_source.h"
#include "inference/text/chat.h"
#include "inference/text/tokenizer.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace test_support {
namespace {

using inference::TokenId;
using inference::gguf::File;

TEST(TinyVocabulary, SpellsEveryTextAndGivesWordsTheirOwnToken) {
  const TempDir folder;
  for (const VocabularyKind kind : {VocabularyKind::Bpe, VocabularyKind::Spm}) {
    for (const ChatMarker chat : {ChatMarker::ChatMl, ChatMarker::Llama3}) {
      TinyModelOptions options;
      options.vocabulary = kind;
      options.chat = chat;
      options.vocabulary_count = 3000;
      vocabulary_only(options).write(folder.file("model.gguf"));
      const auto tokenizer = inference::Tokenizer::load(File(folder.file("model.gguf")));
      for (const std::string text :
           {"Stop the press now", "{\"action\":\"stop\"}", "caf\xc3\xa9 42",
            "\xe4\xbd\xa0\xe5\xa5\xbd \xf0\x9f\x8f\xad\n\ttab"}) {
        std::string decoded = tokenizer->decode(tokenizer->encode_text(text));
        if (kind == VocabularyKind::Spm) decoded.erase(0, 1);  // the space SPM puts in front
        EXPECT_EQ(decoded, text);
      }
      EXPECT_EQ(tokenizer->encode_text("Turn the machine off").size(), 4U);
    }
  }
}

TEST(TinyVocabulary, CarriesTheMarkersOfItsChatFormat) {
  const TempDir folder;
  const std::pair<ChatMarker, inference::ChatFormat> formats[] = {
      {ChatMarker::None, inference::ChatFormat::Plain},
      {ChatMarker::ChatMl, inference::ChatFormat::ChatMl},
      {ChatMarker::Zephyr, inference::ChatFormat::Zephyr},
      {ChatMarker::Llama3, inference::ChatFormat::Llama3}};
  for (const auto& [marker, format] : formats) {
    for (const VocabularyKind kind : {VocabularyKind::Bpe, VocabularyKind::Spm}) {
      TinyModelOptions options;
      options.vocabulary = kind;
      options.chat = marker;
      vocabulary_only(options).write(folder.file("model.gguf"));
      const auto tokenizer = inference::Tokenizer::load(File(folder.file("model.gguf")));
      EXPECT_EQ(inference::find_chat_format(*tokenizer), format);
    }
  }
}

TEST(TinyModel, KeepsValuesFiniteThroughManyLayersInEveryType) {
  constexpr std::uint32_t kRows = 6;
  const TempDir folder;
  for (const QuantType type : {QuantType::F32, QuantType::F16, QuantType::BF16, QuantType::Q4_0,
                               QuantType::Q4_1, QuantType::Q5_0, QuantType::Q5_1, QuantType::Q8_0,
                               QuantType::Q4_K, QuantType::Q5_K, QuantType::Q6_K}) {
    SCOPED_TRACE(inference::geometry(type).name);
    TinyModelOptions options = tiny_options(type);
    options.layer_count = 12;
    const File file(write_tiny_model(options, folder.file("model.gguf")));
    inference::ThreadPool pool(1);
    inference::Model model(file, std::make_unique<inference::MemorySource>(file),
                           *inference::find_kernels("scalar"), pool, {});
    inference::KvSequence sequence(options.layer_count, model.config().kv_width(), kRows);
    Random random(3);
    std::vector<inference::BatchRow> rows(kRows);
    std::vector<float> logits(model.config().vocabulary_count);
    for (std::uint32_t i = 0; i < kRows; ++i) {
      rows[i].token = static_cast<TokenId>(random.below(logits.size()));
      rows[i].parent = static_cast<std::int32_t>(i) - 1;
      rows[i].sequence = &sequence;
      rows[i].commit = true;
    }
    rows.back().logits = inference::BatchRow::Logits::All;
    rows.back().out = logits.data();
    ASSERT_EQ(model.forward(rows), inference::ForwardStatus::Done);
    const auto [low, high] = std::minmax_element(logits.begin(), logits.end());
    EXPECT_TRUE(
        std::all_of(logits.begin(), logits.end(), [](float x) { return std::isfinite(x); }));
    // Different enough to choose by, not so far apart that one token always wins.
    EXPECT_GT(*high - *low, 5);
    EXPECT_LT(*high - *low, 60);
  }
}

}  // namespace
}  // namespace test_support
