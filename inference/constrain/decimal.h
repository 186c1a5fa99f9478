#pragma once

// The automaton of one decimal number within exact bounds: -?(0|[1-9][0-9]*)(\.[0-9]+)?
// Integers are the same automaton without a fraction.
// Thread safety: constant after construction; states are plain values.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schemas/schema_spec.h"

namespace inference {

// Digits of a number that is not an integer, both sides of the point together. Decimals of at most
// 15 digits are distinct in binary64 and keep their order, so that a consumer who compares in
// floating point agrees with the exact bounds here.
inline constexpr unsigned kNumberDigitsMax = 15;

// Digits of an integer: all of int64.
inline constexpr unsigned kIntegerDigitsMax = 19;

// What has been written so far.
struct DecimalState {
  enum class Phase : std::uint8_t { Start, Sign, Integer, Point, Fraction };
  Phase phase = Phase::Start;
  bool negative = false;
  std::uint8_t integer_digits = 0;
  std::uint8_t fraction_digits = 0;
  std::uint64_t digits = 0;  // all digits so far, the point left out

  bool operator==(const DecimalState&) const = default;
};

class DecimalRange {
 public:
  // All integers in [node.minimum, node.maximum].
  explicit DecimalRange(const schemas::IntegerNode& node);

  // All decimals of at most kNumberDigitsMax digits within the bounds.
  // Throws LoadError if a bound is not a JSON number without exponent.
  explicit DecimalRange(const schemas::NumberNode& node);

  // Whether the range has no member at all.
  bool empty() const;

  // Whether `byte` continues towards a member; if so, `state` moves on, else it is unchanged.
  bool step(DecimalState* state, std::uint8_t byte) const;

  // Whether what has been written is a member.
  bool accepts(const DecimalState& state) const;

  // Length of the shortest continuation to a member. REQUIRES: state reached by step(), !empty().
  std::uint32_t shortest_bytes(const DecimalState& state) const;
  void append_shortest(const DecimalState& state, std::string* out) const;

 private:
  struct Interval {
    std::uint64_t first = 1;
    std::uint64_t last = 0;
    bool empty() const { return first > last; }
  };
  struct Completion {
    std::uint32_t cost = 0;        // bytes to write
    unsigned integer_digits = 0;   // of the member
    unsigned fraction_digits = 0;  // of the member; 0 means no point
    std::uint64_t scaled = 0;      // its value in units of its grid
    bool negative = false;
  };

  void fill_strides(const std::vector<std::string>& multiples);
  void fill(const std::optional<schemas::DecimalBound>& minimum,
            const std::optional<schemas::DecimalBound>& maximum);
  unsigned fraction_digits_max(unsigned integer_digits) const;
  Interval members(const DecimalState& state, unsigned integer_digits) const;
  bool feasible(const DecimalState& state) const;
  bool feasible_at_all() const;
  std::optional<Completion> shortest_with(const DecimalState& state, unsigned integer_digits) const;
  Completion shortest(const DecimalState& state) const;

  // [integer digits - 1]: members are multiples of so many units; 0 where only zero is one.
  std::array<std::uint64_t, kIntegerDigitsMax> strides_;
  bool has_fraction_ = false;
  unsigned digits_max_ = 0;

  // [negative][integer digits - 1]: the magnitudes with exactly that many digits before the point,
  // in units of the last digit that the digit limit leaves room for. Both ends belong to it.
  std::array<std::array<Interval, kIntegerDigitsMax>, 2> intervals_;
};

}  // namespace inference
