#pragma once

// The routes of a configuration opened on the model, or the reason why one could not be.
// Thread safety: unsafe; owned by the worker.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/decider.h"
#include "agent/route.h"
#include "agent/teach_plan.h"

namespace agent {

// Held-out examples that must be known before a route may act on what it learned.
inline constexpr double kPreciseExamplesMin = 20;

// Whether, of the held-out examples that are at least as sure as the route asks, enough were right.
bool is_precise(const RouteConfig& route, const inference::TeachReport& report);

class OpenRoutes {
 public:
  // `decider` outlives this object.
  explicit OpenRoutes(Decider* decider) : decider_(decider) {}
  ~OpenRoutes();
  OpenRoutes(const OpenRoutes&) = delete;
  OpenRoutes& operator=(const OpenRoutes&) = delete;

  struct Opened {
    std::string failure;            // empty: none
    inference::TeachReport taught;  // what became of the lessons
  };

  // Opens one route and teaches it `lessons`.
  Opened open(std::shared_ptr<const Route> route, const TeachPlan& lessons);

  // Teaches an open route `lessons` in place of what it was taught before.
  inference::TeachReport teach(const Route* route, const TeachPlan& lessons);

  struct Found {
    RouteHandle handle = 0;
    std::size_t lesson_count = 0;  // that taught it
    bool precise = false;          // enough to act on what was learned
  };
  // Nothing for a route that is not open, or that needs no model.
  std::optional<Found> find(const Route* route) const;
  // The open route of this name, or nullptr.
  const Route* find_name(std::string_view name) const;
  std::vector<const Route*> routes() const;

 private:
  Decider* decider_;
  // The key is kept alive by the value: a queued message may be the last owner otherwise.
  struct Entry {
    std::shared_ptr<const Route> route;
    RouteHandle handle = 0;
    std::size_t lesson_count = 0;
    bool precise = false;
  };
  std::map<const Route*, Entry> entries_;
};

}  // namespace agent
