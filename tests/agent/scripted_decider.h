#pragma once

// A decider that answers what a test tells it to, so that everything around the model can be
// tested with decisions that no model would make. End-to-end tests use the real engine.
// Thread safety: the answer may be changed while the worker decides.

#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/decider.h"

namespace agent {

class ScriptedDecider final : public Decider {
 public:
  using Answer = std::function<inference::Decision(std::string_view message)>;

  explicit ScriptedDecider(Answer answer) : answer_(std::move(answer)) {}

  RouteHandle open_route(const inference::RouteOptions& options) override {
    if (options.instructions == "too long") throw inference::LoadError("context too small");
    open_.insert(++last_);
    return last_;
  }
  void close_route(RouteHandle route) override { open_.erase(route); }
  inference::TeachReport teach(RouteHandle, std::span<const inference::Example> examples) override {
    inference::TeachReport report;
    for (std::size_t i = 0; i < examples.size(); ++i) {
      if (unteachable == examples[i].message) {
        report.refused.push_back({i, "teaches nothing"});
        continue;
      }
      taught.emplace_back(examples[i].message, examples[i].expected);
      ++report.used;
    }
    return report;
  }
  std::vector<inference::Decision> decide(std::span<const Question> questions) override {
    std::vector<inference::Decision> out;
    for (const Question& question : questions) {
      if (open_.count(question.route) == 0) throw std::logic_error("route is not open");
      out.push_back(answer_(question.message));
    }
    batches.push_back(questions.size());
    return out;
  }

  std::size_t open_count() const { return open_.size(); }
  std::vector<std::pair<std::string, std::string>> taught;  // message, expected
  std::string unteachable;                                  // message that the engine refuses
  std::vector<std::size_t> batches;                         // sizes of those that were answered

 private:
  const Answer answer_;
  std::set<RouteHandle> open_;
  RouteHandle last_ = 0;
};

inline inference::Decision decision(std::string json, double confidence = 0.9) {
  inference::Decision out;
  out.json = std::move(json);
  out.confidence = confidence;
  return out;
}

}  // namespace agent
