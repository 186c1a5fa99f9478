// A loaded model decides by itself whether it is paged, and stays what it is.

#include <gtest/gtest.h>

#include "inference/decide/load_options.h"
#include "inference/engine.h"
#include "inference/error.h"
#include "inference/model/loaded_model.h"
#include "inference/paging/budget.h"
#include "tests/inference/model_testing.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace test_support {
namespace {

// Weights enough that a model with a few of them pinned is clearly smaller.
TinyModelOptions wide_model() {
  TinyModelOptions options = tiny_options(QuantType::F32);
  options.chat = ChatMarker::ChatMl;
  options.layer_count = 12;
  options.embedding_length = 256;
  options.feed_forward_length = 2048;
  return options;
}

inference::LoadOptions load_options(const std::string& path, std::uint64_t limit) {
  inference::LoadOptions options;
  options.model_path = path;
  options.threads = 2;
  options.memory_bytes_max = limit;
  options.context_tokens_max = 64;
  options.paging = {.slot_bytes = 64 * 1024, .slot_count = 4};
  return options;
}

Logits logits_of(inference::LoadedModel& loaded) {
  KvSequence sequence(loaded.model.config().layer_count, loaded.model.config().kv_width(), 8);
  Logits logits(loaded.model.config().vocabulary_count);
  const BatchRow rows[] = {
      {.token = 9, .sequence = &sequence, .commit = true},
      {.token = 11,
       .parent = 0,
       .sequence = &sequence,
       .commit = true,
       .logits = BatchRow::Logits::All,
       .out = logits.data()},
  };
  EXPECT_EQ(loaded.model.forward(rows), ForwardStatus::Done);
  return logits;
}

TEST(PagingLoadedModel, PagesOnlyWhatDoesNotFitAndComputesTheSame) {
  const TempDir folder;
  const std::string path = write_tiny_model(wide_model(), folder.file("tiny.gguf"));
  inference::LoadedModel in_memory(load_options(path, 0));
  EXPECT_FALSE(in_memory.plan.paged());
  const Logits expected = logits_of(in_memory);
  const std::uint64_t resident = inference::resident_bytes();
  std::uint64_t pinned_before = 0;
  for (const std::uint64_t mib : {2u, 6u, 10u}) {
    const inference::gguf::File file(path);
    const inference::MemoryPlan least = plan_model(file, load_options(path, 1));
    inference::LoadedModel loaded(load_options(path, least.least_bytes + (mib << 20)));
    ASSERT_TRUE(loaded.plan.paged());
    EXPECT_EQ(logits_of(loaded), expected);
    EXPECT_GT(loaded.plan.pinned_bytes(), pinned_before);
    pinned_before = loaded.plan.pinned_bytes();
    EXPECT_LT(loaded.model.bytes_held(), in_memory.model.bytes_held());
    EXPECT_EQ(loaded.model.bytes_held(), loaded.plan.pinned_bytes() + loaded.plan.ring_bytes);
  }
  EXPECT_GT(resident, 0u);
}

TEST(PagingLoadedModel, TooSmallALimitIsRefusedWithTheLeastThatWorks) {
  const TempDir folder;
  const std::string path = write_tiny_model(wide_model(), folder.file("tiny.gguf"));
  try {
    inference::LoadedModel loaded(load_options(path, 1 << 20));
    ADD_FAILURE() << "was loaded";
  } catch (const inference::LoadError& error) {
    const std::string message = error.what();
    for (const char* word : {"1048576 bytes", "wanted at least ", "paging"}) {
      EXPECT_NE(message.find(word), std::string::npos) << message;
    }
  }
}

TEST(PagingEngine, DecidesTheSameFromItsFile) {
  const TempDir folder;
  inference::EngineOptions options;
  TinyModelOptions model = wide_model();
  model.layer_count = 6;  // a decision takes some hundred tokens, and emulators run this too
  model.feed_forward_length = 1024;
  options.model_path = write_tiny_model(model, folder.file("tiny.gguf"));
  options.threads = 2;
  options.context_tokens_max = 512;
  inference::Engine in_memory(options);
  const inference::gguf::File file(options.model_path);
  inference::LoadOptions load = inference::load_options(options);
  load.memory_bytes_max = 1;
  const inference::MemoryPlan least = plan_model(file, load);
  ASSERT_LT(least.least_bytes, least.fixed.sum() + least.weight_bytes);
  options.memory_bytes_max = least.least_bytes / 2 + (least.fixed.sum() + least.weight_bytes) / 2;
  inference::Engine from_file(options);

  schemas::SchemaSpec spec;  // {"action": three, "note": a string}
  spec.nodes = {schemas::ObjectNode{{{"action", 1, true}, {"note", 2, true}}},
                schemas::EnumNode{{"\"start\"", "\"stop\"", "\"hold\""}},
                schemas::StringNode{1, 6}};
  const auto a = in_memory.open_route({spec, "Commands.", {"a", "b"}});
  const auto b = from_file.open_route({spec, "Commands.", {"a", "b"}});
  for (const char* message : {"go", "{\"x\": 3}"}) {
    const inference::Request requests[] = {{a.get(), message}, {b.get(), message}};
    const inference::Decision one = in_memory.decide({&requests[0], 1}).front();
    const inference::Decision two = from_file.decide({&requests[1], 1}).front();
    EXPECT_EQ(one.json, two.json);
    EXPECT_EQ(one.confidence, two.confidence);
    EXPECT_EQ(one.stats.bytes_read, 0u);
    EXPECT_GT(two.stats.bytes_read, 0u);
  }
  from_file.cancel();
  const inference::Request request{b.get(), "stop it"};
  EXPECT_EQ(from_file.decide({&request, 1}).front().status, inference::DecideStatus::ReadFailed);
  from_file.resume();
  EXPECT_EQ(from_file.decide({&request, 1}).front().status, inference::DecideStatus::Decided);
}

}  // namespace
}  // namespace test_support
