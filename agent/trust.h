#pragma once

// Hashes of what the agent executes and of what it has decided. The only file that uses mbedTLS.
// Thread safety: one Sha256 a thread; the functions have no state.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace agent {

// SHA-256 over everything given to update() and add().
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::string_view bytes);
  // One part with its length before it, so that ("ab","c") and ("a","bc") differ.
  void add(std::string_view part);

  // 64 characters of lower case hex. Nothing may be added afterwards.
  std::string hex();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// SHA-256 of a whole file, read once in pieces; nothing if it cannot be read.
std::optional<std::string> sha256_file(const std::string& path);

// A cheap identity for a file whose hash nobody asked for: SHA-256 over its size, its first and
// its last MiB. It starts with "part:", so that it is never taken for the file's hash.
// Nothing if the file cannot be read.
std::optional<std::string> partial_file_identity(const std::string& path);

// The id of a decision: the same agent, input, route and model always give the same one, so a
// consumer can drop repetitions. 32 characters of hex.
std::string decision_id(std::string_view agent_id, std::string_view input_id,
                        std::string_view route, std::string_view model_hash);

}  // namespace agent
