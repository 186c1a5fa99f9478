#pragma once

// One process started by a test. It is killed when the object goes, and dies with the test
// program should that crash.
// Thread safety: unsafe.

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace test_support {

class ChildProcess {
 public:
  ChildProcess() = default;
  // Runs `arguments`, the first being the program, looked up in PATH. Both outputs are appended to
  // the file `output`; empty: dropped. Throws std::runtime_error when there can be no process.
  explicit ChildProcess(const std::vector<std::string>& arguments, const std::string& output = {});
  ~ChildProcess() { kill(); }
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;

  pid_t pid() const { return pid_; }  // -1: none, or it was waited for
  bool running();

  // SIGKILL and wait; nothing when it is not running.
  void kill() { (void)signal_and_wait(9); }

  // Sends `signal` and waits for the end. The wait status as of waitpid, if it was running.
  std::optional<int> signal_and_wait(int signal);

 private:
  pid_t pid_ = -1;
};

}  // namespace test_support
