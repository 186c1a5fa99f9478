#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "agent/decider.h"
#include "agent/trust.h"
#include "inference/digest/model_digest.h"
#include "inference/model/thread_pool.h"
#include "inference/paging/budget.h"

namespace agent {
namespace {

constexpr std::size_t kCalibrationMax = 32;  // these many settle the means

class EngineDecider final : public Decider {
 public:
  // `digest` may be null; the engine checks what it reads by it.
  EngineDecider(std::unique_ptr<inference::ModelDigest> digest,
                const inference::EngineOptions& options)
      : digest_(std::move(digest)), engine_(options) {}

  RouteHandle open_route(const inference::RouteOptions& options) override {
    auto route = engine_.open_route(options);
    routes_[next_].route = std::move(route);
    return next_++;
  }

  void close_route(RouteHandle route) override { routes_.erase(route); }

  inference::TeachReport teach(RouteHandle route,
                               std::span<const inference::Example> examples) override {
    Open& found = routes_.at(route);
    // Evenly over the list, since examples are often sorted by what they decide. One lesson more
    // must not cost the passes of all others again.
    const std::size_t step = (examples.size() + kCalibrationMax - 1) / kCalibrationMax;
    std::vector<std::size_t> places;
    std::vector<inference::Request> requests;
    for (std::size_t i = 0; i < examples.size(); i += step) {
      const std::size_t hash = std::hash<std::string_view>{}(examples[i].message);
      if (found.calibrated.size() >= kCalibrationMax) break;
      if (!found.calibrated.insert(hash).second) continue;
      places.push_back(i);
      requests.push_back({found.route.get(), examples[i].message});
    }
    const std::vector<inference::MessageScores> scores = engine_.score(requests);
    std::vector<inference::Example> scored(examples.begin(), examples.end());
    for (std::size_t i = 0; i < scores.size(); ++i) {
      scored[places[i]].scores = &scores[i];
      const bool usable = scores[i].status == inference::DecideStatus::Decided;
      if (usable && !scores[i].degenerate) engine_.calibrate(*found.route, scores[i]);
    }
    return engine_.teach(*found.route, scored);
  }

  std::vector<inference::Decision> decide(std::span<const Question> questions) override {
    std::vector<inference::Request> requests;
    requests.reserve(questions.size());
    for (const Question& question : questions) {
      requests.push_back({routes_.at(question.route).route.get(), question.message});
    }
    return engine_.decide(requests);
  }

 private:
  struct Open {
    std::unique_ptr<inference::Route> route;
    std::set<std::size_t> calibrated;  // hashes of messages that moved its means
  };

  std::unique_ptr<inference::ModelDigest> digest_;
  inference::Engine engine_;
  std::map<RouteHandle, Open> routes_;  // before the engine goes
  RouteHandle next_ = 1;
};

class NoDecider final : public Decider {
 public:
  RouteHandle open_route(const inference::RouteOptions&) override {
    throw inference::LoadError("no model was loaded");
  }
  void close_route(RouteHandle) override {}
  inference::TeachReport teach(RouteHandle, std::span<const inference::Example>) override {
    return {};
  }
  std::vector<inference::Decision> decide(std::span<const Question>) override { return {}; }
};

// The digest holds the hashes of all bytes of the model, so its own hash names the model.
std::string digest_identity(const std::string& path) {
  const auto hash = sha256_file(path);
  if (!hash) throw ConfigError("model.digest: cannot read " + path);
  return "digest:" + *hash;
}

std::string check_hash(const ModelConfig& config) {
  if (config.sha256.empty()) {
    if (!config.digest.empty()) return digest_identity(config.digest);
    const auto identity = partial_file_identity(config.path);
    if (!identity) throw ConfigError("model.path: cannot read " + config.path);
    return *identity;
  }
  const auto hash = sha256_file(config.path);
  if (!hash) throw ConfigError("model.path: cannot read " + config.path);
  if (*hash != config.sha256) {
    throw ConfigError("model.sha256: " + config.path + " has " + *hash + ", wanted " +
                      config.sha256);
  }
  return *hash;
}

}  // namespace

LoadedModel no_model() { return {std::make_unique<NoDecider>(), "none"}; }

LoadedModel load_model(const ModelConfig& config) {
  LoadedModel loaded;
  loaded.model_hash = check_hash(config);
  inference::EngineOptions options;
  options.model_path = config.path;
  options.memory_bytes_max =
      config.memory_bytes ? config.memory_bytes : inference::default_memory_bytes();
  options.kv_dir = config.prefix_dir;
  options.read_bytes_s = std::uint64_t{config.read_mb_s} * 1'000'000;
  options.threads = config.threads;
  if (options.threads == 0) {
    options.threads = std::max(2U, inference::physical_core_count()) - 1;
  }
  std::unique_ptr<inference::ModelDigest> digest;
  if (!config.digest.empty()) {
    digest = std::make_unique<inference::ModelDigest>(config.digest);
    options.verifier = digest.get();
  }
  loaded.decider = std::make_unique<EngineDecider>(std::move(digest), options);
  return loaded;
}

}  // namespace agent
