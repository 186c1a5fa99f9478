// Goal: an engine's route that was taught answers without the model where its head is sure, joins
// the model where not, abstains where it should, and is as before once it forgot.

#include <gtest/gtest.h>

#include <string>

#include "inference/constrain/automaton.h"
#include "inference/engine.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tiny_model.h"

namespace inference {
namespace {

schemas::SchemaSpec command_schema() {
  schemas::SchemaSpec spec;
  spec.nodes = {schemas::ObjectNode{{{"action", 1, true}, {"target", 2, true}}},
                schemas::EnumNode{{"\"start\"", "\"stop\""}},
                schemas::EnumNode{{"\"press\"", "\"belt\""}}};
  return spec;
}

// The same with a text that is generated.
schemas::SchemaSpec open_schema() {
  schemas::SchemaSpec spec = command_schema();
  std::get<schemas::ObjectNode>(spec.nodes[0]).properties.push_back({"note", 3, true});
  spec.nodes.push_back(schemas::StringNode{1, 8});
  return spec;
}

constexpr Example kExamples[] = {
    {"fire up the press", R"({"action":"start","target":"press"})"},
    {"fire up the belt", R"({"action":"start","target":"belt"})"},
    {"please fire up the belt", R"({"action":"start","target":"belt"})"},
    {"bring up the press", R"({"action":"start","target":"press"})"},
    {"kill the press", R"({"action":"stop","target":"press"})"},
    {"kill the belt", R"({"action":"stop","target":"belt"})"},
    {"please kill the belt", R"({"action":"stop","target":"belt"})"},
    {"shut down the press", R"({"action":"stop","target":"press"})"}};

bool accepts(const schemas::SchemaSpec& spec, const std::string& document) {
  const CompiledSchema compiled(spec);
  State state = compiled.initial();
  for (const char c : document) {
    if (!compiled.advance(&state, static_cast<std::uint8_t>(c))) return false;
  }
  return compiled.is_accepting(state);
}

class TeachTest : public testing::Test {
 protected:
  TeachTest() {
    EngineOptions options;
    options.model_path = dir_.file("model.gguf");
    test_support::tiny_model({}).write(options.model_path);
    options.threads = 2;
    options.context_tokens_max = 512;
    engine_.emplace(options);
  }

  std::unique_ptr<Route> open(const schemas::SchemaSpec& spec, bool head = true,
                              bool model = true) {
    RouteOptions options{spec, "Decide.", {}};
    options.head = head;
    options.model = model;
    return engine_->open_route(options);
  }

  Decision decide(Route& route, std::string_view message) {
    const Request request{&route, message};
    return engine_->decide({&request, 1}).front();
  }

