// What wrong feedback costs: routes taught with a share of wrong labels, judged on rows that they
// were not taught. The head alone decides, so that the figure is the lessons' and no model's.

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "agent/decider.h"
#include "schemas/json_schema.h"
#include "tests/support/random.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_data.h"
#include "tests/support/tiny_model.h"

namespace agent {
namespace {

using Json = nlohmann::ordered_json;

struct Row {
  std::string message;
  Json expected;  // a list: any of its values
};

struct Source {
  std::string schema;
  std::vector<Row> rows;
};

Source read_source(const std::string& path, const std::string& name) {
  Source source;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const Json row = Json::parse(line);
    if (row["source"] != name) continue;
    const Json& payload = row["payload"];
    source.schema = row["schema"].dump();
    source.rows.push_back(
        {payload.is_string() ? payload.get<std::string>() : payload.dump(), row["expected"]});
  }
  return source;
}

std::string label(const Row& row) {
  Json out = row.expected;
  for (auto& [name, value] : out.items()) {
    if (value.is_array()) value = Json(value.front());
  }
  return out.dump();
}

bool is_right(const Row& row, const std::string& decided) {
  const Json found = Json::parse(decided);
  for (const auto& [name, wanted] : row.expected.items()) {
    const Json& value = found.at(name);
    const bool listed =
        wanted.is_array() && std::find(wanted.begin(), wanted.end(), value) != wanted.end();
    if (!listed && value != wanted) return false;
  }
  return true;
}

class WrongLabels : public testing::Test {
 protected:
  // Share of the rows from `taught` on that are decided right after the first `taught` taught the
  // route, a share of `wrong` of them with a label that another row has.
  double accuracy(const Source& source, std::size_t taught, double wrong,
                  test_support::Random* random) {
    std::vector<std::string> labels;
    for (std::size_t i = 0; i < taught; ++i) labels.push_back(label(source.rows[i]));
    std::vector<std::string> given = labels;
    for (std::size_t i = 0; i < static_cast<std::size_t>(wrong * static_cast<double>(taught));) {
      const std::size_t place = random->below(taught);
      const std::string& other = labels[random->below(taught)];
      if (given[place] != labels[place] || other == labels[place]) continue;
      given[place] = other;
      ++i;
    }
    inference::RouteOptions options;
    options.schema = schemas::parse_schema(source.schema);
    options.model = false;
    const RouteHandle route = model_.decider->open_route(options);
    std::vector<inference::Example> examples;
    for (std::size_t i = 0; i < taught; ++i) {
      examples.push_back({.message = source.rows[i].message, .expected = given[i]});
    }
    model_.decider->teach(route, examples);
    std::size_t right = 0;
    const std::size_t end = std::min(source.rows.size(), taught + kTestedMax);
    for (std::size_t i = taught; i < end; ++i) {
      const Question question{route, source.rows[i].message};
      right += is_right(source.rows[i], model_.decider->decide({&question, 1}).front().json);
    }
    model_.decider->close_route(route);
    return static_cast<double>(right) / static_cast<double>(end - taught);
  }

  static constexpr std::size_t kTestedMax = 300;

  static ModelConfig tiny(const std::string& path) {
    ModelConfig config;
    config.path = path;
    config.threads = 1;
    return config;
  }

  test_support::TempDir dir_;
  LoadedModel model_ = load_model(tiny(test_support::write_tiny_model({}, dir_.file("tiny.gguf"))));
};

TEST_F(WrongLabels, TenInAHundredCostLessThanTheyAre) {
  const auto commands = test_support::shared_file("rows/commands.jsonl");
  const auto status = test_support::shared_file("rows/status.jsonl");
  if (!commands || !status) GTEST_SKIP() << "skipped: " << test_support::kNoSharedData;
  constexpr int kSeeds = 3;
  double cost = 0;
  int figures = 0;
  for (const auto& [path, name, taught] :
       {std::tuple{*commands, "hwu64-iot", 128}, std::tuple{*commands, "solar-e2e", 128},
        std::tuple{*status, "occupancy", 64}, std::tuple{*status, "bgl", 128}}) {
    Source source = read_source(path, name);
    ASSERT_GT(source.rows.size(), 150U) << name;
    std::map<int, double> mean;  // wrong labels in a hundred -> accuracy
    for (int seed = 0; seed < kSeeds; ++seed) {
      test_support::Random random(static_cast<std::uint64_t>(seed) + 1);
      for (std::size_t i = source.rows.size(); i > 1; --i) {
        std::swap(source.rows[i - 1], source.rows[random.below(i)]);
      }
      for (const int percent : {0, 10, 20}) {
        mean[percent] +=
            accuracy(source, static_cast<std::size_t>(taught), percent / 100.0, &random) / kSeeds;
      }
    }
    std::printf("%-10s %d lessons: %.3f right, %.3f with 10 %% wrong labels, %.3f with 20 %%\n",
                name, taught, mean[0], mean[10], mean[20]);
    cost += mean[0] - mean[10];
    ++figures;
  }
  EXPECT_LT(cost / figures, 0.06) << "of accuracy, mean over the sources";
}

}  // namespace
}  // namespace agent
