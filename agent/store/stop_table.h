#pragma once

// Two rows that must survive anything: whether this agent, or all, are stopped.
// Thread safety: unsafe.

#include <string>
#include <string_view>

#include "agent/store/database.h"

namespace agent {

class StopTable {
 public:
  // Opens or makes the file. Throws StoreError.
  explicit StopTable(const std::string& path);

  struct Row {
    bool stopped = false;
    std::string by;
  };
  // Throws StoreError.
  Row read(std::string_view scope);
  // On the disk when it returns. Throws StoreError.
  void write(std::string_view scope, const Row& row);

 private:
  Database database_;
};

}  // namespace agent
