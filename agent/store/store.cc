// Opening a file that may be anything. SQLite reads a damaged table up to the first bad page, so
// lessons are copied row by row, oldest first, until it stops; what follows is lost with that page.

#include "agent/store/store.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace agent {
namespace {

constexpr std::int32_t kApplicationId = 0x7069636F;  // "pico"

// Step i makes version i + 1. Steps are never edited, only added.
constexpr std::array kSteps = {
    "CREATE TABLE lessons(id INTEGER PRIMARY KEY AUTOINCREMENT, route TEXT NOT NULL,"
    " schema_hash TEXT NOT NULL, text TEXT NOT NULL, payload TEXT NOT NULL, topic TEXT NOT NULL,"
    " expected TEXT NOT NULL, weight REAL NOT NULL CHECK(weight>0 AND weight<=1),"
    " source TEXT NOT NULL CHECK(source IN ('feedback','self')), input TEXT NOT NULL,"
    " time_ms INTEGER NOT NULL,"
    " state TEXT NOT NULL CHECK(state IN ('active','pending','forgotten'))) STRICT;"
    "CREATE INDEX lessons_by_route ON lessons(route, state, id);",
    "CREATE TABLE recent_inputs(id INTEGER PRIMARY KEY AUTOINCREMENT, route TEXT NOT NULL,"
    " input TEXT NOT NULL, topic TEXT NOT NULL, text TEXT NOT NULL, payload TEXT NOT NULL) STRICT;"
    "CREATE INDEX recent_by_input ON recent_inputs(route, input, id);"
    "CREATE INDEX recent_by_topic ON recent_inputs(route, topic, id);",
};

constexpr int kSetAsideMax = 8;

// Moves the file and its log to the first free of NAME.bad-1 … NAME.bad-8; the last is overwritten.
std::string set_aside(const std::string& path) {
  std::string to;
  for (int i = 1; i <= kSetAsideMax; ++i) {
    to = path + ".bad-" + std::to_string(i);
    if (::access(to.c_str(), F_OK) != 0) break;
  }
  if (std::rename(path.c_str(), to.c_str()) != 0) {
    throw StoreError(StoreError::Kind::Failed,
                     path + ": cannot be renamed: " + std::strerror(errno));
  }
  std::rename((path + "-wal").c_str(), (to + "-wal").c_str());
  ::unlink((path + "-shm").c_str());  // only an index of the log, made anew
  return to;
}

std::vector<StoredLesson> salvage(const std::string& path) {
  std::vector<StoredLesson> saved;
  try {
    Database bad(path, Database::Access::Existing, std::chrono::milliseconds(0));
    Statement rows(&bad,
                   "SELECT route,schema_hash,text,payload,topic,expected,weight,source,input,"
                   "time_ms FROM lessons NOT INDEXED WHERE state!='forgotten' ORDER BY id");
    while (rows.step()) {
      StoredLesson lesson;
      lesson.route = rows.text(0);
      lesson.schema_hash = rows.text(1);
      lesson.text = rows.text(2);
      lesson.payload = rows.text(3);
      lesson.topic = rows.text(4);
      lesson.expected = rows.text(5);
      lesson.weight = rows.real(6);
      lesson.source = rows.text(7);
      lesson.input = rows.text(8);
      lesson.time_ms = rows.integer(9);
      const bool sound = lesson.weight > 0 && lesson.weight <= 1 &&
                         (lesson.source == "feedback" || lesson.source == "self");
      if (sound) saved.push_back(std::move(lesson));
    }
  } catch (const StoreError&) {  // the end of what can be read
  }
  return saved;
}

}  // namespace

Store::Store(const std::string& path, const StoreOptions& options)
    : database_(path, options.access, options.busy),
      lessons_(&database_, options.lessons),
      inputs_(&database_, options.inputs) {
  database_.migrate(kSteps, kApplicationId);
}

std::string store_path(const std::string& state_dir) { return state_dir + "/picolm.db"; }

OpenedStore open_store(const std::string& state_dir, const StoreOptions& options) {
  OpenedStore out;
  const std::string path = state_dir.empty() ? ":memory:" : store_path(state_dir);
  try {
    try {
      out.store = std::make_unique<Store>(path, options);
    } catch (const StoreError& error) {
      out.trouble = error.what();
      if (error.kind() == StoreError::Kind::Failed) throw;
      out.set_aside = set_aside(path);
      out.store = std::make_unique<Store>(path, options);
      const std::vector<StoredLesson> saved = salvage(out.set_aside);
      out.store->lessons().add_all(saved);
      out.lessons_saved = saved.size();
    }
  } catch (const StoreError& error) {
    out.trouble = error.what();
    out.store = std::make_unique<Store>(":memory:", options);
  }
  return out;
}

std::unique_ptr<Store> existing_store(const std::string& state_dir) {
  const std::string path = store_path(state_dir);
  if (state_dir.empty() || (::access(path.c_str(), F_OK) != 0 && errno == ENOENT)) return nullptr;
  StoreOptions options;
  options.access = Database::Access::Existing;
  options.busy = std::chrono::milliseconds(5000);  // the agent is never long at it
  return std::make_unique<Store>(path, options);
}

}  // namespace agent
