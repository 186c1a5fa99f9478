#pragma once

// Schemas that other people wrote for other purposes, with documents that are known to be valid or
// not: the lines of schemas/dev.jsonl.xz of the shared data.
// Thread safety: unsafe.

#include <stdio.h>
#include <sys/wait.h>

#include <string>

#include "schemas/json_value.h"

namespace schemas::testing {

class RealRows {
 public:
  explicit RealRows(const std::string& file)
      : pipe_(popen(("xz -dc '" + file + "'").c_str(), "r")) {}
  RealRows(const RealRows&) = delete;
  RealRows& operator=(const RealRows&) = delete;
  ~RealRows() {
    if (pipe_ != nullptr) pclose(pipe_);
  }

  // False at the end.
  bool next(std::string* line) {
    line->clear();
    char buffer[1 << 16];
    while (pipe_ != nullptr && fgets(buffer, sizeof buffer, pipe_) != nullptr) {
      *line += buffer;
      if (line->back() == '\n') return true;
    }
    return !line->empty();
  }

  // A line as JSON. The caller checks `ok`.
  static JsonParse parse(const std::string& line) {
    return parse_json(line, {std::size_t{1} << 26, 256, std::size_t{1} << 22});
  }

  enum class End { Read, NoXz, Failed };
  // REQUIRES: next() was false.
  End close() {
    const int status = pipe_ == nullptr ? -1 : pclose(pipe_);
    pipe_ = nullptr;
    constexpr int kNotFound = 127;  // of the shell
    if (WIFEXITED(status) && WEXITSTATUS(status) == kNotFound) return End::NoXz;
    return status == 0 ? End::Read : End::Failed;
  }

 private:
  FILE* pipe_;
};

}  // namespace schemas::testing
