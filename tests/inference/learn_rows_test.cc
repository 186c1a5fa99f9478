// Goal: what the head does on recorded commands and telemetry, by the figures that were promised
// for it: accuracy after few examples, and no decision where there should be none.

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <nlohmann/json.hpp>

#include "inference/cli/eval_rows.h"
#include "inference/cli/eval_split.h"
#include "inference/decide/taught_route.h"
#include "schemas/json_schema.h"
#include "tests/support/test_data.h"

namespace inference {
namespace {

using picolm::Group;
using picolm::Split;

// A route taught some rows of a source without the model.
struct Taught {
  // Every `wrong_every`-th example gets the label of another one; 0: none.
  Taught(const Group& group, std::size_t count, std::uint32_t seed, std::size_t wrong_every = 0)
      : split(picolm::split_rows(group.rows, count, seed)),
        route(find_closed_fields(schemas::parse_schema(group.schema_text))) {
    std::vector<std::string> expected;
    for (const std::size_t i : split.examples) expected.push_back(group.rows[i].expected.dump());
    for (std::size_t k = 0; wrong_every != 0 && k < expected.size(); k += wrong_every) {
      for (std::size_t i = 0; i < group.rows.size(); ++i) {
        const std::string other = group.rows[(k * 37 + i) % group.rows.size()].expected.dump();
        if (other == expected[k]) continue;
        expected[k] = other;
        break;
      }
    }
    std::vector<Lesson> lessons;
    for (std::size_t k = 0; k < expected.size(); ++k) {
      lessons.push_back({group.rows[split.examples[k]].payload, expected[k]});
    }
    report = route.teach(lessons);
  }

  // Confidence of a decision; 0 where it abstains.
  double confidence(std::string_view message) const {
    const HeadAnswer answer = route.quick(message);
    return answer.doubt.doubt == Doubt::None ? answer.confidence : 0;
  }

  // The confidence that the surest `share` of the test rows reach.
  double threshold(const Group& group, double share) const {
    std::vector<double> all;
    for (const std::size_t i : split.tests) all.push_back(confidence(group.rows[i].payload));
    std::sort(all.rbegin(), all.rend());
    return all[static_cast<std::size_t>(share * static_cast<double>(all.size()))];
  }

  Split split;
  TaughtRoute route;
  TeachReport report;
};

class RowsTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto folder = test_support::shared_file("rows");
    if (!folder) GTEST_SKIP() << "skipped: " << test_support::kNoSharedData;
    folder_ = *folder;
  }

  Group read(const std::string& file, const std::string& source,
             std::vector<std::string> where = {}) {
    picolm::RowArguments arguments;
    arguments.rows = folder_ + "/" + file;
    where.push_back("source=" + source);
    arguments.where = std::move(where);
    return picolm::read_rows(arguments).at(source).groups.at(0);
  }

  std::string folder_;
};

double accuracy(const Group& group, const Taught& taught) {
  std::size_t right = 0;
  for (const std::size_t i : taught.split.tests) {
    const HeadAnswer answer = taught.route.quick(group.rows[i].payload);
    bool all = true;
    for (std::size_t f = 0; f < answer.best.size(); ++f) {
      const ClosedField& field = taught.route.fields()[f];
      const auto& wanted =
          group.rows[i].expected.at(nlohmann::ordered_json::json_pointer(field.pointer));
      all = all && wanted.dump() == field.options[answer.best[f]];
    }
    right += all;
  }
  return static_cast<double>(right) / static_cast<double>(taught.split.tests.size());
}

TEST_F(RowsTest, CommandsAreLearnedFromFewExamples) {
  const Group group = read("commands.jsonl", "hwu64-iot");
  double few = 0;
  double many = 0;
  for (std::uint32_t seed = 0; seed < 3; ++seed) {
    few += accuracy(group, Taught(group, 32, seed)) / 3;
    many += accuracy(group, Taught(group, 128, seed)) / 3;
  }
  EXPECT_GE(few, 0.71);
  EXPECT_GE(many, 0.81);
}

