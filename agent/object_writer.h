#pragma once

// Writes one JSON object member by member, in the order of the calls.
// Thread safety: unsafe.

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/json_scan.h"

namespace agent {

class ObjectWriter {
 public:
  ObjectWriter& text(std::string_view key, std::string_view value) {
    return raw(key, json_quote(value));
  }
  ObjectWriter& count(std::string_view key, std::uint64_t value) {
    return raw(key, std::to_string(value));
  }
  // REQUIRES: `value` is JSON.
  ObjectWriter& raw(std::string_view key, std::string_view value) {
    out_ += out_.empty() ? "{" : ",";
    out_ += json_quote(key);
    out_ += ':';
    out_ += value;
    return *this;
  }
  std::string done() const { return out_.empty() ? "{}" : out_ + "}"; }

 private:
  std::string out_;
};

// A number as JSON with a fixed number of digits after the point; what is not finite becomes 0.
std::string json_decimal(double value, int digits);

}  // namespace agent
