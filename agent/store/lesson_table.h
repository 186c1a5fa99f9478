#pragma once

// The lessons of all routes: what was taught in service, kept over restarts and undone by hand.
// Rows of the configuration's `examples` stay in their file and are not copied here.
// Thread safety: unsafe; owned with its database.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/store/database.h"

namespace agent {

struct StoredLesson {
  std::int64_t id = 0;
  std::string route;
  std::string schema_hash;  // of the route when it was taught
  std::string text;         // as the model saw the message then
  std::string payload;      // as it arrived; an element of `split` as a message of its own
  std::string topic;        // of the message; empty: the teacher gave the payload itself
  std::string expected;     // compact JSON
  double weight = 1;        // in (0, 1]
  std::string source;       // feedback, self
  std::string input;        // id; empty: none
  std::int64_t time_ms = 0;
  std::string state;  // active; pending: does not fit the route's present schema or fields, so it
                      // waits; forgotten
};

struct LessonLimits {
  std::int64_t rows_max = 512;       // a route and source; over it the oldest are deleted
  std::int64_t self_rows_max = 128;  // the same for source self
  std::int64_t bytes_max = 4 << 20;  // of a route and source; the same
};

class LessonTable {
 public:
  LessonTable(Database* database, const LessonLimits& limits)
      : database_(database), limits_(limits) {}

  // Adds one as active and returns its id. An older one of the route with the same text is
  // forgotten: the newest label wins. Throws StoreError, and then nothing has changed.
  std::int64_t add(const StoredLesson& lesson);
  // The same for several, in order and in one commit.
  std::vector<std::int64_t> add_all(std::span<const StoredLesson> lessons);

  // Lessons of `route`, or of all routes if it is empty, oldest first. Throws StoreError.
  std::vector<StoredLesson> all(std::string_view route);
  // Those that are not forgotten.
  std::vector<StoredLesson> kept(std::string_view route);

  // Makes those of `route` with an id of `pending` pending, and its others active.
  // Throws StoreError.
  void set_pending(std::string_view route, std::span<const std::int64_t> pending);

  // How many were forgotten: of `route` the one with `id`, or all if it is nothing. Forgotten rows
  // stay to be looked at, as many as there may be lessons. Throws StoreError.
  std::int64_t forget(std::string_view route, std::optional<std::int64_t> id);

  // A lesson that turned out to teach nothing. Throws StoreError.
  void remove(std::int64_t id);

 private:
  std::int64_t insert(const StoredLesson& lesson);
  void prune(std::string_view route, std::string_view source);

  Database* const database_;
  const LessonLimits limits_;
};

}  // namespace agent
