#pragma once

// The latest inputs of each route, so that feedback can name one by its id or its topic.
// They are written many at a time and without waiting for the disk: a crash or power cut may lose
// the latest, which costs nobody more than a correction that must be given with its payload.
// Thread safety: unsafe; owned with its database.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/store/database.h"

namespace agent {

struct RecentInput {
  std::string route;
  std::string input;  // id
  std::string topic;
  std::string text;     // as the model saw it
  std::string payload;  // see StoredLesson
};

struct InputLimits {
  std::int64_t rows_max = 256;              // a route; over it the oldest are deleted
  std::int64_t bytes_max = 256 << 10;       // of a route's texts and payloads; the same
  std::int64_t bytes_total_max = 4 << 20;   // of all routes; the same
  std::size_t waiting_rows_max = 2048;      // in memory before they are written
  std::size_t waiting_bytes_max = 1 << 20;  // the same
};

class InputTable {
 public:
  InputTable(Database* database, const InputLimits& limits)
      : database_(database), limits_(limits) {}

  // Keeps `input` in memory. True: so many wait that flush() is due.
  [[nodiscard]] bool add(RecentInput input);

  // Writes what waits. Throws StoreError; what waited is then lost.
  void flush();

  // The newest input of `route` with this id, or on this topic. Throws StoreError.
  std::optional<RecentInput> by_id(std::string_view route, std::string_view id);
  std::optional<RecentInput> latest(std::string_view route, std::string_view topic);

 private:
  // Of what waits, what would be kept; the rest is never written.
  std::vector<RecentInput> newest();
  std::optional<RecentInput> find(std::string_view column, std::string_view route,
                                  std::string_view value);

  Database* const database_;
  const InputLimits limits_;
  std::vector<RecentInput> waiting_;  // oldest first
  std::size_t waiting_bytes_ = 0;
};

}  // namespace agent
