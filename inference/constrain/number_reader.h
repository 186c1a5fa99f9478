#pragma once

// Numbers in any spelling of JSON, for verdicts: the digits are collected, and compared with the
// bounds where the number ends.
// Thread safety: plain values; bounds are constant after construction.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schemas/schema_spec.h"

namespace inference {

// digits * 10^exponent, exact up to 36 significant digits; of longer numbers `is_exact` tells.
struct NumberReader {
  enum class Phase : std::uint8_t {
    Start,
    Sign,
    Zero,
    Integer,
    Point,
    Fraction,
    Mark,
    MarkSign,
    Power
  };
  Phase phase = Phase::Start;
  bool negative = false;
  bool is_exact = true;
  bool power_negative = false;
  std::uint64_t high = 0;  // digits = high * 10^18 + low
  std::uint64_t low = 0;
  std::int32_t exponent = 0;
  std::int32_t power = 0;

  bool operator==(const NumberReader&) const = default;

  // Takes a byte of the grammar; false, and unchanged, if it is none.
  bool step(std::uint8_t byte);
  bool is_whole() const;
};

class NumberBounds {
 public:
  // Throws LoadError if a bound is no plain decimal.
  explicit NumberBounds(const schemas::IntegerNode& node);
  explicit NumberBounds(const schemas::NumberNode& node);
  explicit NumberBounds(const std::string& constant);  // exactly this number

  bool contains(const NumberReader& number) const;

 private:
  struct Bound {
    NumberReader value;
    bool exclusive = false;
  };
  std::optional<Bound> minimum_;
  std::optional<Bound> maximum_;
  std::vector<NumberReader> multiples_;
  bool is_integer_ = false;
  bool is_plain_ = false;
};

}  // namespace inference
