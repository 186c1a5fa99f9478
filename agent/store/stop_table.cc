#include "agent/store/stop_table.h"

#include <array>
#include <chrono>

namespace agent {
namespace {

constexpr std::int32_t kApplicationId = 0x70696373;  // "pics"
constexpr std::array kSteps = {
    "CREATE TABLE stops(scope TEXT PRIMARY KEY, stopped INTEGER NOT NULL, by TEXT NOT NULL) STRICT",
};

}  // namespace

StopTable::StopTable(const std::string& path)
    : database_(path, Database::Access::Create, std::chrono::milliseconds(1000)) {
  database_.migrate(kSteps, kApplicationId);
}

StopTable::Row StopTable::read(std::string_view scope) {
  Statement statement(&database_, "SELECT stopped, by FROM stops WHERE scope=?");
  statement.bind(scope);
  if (!statement.step()) return {};
  return {statement.integer(0) != 0, statement.text(1)};
}

void StopTable::write(std::string_view scope, const Row& row) {
  Statement statement(&database_, "INSERT OR REPLACE INTO stops(scope, stopped, by) VALUES(?,?,?)");
  statement.bind(scope).bind(std::int64_t{row.stopped}).bind(std::string_view(row.by));
  statement.step();
}

}  // namespace agent
