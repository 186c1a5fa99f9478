#pragma once

// Where tests find data that is not part of this tree. All of it may be absent; a test that
// needs it then skips:
//   const auto file = test_support::shared_file("smollm2/tokens.jsonl");
//   if (!file) GTEST_SKIP() << "skipped: " << test_support::kNoSharedData;
// Thread safety: free functions that read the environment.

#include <optional>
#include <string>
#include <string_view>

namespace test_support {

inline constexpr std::string_view kNoSharedData =
    "no shared data (set PICOLM_TEST_DATA to its folder)";
inline constexpr std::string_view kNoDefaultModel =
    "no default model (run deploy/get_model.sh or set PICOLM_TEST_MODEL)";

// The folder: $PICOLM_TEST_DATA, else ../shared/data beside the source tree.
std::optional<std::string> shared_data();

// A file or folder inside it, by relative path.
std::optional<std::string> shared_file(std::string_view relative);

// The default model: $PICOLM_TEST_MODEL, else where deploy/get_model.sh puts it.
std::optional<std::string> default_model();

}  // namespace test_support
