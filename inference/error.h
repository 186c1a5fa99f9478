#pragma once

// The one exception of this library, thrown at load time only: a file, option or schema that can
// never work. The message says what, where, found and wanted. At run time values are returned.
// Thread safety: plain value.

#include <stdexcept>

namespace inference {

class LoadError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace inference
