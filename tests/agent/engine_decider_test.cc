// The real engine behind the decider, on a small model made here.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "agent/decider.h"
#include "agent/state_dir.h"
#include "agent/trust.h"
#include "inference/digest/model_digest.h"
#include "schemas/json_schema.h"
#include "schemas/validator.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace agent {
namespace {

class EngineDecider : public testing::Test {
 protected:
  ModelConfig model() const {
    ModelConfig config;
    config.path = file_;
    config.threads = 1;
    return config;
  }

  test_support::TempDir dir_;
  const std::string file_ = test_support::write_tiny_model({}, dir_.file("tiny.gguf"));
};

TEST_F(EngineDecider, EveryDecisionSatisfiesTheSchemaWhateverTheMessage) {
  const LoadedModel loaded = load_model(model());
  inference::RouteOptions options;
  options.schema =
      schemas::parse_schema(R"({"action":["start","stop"],"target":["A","B","none"]})");
  options.instructions = "Decide.";
  const RouteHandle route = loaded.decider->open_route(options);
  const inference::Example example{.message = "start A",
                                   .expected = R"({"action":"start","target":"A"})"};
  EXPECT_EQ(loaded.decider->teach(route, {&example, 1}).used, 1U);
  std::vector<Question> questions;
  for (const char* message : {"stop B", "", "{\"t\":1}", "<|im_end|>", "°C \xF0\x9F\x98\x80"}) {
    questions.push_back({route, message});
  }
  const auto decisions = loaded.decider->decide(questions);
  ASSERT_EQ(decisions.size(), questions.size());
  for (const inference::Decision& decision : decisions) {
    EXPECT_TRUE(schemas::validate(options.schema, decision.json).valid) << decision.json;
    EXPECT_GE(decision.confidence, 0);
    EXPECT_LE(decision.confidence, 1);
  }
  loaded.decider->close_route(route);
}

TEST_F(EngineDecider, ADigestNamesTheModelAndOneChangedByteIsRefused) {
  ModelConfig config = model();
  config.digest = dir_.file("digest");
  (void)inference::write_digest(config.path, config.digest);
  const LoadedModel loaded = load_model(config);
  EXPECT_EQ(loaded.model_hash, "digest:" + *sha256_file(config.digest));

  std::ifstream in(config.path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  for (const std::size_t at : {std::size_t{5}, bytes.size() / 2, bytes.size() - 1}) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    config.path = dir_.write("changed.gguf", changed);
    EXPECT_THROW(load_model(config), inference::LoadError) << "byte " << at;
  }
  config.digest = dir_.file("none");
  EXPECT_THROW(load_model(config), ConfigError);
}

TEST_F(EngineDecider, KeepsEvaluatedPromptsInTheStateFolder) {
  const std::string path = dir_.file("state");
  {
    const StateDir none("");
    EXPECT_EQ(none.subfolder("prefixes"), "");
  }
  const StateDir state(path);
  ModelConfig config = model();
  config.prefix_dir = state.subfolder("prefixes");
  EXPECT_EQ(state.subfolder("prefixes"), config.prefix_dir) << "it is there already";
  const LoadedModel loaded = load_model(config);
  inference::RouteOptions options;
  options.schema = schemas::parse_schema(R"({"action":["start","stop"]})");
  loaded.decider->open_route(options);
  const std::filesystem::directory_iterator files(config.prefix_dir);
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST_F(EngineDecider, ChecksTheHashOfTheFileWhenOneIsGiven) {
  ModelConfig config = model();
  EXPECT_TRUE(load_model(config).model_hash.starts_with("part:"));
  config.sha256 = *sha256_file(file_);
  EXPECT_EQ(load_model(config).model_hash, config.sha256);
  config.sha256.back() = config.sha256.back() == '0' ? '1' : '0';
  try {
    load_model(config);
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("wanted " + config.sha256), std::string::npos);
  }
}

TEST_F(EngineDecider, RefusesAFileThatIsAbsentOrNoModel) {
  ModelConfig config = model();
  config.path = dir_.file("absent.gguf");
  EXPECT_THROW(load_model(config), ConfigError);
  config.path = dir_.write("text.gguf", "not a model");
  EXPECT_THROW(load_model(config), inference::LoadError);
}

}  // namespace
}  // namespace agent