TEST_F(RowsTest, OneWrongLabelInTenCostsLittle) {
  const Group group = read("commands.jsonl", "hwu64-iot");
  double right = 0;
  double wrong = 0;
  for (std::uint32_t seed = 0; seed < 3; ++seed) {
    right += accuracy(group, Taught(group, 128, seed)) / 3;
    wrong += accuracy(group, Taught(group, 128, seed, 10)) / 3;
  }
  EXPECT_GE(wrong, right - 0.1) << right;
  RecordProperty("right", std::to_string(right));
  RecordProperty("wrong", std::to_string(wrong));
}

TEST_F(RowsTest, ARouteOf128ExamplesTakesAFewHundredKilobytes) {
  for (const char* source : {"hwu64-iot", "solar-e2e"}) {
    const Group group = read("commands.jsonl", source);
    const std::size_t bytes = Taught(group, 128, 0).report.memory_bytes;
    EXPECT_LE(bytes, 512u << 10) << source;
    EXPECT_GE(bytes, 32u << 10) << source;
    RecordProperty(source, std::to_string(bytes));
  }
}

TEST_F(RowsTest, OffTopicSentencesAreHardlyEverDecided) {
  const Group group = read("commands.jsonl", "hwu64-iot");
  const Group foreign = read("commands.jsonl", "clinc-oos");
  std::size_t decided = 0;
  for (std::uint32_t seed = 0; seed < 3; ++seed) {
    const Taught taught(group, 128, seed);
    const double threshold = taught.threshold(group, 0.6);
    for (const picolm::Row& row : foreign.rows)
      decided += taught.confidence(row.payload) >= threshold;
  }
  EXPECT_LE(decided, foreign.rows.size() * 3 / 100);
}

TEST_F(RowsTest, CommandsTurnedAroundAreHardlyEverDecidedAsTheCommand) {
  const Group group = read("commands.jsonl", "hwu64-iot");
  std::size_t twins = 0;
  std::size_t decided = 0;
  for (std::uint32_t seed = 0; seed < 3; ++seed) {
    const Taught taught(group, 128, seed);
    for (std::size_t k = 0; k < taught.split.tests.size(); k += 4) {
      std::string plain = group.rows[taught.split.tests[k]].payload;
      if (!plain.empty()) {
        plain[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(plain[0])));
      }
      const auto& wanted = group.rows[taught.split.tests[k]].expected;
      const std::string target = wanted.at("target").get<std::string>();
      const std::string action = wanted.at("action").get<std::string>();
      for (const std::string& text :
           {"do not " + plain, "don't " + plain, "who said to " + plain,
            "is the " + target + " already " + action + "?", "is the " + target + " stopped?"}) {
        const HeadAnswer twin = taught.route.quick(text);
        ++twins;
        decided += twin.doubt.doubt == Doubt::None && twin.best == taught.route.quick(plain).best;
      }
    }
  }
  EXPECT_LE(decided * 50, twins) << "at most 2 %, at any confidence";
}

// Accuracy of the words alone: no example, no model.
double untaught_accuracy(const Group& group, const std::string& schema) {
  const TaughtRoute route(find_closed_fields(schemas::parse_schema(schema)));
  std::size_t right = 0;
  for (const picolm::Row& row : group.rows) {
    const NgramSet message(row.payload);
    bool all = true;
    for (std::size_t f = 0; f < route.fields().size(); ++f) {
      const ClosedField& field = route.fields()[f];
      std::vector<double> shares;
      for (const Wording& option : route.option_words()[f]) {
        shares.push_back(option.share_in(message));
      }
      const auto best = std::max_element(shares.begin(), shares.end()) - shares.begin();
      const auto& wanted = row.expected.at(nlohmann::ordered_json::json_pointer(field.pointer));
      all = all && wanted.dump() == field.options[static_cast<std::size_t>(best)];
    }
    right += all;
  }
  return static_cast<double>(right) / static_cast<double>(group.rows.size());
}

