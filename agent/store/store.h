#pragma once

// The agent's one file of state, `picolm.db`: lessons and recent inputs today. Each kind of row has
// a table of its own behind a class of its own; a new kind is a step more in store.cc.
// Thread safety: unsafe; owned by the worker thread.

#include <memory>
#include <string>

#include "agent/store/database.h"
#include "agent/store/input_table.h"
#include "agent/store/lesson_table.h"

namespace agent {

struct StoreOptions {
  Database::Access access = Database::Access::Create;
  std::chrono::milliseconds busy{1000};  // wait for another process, such as `lessons forget`
  LessonLimits lessons;
  InputLimits inputs;
};

class Store {
 public:
  // Opens or makes the file and brings its tables up to date. Throws StoreError.
  Store(const std::string& path, const StoreOptions& options);

  LessonTable& lessons() { return lessons_; }
  InputTable& inputs() { return inputs_; }
  Database& database() { return database_; }

 private:
  Database database_;
  LessonTable lessons_;
  InputTable inputs_;
};

struct OpenedStore {
  std::unique_ptr<Store> store;  // never null
  std::string trouble;           // what was wrong with the file; empty: nothing
  std::string set_aside;         // where the bad file is now; empty: it was not moved
  std::size_t lessons_saved = 0;
};

// The store in `state_dir`, or one in memory if that is empty. A file that is damaged or not ours
// is renamed and a new one begun with the lessons that can still be read; one that cannot be opened
// otherwise (no permission, disk full) is left alone and replaced by a store in memory.
OpenedStore open_store(const std::string& state_dir, const StoreOptions& options);

// The store that an agent has made there, for use beside it; nullptr if there is none.
// Throws StoreError.
std::unique_ptr<Store> existing_store(const std::string& state_dir);

std::string store_path(const std::string& state_dir);

}  // namespace agent
