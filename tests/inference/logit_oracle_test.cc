// Goal: the conditional logit is the one of the reference program: on the same kernels a loss that
// is no higher, and the probabilities of a fit to the end. The reference runs here and now, as it
// may not be copied; where it or its libraries are absent the test skips.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "inference/learn/conditional_logit.h"
#include "tests/support/test_data.h"

namespace inference {
namespace {

using nlohmann::json;

std::vector<double> numbers(const json& list) { return list.get<std::vector<double>>(); }

void compare(const json& problem) {
  SCOPED_TRACE(problem["name"].get<std::string>());
  const std::vector<double> kernel = numbers(problem["kernel"]);
  const std::vector<double> shared = numbers(problem["shared"]);
  const std::vector<double> mean{1, 3};
  const auto chosen = problem["chosen"].get<std::vector<std::uint32_t>>();
  const std::size_t n = chosen.size();
  const std::vector<double> weight(n, 1.0);
  LogitProblem q;
  q.example_count = n;
  q.option_count = problem["options"];
  q.kernel = kernel;
  q.shared = shared;
  q.shared_mean = mean;
  q.chosen = chosen;
  q.example_weight = weight;
  q.l2 = problem["l2"];
  q.gap = 1e-10;
  const LogitFit fit = fit_logit(q);
  EXPECT_LE(fit.loss, problem["loss"].get<double>() + 1e-6);

  const std::vector<double> rows = numbers(problem["test_kernel"]);
  const std::vector<double> features = numbers(problem["test_shared"]);
  const std::vector<double> wanted = numbers(problem["probabilities"]);
  const std::size_t tests = rows.size() / n;
  const std::size_t options = q.option_count;
  for (std::size_t i = 0; i < tests; ++i) {
    std::vector<double> scores(options);
    add_scores(fit, q.l2, std::span(rows).subspan(i * n, n), scores);
    double sum = 0;
    for (std::size_t c = 0; c < options; ++c) {
      for (std::size_t s = 0; s < 2; ++s) {
        scores[c] += fit.shared_weight[s] * features[(s * options + c) * tests + i];
      }
      sum += std::exp(scores[c]);
    }
    for (std::size_t c = 0; c < options; ++c) {
      EXPECT_NEAR(std::exp(scores[c]) / sum, wanted[i * options + c], 1e-4);
    }
  }
}

TEST(LogitOracle, LossAndProbabilitiesAreThoseOfTheReference) {
  const auto data = test_support::shared_data();
  if (!data) GTEST_SKIP() << "skipped: " << test_support::kNoSharedData;
  const auto reference =
      std::filesystem::path(*data).parent_path() / "reference" / "conditional_logit.py";
  if (!std::filesystem::exists(reference)) GTEST_SKIP() << "skipped: no " << reference;
  const char* named = std::getenv("PICOLM_TEST_PYTHON");
  std::string command = std::string(named != nullptr ? named : "python3") + " " +
                        PICOLM_LOGIT_ORACLE + " " + reference.string();
  for (const char* name : {"head/fsc.jsonl", "head/hwu64-iot.jsonl"})
    command += " " + *data + "/" + name;
  FILE* pipe = popen((command + " 2>/dev/null").c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string output;
  char buffer[1 << 16];
  for (std::size_t got; (got = fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    output.append(buffer, got);
  const int status = pclose(pipe);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
    GTEST_SKIP() << "skipped: no numpy, scipy or scikit-learn (PICOLM_TEST_PYTHON names a python)";
  }
  ASSERT_EQ(status, 0) << command;
  std::size_t count = 0;
  for (std::size_t begin = 0; begin < output.size(); ++count) {
    const std::size_t end = output.find('\n', begin);
    compare(json::parse(output.substr(begin, end - begin)));
    begin = end + 1;
  }
  EXPECT_EQ(count, 10u) << "two sizes of five fields";
}

}  // namespace
}  // namespace inference
