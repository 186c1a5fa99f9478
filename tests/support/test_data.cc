#include "tests/support/test_data.h"

#include <cstdlib>
#include <filesystem>

namespace test_support {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::optional<std::string> existing(const std::filesystem::path& path) {
  std::error_code ignored;
  if (path.empty() || !std::filesystem::exists(path, ignored)) return std::nullopt;
  return path.string();
}

}  // namespace

std::optional<std::string> shared_data() {
  const std::string folder = environment("PICOLM_TEST_DATA");
  return existing(folder.empty() ? std::string(PICOLM_SOURCE_DIR "/../shared/data") : folder);
}

std::optional<std::string> shared_file(std::string_view relative) {
  const std::optional<std::string> folder = shared_data();
  if (!folder) return std::nullopt;
  return existing(std::filesystem::path(*folder) / relative);
}

std::optional<std::string> default_model() {
  if (const std::string model = environment("PICOLM_TEST_MODEL"); !model.empty()) {
    return existing(model);
  }
  std::filesystem::path cache = environment("XDG_CACHE_HOME");
  if (cache.empty()) cache = std::filesystem::path(environment("HOME")) / ".cache";
  return existing(cache / "picolm" / "SmolLM2-135M-Instruct.Q4_1.gguf");
}

}  // namespace test_support