  test_support::TempDir dir_;
  std::optional<Engine> engine_;
};

TEST_F(TeachTest, WithoutTheModelTheHeadAnswersAtOnce) {
  const auto route = open(command_schema(), true, false);
  const TeachReport report = engine_->teach(*route, kExamples);
  EXPECT_EQ(report.used, std::size(kExamples));
  EXPECT_FALSE(report.uses_model);
  const Decision decision = decide(*route, "fire up that belt");
  EXPECT_EQ(decision.json, R"({"action":"start","target":"belt"})");
  EXPECT_EQ(decision.rung, Rung::Head);
  EXPECT_EQ(decision.stats.sweeps, 0u);
  EXPECT_EQ(decision.doubt, Doubt::None);
  EXPECT_GT(decision.confidence, 0);
  ASSERT_EQ(decision.fields.size(), 2u);
  EXPECT_EQ(decision.fields[0].pointer, "/action");
}

TEST_F(TeachTest, EveryTaughtDecisionIsADocumentWhicheverRungAnswers) {
  for (const bool model : {true, false}) {
    const auto route = open(command_schema(), true, model);
    engine_->teach(*route, kExamples);
    for (const std::string_view message :
         {"fire up the belt", "", "something else", "do not kill the press", "{\"a\":1}", "\xff"}) {
      const Decision decision = decide(*route, message);
      EXPECT_EQ(decision.status, DecideStatus::Decided);
      EXPECT_TRUE(accepts(command_schema(), decision.json)) << decision.json;
    }
  }
}

TEST_F(TeachTest, ADoubtIsAnAbstentionWithABestGuess) {
  const auto route = open(command_schema());
  engine_->teach(*route, kExamples);
  const Decision decision = decide(*route, "do not kill the press");
  EXPECT_EQ(decision.rung, Rung::Abstain);
  EXPECT_EQ(decision.doubt, Doubt::Unlike);
  EXPECT_EQ(name(decision.doubt), "unlike_examples");
  EXPECT_EQ(decision.confidence, 0);
  EXPECT_TRUE(accepts(command_schema(), decision.json));
}

TEST_F(TeachTest, AForgottenLessonLeavesNoTrace) {
  const auto fresh = open(command_schema());
  const auto route = open(command_schema());
  const Request request{fresh.get(), "fire up the belt"};
  const MessageScores scores = engine_->score({&request, 1}).front();
  const Decision before = engine_->choose(*fresh, "fire up the belt", scores);
  engine_->teach(*route, kExamples);
  engine_->forget(*route);
  const Decision after = engine_->choose(*route, "fire up the belt", scores);
  EXPECT_EQ(before.json, after.json);
  EXPECT_EQ(before.confidence, after.confidence);
  EXPECT_EQ(after.rung, Rung::Model);
}

TEST_F(TeachTest, ExamplesAreAllTheState) {
  const auto once = open(command_schema());
  const auto again = open(command_schema());
  engine_->teach(*once, kExamples);
  engine_->teach(*again, std::span(kExamples).first(3));
  engine_->teach(*again, kExamples);
  for (const std::string_view message : {"fire up the belt", "shut it down", "kill"}) {
    const Request request{once.get(), message};
    const MessageScores scores = engine_->score({&request, 1}).front();
    const Decision a = engine_->choose(*once, message, scores);
    const Decision b = engine_->choose(*again, message, scores);
    EXPECT_EQ(a.json, b.json);
    EXPECT_EQ(a.confidence, b.confidence);
  }
}

TEST_F(TeachTest, ScoresGivenWithAnExampleAreTheOnesTheModelWouldGive) {
  const auto asked = open(command_schema());
  const auto given = open(command_schema());
  std::vector<MessageScores> scores;
  std::vector<Example> examples(std::begin(kExamples), std::end(kExamples));
  for (const Example& example : examples) {
    const Request request{given.get(), example.message};
    scores.push_back(engine_->score({&request, 1}).front());
  }
  for (std::size_t i = 0; i < examples.size(); ++i) examples[i].scores = &scores[i];
  const TeachReport a = engine_->teach(*asked, kExamples);
  const TeachReport b = engine_->teach(*given, examples);
  EXPECT_EQ(a.held_out_accuracy, b.held_out_accuracy);
  EXPECT_EQ(a.sure_from, b.sure_from);
  EXPECT_EQ(engine_->choose(*asked, "kill the belt", scores[0]).confidence,
            engine_->choose(*given, "kill the belt", scores[0]).confidence);
}

TEST_F(TeachTest, OpenFieldsAreGeneratedBelowWhatTheHeadChose) {
  const auto route = open(open_schema());
  engine_->teach(*route, kExamples);
  const Decision decision = decide(*route, "kill the belt");
  EXPECT_EQ(decision.rung, Rung::Model);
  EXPECT_GT(decision.stats.sweeps, 0u);
  EXPECT_TRUE(accepts(open_schema(), decision.json)) << decision.json;
}

TEST_F(TeachTest, WithTheHeadOffLessonsChangeNothing) {
  const auto route = open(command_schema(), false);
  const Request request{route.get(), "fire up the belt"};
  const MessageScores scores = engine_->score({&request, 1}).front();
  const Decision before = engine_->choose(*route, "fire up the belt", scores);
  engine_->teach(*route, kExamples);
  const Decision after = engine_->choose(*route, "fire up the belt", scores);
  EXPECT_EQ(before.json, after.json);
  EXPECT_EQ(before.confidence, after.confidence);
}

TEST_F(TeachTest, BatchesOfTaughtAndUntaughtRoutesKeepTheirOrder) {
  const auto taught = open(command_schema(), true, false);
  const auto untaught = open(command_schema());
  engine_->teach(*taught, kExamples);
  const Request requests[] = {
      {untaught.get(), "a"}, {taught.get(), "kill the belt"}, {untaught.get(), "b"}};
  const auto decisions = engine_->decide(requests);
  ASSERT_EQ(decisions.size(), 3u);
  EXPECT_EQ(decisions[0].rung, Rung::Model);
  EXPECT_EQ(decisions[1].json, R"({"action":"stop","target":"belt"})");
  EXPECT_EQ(decisions[2].rung, Rung::Model);
}

}  // namespace
}  // namespace inference
