#include "agent/state_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace agent {

namespace {

void make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    throw StateDirError("state_dir: cannot make " + path + ": " + std::strerror(errno));
  }
}

}  // namespace

StateDir::StateDir(const std::string& path) : path_(path) {
  if (path.empty()) return;
  make_folder(path);
  const std::string lock = path + "/lock";
  lock_fd_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock_fd_ < 0) {
    throw StateDirError("state_dir: cannot write " + lock + ": " + std::strerror(errno));
  }
  if (::flock(lock_fd_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    ::close(lock_fd_);
    throw StateDirError(error == EWOULDBLOCK
                            ? "state_dir: another agent runs on " + path
                            : "state_dir: cannot lock " + lock + ": " + std::strerror(error));
  }
}

std::string StateDir::subfolder(const std::string& name) const {
  if (path_.empty()) return {};
  make_folder(path_ + "/" + name);
  return path_ + "/" + name;
}

StateDir::~StateDir() {
  if (lock_fd_ >= 0) ::close(lock_fd_);
}

}  // namespace agent
