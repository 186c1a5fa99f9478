#pragma once

// A small certificate authority made with the openssl command in a folder of its own: keys are
// made anew for each test and never leave it.
// Thread safety: unsafe.

#include <string>

#include "tests/support/temp_dir.h"

namespace test_support {

bool openssl_installed();

class Certificates {
 public:
  // Makes the authority. Throws std::runtime_error when a command fails.
  Certificates();

  std::string ca() const { return dir_.file("ca.pem"); }

  struct Pair {
    std::string cert;
    std::string key;
  };
  // Issues a certificate for `common_name` with the subject alternative names `names`, such as
  // "DNS:localhost,IP:127.0.0.1" (empty: none).
  Pair issue(const std::string& common_name, const std::string& names) const;

  // One whose validity ended years ago.
  Pair issue_expired(const std::string& common_name) const;

 private:
  TempDir dir_;
};

}  // namespace test_support
