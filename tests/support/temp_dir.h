#pragma once

// A folder of its own for one test, removed with all it holds when the object goes.
// Thread safety: constant after construction.

#include <filesystem>
#include <string>
#include <string_view>

namespace test_support {

class TempDir {
 public:
  TempDir();  // under $TMPDIR, else /tmp; throws std::system_error
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string file(std::string_view name) const { return (path_ / name).string(); }

  // Writes `bytes` to the file `name` and returns its path.
  std::string write(std::string_view name, std::string_view bytes) const;

 private:
  std::filesystem::path path_;
};

}  // namespace test_support