TEST_F(RowsTest, TitlesOfOptionsAreSynonymsWithoutExamples) {
  const std::map<std::string, std::string> titles = {{"activate", "turn on, switch on"},
                                                     {"deactivate", "turn off, switch off"},
                                                     {"increase", "turn up, louder"},
                                                     {"decrease", "turn down, quieter"},
                                                     {"bring", "get, fetch"},
                                                     {"change_language", "set the language"},
                                                     {"heat", "temperature, heating"},
                                                     {"washroom", "bathroom, toilet"}};
  const Group group = read("commands.jsonl", "fsc");
  auto schema = nlohmann::ordered_json::parse(group.schema_text);
  for (auto& [field, property] : schema["properties"].items()) {
    nlohmann::ordered_json branches;
    for (const auto& value : property["enum"]) {
      nlohmann::ordered_json branch{{"const", value}};
      const auto title = titles.find(value.get<std::string>());
      if (title != titles.end()) branch["title"] = title->second;
      branches.push_back(branch);
    }
    property = {{"oneOf", branches}};
  }
  const double without = untaught_accuracy(group, group.schema_text);
  const double with = untaught_accuracy(group, schema.dump());
  EXPECT_GE(with, without + 0.1);
  RecordProperty("without", std::to_string(without));
  RecordProperty("with", std::to_string(with));
}

std::string with_value(const std::string& payload, const std::string& key,
                       const std::string& value) {
  auto document = nlohmann::ordered_json::parse(payload);
  document[key] = nlohmann::ordered_json::parse(value);
  return document.dump();
}

TEST_F(RowsTest, BrokenSensorsOfRecordedTelemetryAbstain) {
  for (const char* source : {"occupancy", "ai4i", "cwru-bearing"}) {
    const Group group = read("status.jsonl", source);
    const Taught taught(group, 64, 0);
    std::size_t readings = 0;
    for (const std::size_t i : taught.split.examples) {
      const std::string& payload = group.rows[i].payload;
      ASSERT_EQ(taught.route.quick(payload).doubt.doubt, Doubt::None) << payload;
      const auto document = nlohmann::ordered_json::parse(payload);
      for (const auto& [key, value] : document.items()) {
        if (!value.is_number()) continue;
        ++readings;
        for (const char* bad : {"-9999", "32767", "null"}) {
          const HeadAnswer answer = taught.route.quick(with_value(payload, key, bad));
          EXPECT_EQ(answer.doubt.doubt, Doubt::SensorFault) << source << " " << key << " " << bad;
        }
        // Zero is what some fields hold: it is a fault as far as the examples do not come near it.
        double low = value.get<double>();
        double high = low;
        for (const std::size_t k : taught.split.examples) {
          const double other = nlohmann::json::parse(group.rows[k].payload).at(key).get<double>();
          low = std::min(low, other);
          high = std::max(high, other);
        }
        const double slack = (high - low) / 4;
        const bool within = low - slack <= 0 && 0 <= high + slack;
        EXPECT_EQ(taught.route.quick(with_value(payload, key, "0")).doubt.doubt,
                  within ? Doubt::None : Doubt::SensorFault)
            << source << " " << key;
      }
    }
    EXPECT_GT(readings, 0u);
  }
}

TEST_F(RowsTest, HostileNotesHardlyEverChangeADecision) {
  std::vector<std::string> benign;
  std::vector<std::string> hostile;
  std::ifstream file(folder_ + "/hostile.jsonl");
  for (std::string line; std::getline(file, line);) {
    const auto row = nlohmann::json::parse(line);
    (row["injection"].get<bool>() ? hostile : benign).push_back(row["text"].dump());
  }
  ASSERT_GT(hostile.size(), 100u);
  for (const char* source : {"occupancy", "ai4i"}) {
    Group group = read("status.jsonl", source);
    const Group plain = group;
    for (std::size_t i = 0; i < group.rows.size(); ++i) {
      group.rows[i].payload =
          with_value(plain.rows[i].payload, "note", benign[i * 7 % benign.size()]);
    }
    const Taught taught(group, 128, 0);
    std::size_t changed = 0;
    for (std::size_t k = 0; k < taught.split.tests.size(); ++k) {
      const std::size_t i = taught.split.tests[k];
      const std::string twin =
          with_value(plain.rows[i].payload, "note", hostile[k * 5 % hostile.size()]);
      changed += taught.route.quick(group.rows[i].payload).best != taught.route.quick(twin).best;
    }
    EXPECT_LE(changed * 50, taught.split.tests.size()) << source << ": at most 2 %";
  }
}

}  // namespace
}  // namespace inference
