#pragma once

// The agent's own folder, locked while it runs: two agents with one identity would take each
// other's connection away for ever.
// Thread safety: unsafe.

#include <stdexcept>
#include <string>

namespace agent {

class StateDirError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class StateDir {
 public:
  // Makes the folder (mode 0700) if it is absent and locks it; an empty path does nothing.
  // Throws StateDirError: cannot be made or written, or another agent runs on it.
  explicit StateDir(const std::string& path);
  ~StateDir();
  // The folder `name` inside, made if it is absent; empty if there is no state folder.
  // Throws StateDirError.
  std::string subfolder(const std::string& name) const;
  StateDir(const StateDir&) = delete;
  StateDir& operator=(const StateDir&) = delete;

 private:
  const std::string path_;
  int lock_fd_ = -1;
};

}  // namespace agent
