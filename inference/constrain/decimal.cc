// Exact bounds without arithmetic on reals.
//
// With D digits allowed, a magnitude with L digits before the point has at most D - L behind it, so
// it is a whole number of units 10^-(D-L) and fits 64 bits. For every sign and every L the bounds
// therefore become one interval of whole numbers: the lower bound rounded up to the grid, the upper
// bound rounded down, exclusive ends moved in by one unit. What has been written so far, with d
// digits in total, stands for the block of whole numbers that begin with those d digits. A
// continuation exists if the block and the interval meet, and the shortest one ends at the first
// value in their intersection with the most trailing zeros.
//
// Integers are the case without a fraction: the unit is 1 for every L.
// A negative magnitude is at least one unit, so "-0" and "-0.0" are never members.

#include "inference/constrain/decimal.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string_view>

#include "inference/check.h"
#include "inference/error.h"

namespace inference {
namespace {

constexpr std::array<std::uint64_t, 20> kPowers = [] {
  std::array<std::uint64_t, 20> powers{};
  std::uint64_t power = 1;
  for (auto& entry : powers) {
    entry = power;
    power *= 10;  // the last product wraps and is not stored
  }
  return powers;
}();

constexpr std::uint64_t kOverflow = std::numeric_limits<std::uint64_t>::max();

// One bound: digits before and after the point, sign apart.
struct Bound {
  bool negative = false;
  std::string_view integer;
  std::string_view fraction;
  bool exclusive = false;
};

bool all_zero(std::string_view digits) {
  return digits.find_first_not_of('0') == std::string_view::npos;
}

Bound parse_bound(const schemas::DecimalBound& bound) {
  std::string_view text = bound.text;
  Bound result;
  result.exclusive = bound.exclusive;
  if (!text.empty() && text.front() == '-') {
    result.negative = true;
    text.remove_prefix(1);
  }
  const std::size_t point = text.find('.');
  result.integer = text.substr(0, point);
  if (point != std::string_view::npos) result.fraction = text.substr(point + 1);
  const bool well_formed =
      !result.integer.empty() && (point == std::string_view::npos || !result.fraction.empty()) &&
      result.integer.find_first_not_of("0123456789") == std::string_view::npos &&
      result.fraction.find_first_not_of("0123456789") == std::string_view::npos;
  if (!well_formed) {
    throw LoadError("schema: bound \"" + bound.text + "\" is not a number without exponent");
  }
  if (all_zero(result.integer) && all_zero(result.fraction)) result.negative = false;
  return result;
}

// The magnitude of `bound` in units of 10^-grid, rounded down; kOverflow if it needs over 19
// digits.
std::uint64_t scale_down(const Bound& bound, unsigned grid, bool* exact) {
  std::uint64_t value = 0;
  unsigned significant = 0;
  const auto append = [&](char digit) {
    if (digit != '0' || significant > 0) ++significant;
    if (significant <= kIntegerDigitsMax) {
      value = value * 10 + static_cast<std::uint64_t>(digit - '0');
    }
  };
  for (const char digit : bound.integer) append(digit);
  for (unsigned i = 0; i < grid; ++i) append(i < bound.fraction.size() ? bound.fraction[i] : '0');
  *exact = bound.fraction.size() <= grid || all_zero(bound.fraction.substr(grid));
  return significant > kIntegerDigitsMax ? kOverflow : value;
}

// The first unit at or above the bound (above it if exclusive).
std::uint64_t first_at_least(const Bound& bound, unsigned grid) {
  bool exact = false;
  const std::uint64_t floor = scale_down(bound, grid, &exact);
  if (floor == kOverflow) return kOverflow;
  return floor + ((!exact || bound.exclusive) ? 1 : 0);
}

// One past the last unit at or below the bound (below it if exclusive); 0 means there is none.
std::uint64_t end_at_most(const Bound& bound, unsigned grid) {
  bool exact = false;
  const std::uint64_t floor = scale_down(bound, grid, &exact);
  if (floor == kOverflow) return kOverflow;
  return (exact && bound.exclusive) ? floor : floor + 1;
}

}  // namespace

DecimalRange::DecimalRange(const schemas::IntegerNode& node)
    : has_fraction_(false), digits_max_(kIntegerDigitsMax) {
  fill(schemas::DecimalBound{std::to_string(node.minimum), false},
       schemas::DecimalBound{std::to_string(node.maximum), false});
  fill_strides(node.multiples);
}

DecimalRange::DecimalRange(const schemas::NumberNode& node)
    : has_fraction_(true), digits_max_(kNumberDigitsMax) {
  fill(node.minimum, node.maximum);
  fill_strides(node.multiples);
}

// A multiple of a * 10^-k is a whole number of units 10^-g: of a * 10^(g-k) units where the grid is
// finer, of a / gcd(a, 10^(k-g)) units where it is coarser.
void DecimalRange::fill_strides(const std::vector<std::string>& multiples) {
  strides_.fill(1);
  for (const std::string& text : multiples) {
    const schemas::DecimalBound owner{text, false};  // a Bound only looks at its text
    const Bound multiple = parse_bound(owner);
    for (unsigned length = 1; length <= digits_max_; ++length) {
      const unsigned grid = fraction_digits_max(length);
      std::uint64_t stride = 0;
      std::uint64_t digits = 0;
      std::size_t used = 0;
      for (const std::string_view part : {multiple.integer, multiple.fraction}) {
        for (const char c : part) {
          if (used > 0 || c != '0') ++used;
          if (used > kNumberDigitsMax) throw LoadError("schema: multipleOf has too many digits");
          digits = digits * 10 + static_cast<std::uint64_t>(c - '0');
        }
      }
      if (digits == 0) throw LoadError("schema: multipleOf is zero");
      const auto places = static_cast<unsigned>(multiple.fraction.size());
      if (places <= grid) {
        const std::uint64_t factor = kPowers[grid - places];
        stride = digits > kOverflow / factor ? 0 : digits * factor;
      } else if (places - grid >= kPowers.size()) {
        throw LoadError("schema: multipleOf has too many digits");
      } else {
        stride = digits / std::gcd(digits, kPowers[places - grid]);
      }
      std::uint64_t& all = strides_[length - 1];
      const std::uint64_t rest = stride == 0 || all == 0 ? 0 : all / std::gcd(all, stride);
      all = rest == 0 || rest > kOverflow / stride ? 0 : rest * stride;
    }
  }
}

void DecimalRange::fill(const std::optional<schemas::DecimalBound>& minimum,
                        const std::optional<schemas::DecimalBound>& maximum) {
  std::optional<Bound> lower;
  std::optional<Bound> upper;
  if (minimum) lower = parse_bound(*minimum);
  if (maximum) upper = parse_bound(*maximum);
  for (const bool negative : {false, true}) {
    // Magnitudes of the negative side run from the upper bound out to the lower one.
    const std::optional<Bound>& near = negative ? upper : lower;
    const std::optional<Bound>& far = negative ? lower : upper;
    for (unsigned length = 1; length <= digits_max_; ++length) {
      const unsigned grid = fraction_digits_max(length);
      std::uint64_t first = length == 1 ? 0 : kPowers[length - 1 + grid];
      std::uint64_t end = kPowers[length + grid];
      if (negative) first = std::max<std::uint64_t>(first, 1);
      // A near bound on the other side of zero does not limit magnitudes on this one.
      if (near && near->negative == negative) first = std::max(first, first_at_least(*near, grid));
      if (far && far->negative == negative) end = std::min(end, end_at_most(*far, grid));
      if (far && far->negative != negative) end = 0;  // this side of zero is outside
      if (first < end) intervals_[negative ? 1 : 0][length - 1] = {first, end - 1};
    }
  }
}

unsigned DecimalRange::fraction_digits_max(unsigned integer_digits) const {
  return has_fraction_ ? digits_max_ - integer_digits : 0;
}

bool DecimalRange::empty() const {
  for (const auto& side : intervals_) {
    for (const Interval& interval : side) {
      if (!interval.empty()) return !feasible_at_all();
    }
  }
  return true;
}

bool DecimalRange::feasible_at_all() const {
  DecimalState negative;
  negative.phase = DecimalState::Phase::Sign;
  negative.negative = true;
  return feasible(DecimalState{}) || feasible(negative);
}

// The members with `integer_digits` digits before the point that begin with what `state` wrote.
DecimalRange::Interval DecimalRange::members(const DecimalState& state,
                                             unsigned integer_digits) const {
  using Phase = DecimalState::Phase;
  const bool integer_fixed = state.phase == Phase::Point || state.phase == Phase::Fraction ||
                             (state.integer_digits == 1 && state.digits == 0);  // "0" ends there
  if (integer_digits < state.integer_digits ||
      (integer_fixed && integer_digits != state.integer_digits)) {
    return {};
  }
  const unsigned written = state.integer_digits + state.fraction_digits;
  const unsigned total = integer_digits + fraction_digits_max(integer_digits);
  if (written > total) return {};
  const std::uint64_t block = kPowers[total - written];
  const Interval& range = intervals_[state.negative ? 1 : 0][integer_digits - 1];
  Interval out = {std::max(range.first, state.digits * block),
                  std::min(range.last, state.digits * block + (block - 1))};
  const std::uint64_t stride = strides_[integer_digits - 1];
  if (stride == 0) return out.first == 0 ? Interval{0, 0} : Interval{};
  if (out.empty() || stride == 1) return out;
  const std::uint64_t up = (stride - out.first % stride) % stride;
  if (up > out.last - out.first) return {};
  out.first += up;
  return out;
}

bool DecimalRange::feasible(const DecimalState& state) const {
  for (unsigned length = std::max<unsigned>(state.integer_digits, 1); length <= digits_max_;
       ++length) {
    if (!members(state, length).empty()) return true;
  }
  return false;
}

bool DecimalRange::step(DecimalState* state, std::uint8_t byte) const {
  using Phase = DecimalState::Phase;
  DecimalState next = *state;
  if (byte == '-') {
    if (state->phase != Phase::Start) return false;
    next.phase = Phase::Sign;
    next.negative = true;
  } else if (byte == '.') {
    if (state->phase != Phase::Integer) return false;
    if (fraction_digits_max(state->integer_digits) == 0) return false;
    next.phase = Phase::Point;
  } else if (byte >= '0' && byte <= '9') {
    const bool in_fraction = state->phase == Phase::Point || state->phase == Phase::Fraction;
    if (in_fraction) {
      if (state->fraction_digits >= fraction_digits_max(state->integer_digits)) return false;
      next.phase = Phase::Fraction;
      ++next.fraction_digits;
    } else {
      const bool is_zero = state->integer_digits == 1 && state->digits == 0;
      if (is_zero || state->integer_digits >= digits_max_) return false;
      next.phase = Phase::Integer;
      ++next.integer_digits;
    }
    next.digits = next.digits * 10 + static_cast<std::uint64_t>(byte - '0');
  } else {
    return false;
  }
  if (!feasible(next)) return false;
  *state = next;
  return true;
}

bool DecimalRange::accepts(const DecimalState& state) const {
  using Phase = DecimalState::Phase;
  if (state.phase != Phase::Integer && state.phase != Phase::Fraction) return false;
  const unsigned total = state.integer_digits + fraction_digits_max(state.integer_digits);
  const unsigned written = state.integer_digits + state.fraction_digits;
  const std::uint64_t value = state.digits * kPowers[total - written];
  const Interval& range = intervals_[state.negative ? 1 : 0][state.integer_digits - 1u];
  const std::uint64_t stride = strides_[state.integer_digits - 1u];
  return value >= range.first && value <= range.last &&
         (stride == 0 ? value == 0 : value % stride == 0);
}

// The shortest continuation that ends with `integer_digits` digits before the point.
std::optional<DecimalRange::Completion> DecimalRange::shortest_with(const DecimalState& state,
                                                                    unsigned integer_digits) const {
  using Phase = DecimalState::Phase;
  const Interval range = members(state, integer_digits);
  if (range.empty()) return std::nullopt;
  const bool has_point = state.phase == Phase::Point || state.phase == Phase::Fraction;
  const unsigned grid = fraction_digits_max(integer_digits);
  const unsigned fraction_first = has_point ? std::max<unsigned>(state.fraction_digits, 1) : 0;
  for (unsigned fraction = fraction_first; fraction <= grid; ++fraction) {
    const std::uint64_t stride = std::max<std::uint64_t>(strides_[integer_digits - 1], 1);
    const std::uint64_t power = kPowers[grid - fraction];
    const std::uint64_t part = stride / std::gcd(stride, power);
    if (part > kOverflow / power) continue;
    const std::uint64_t unit = part * power;
    const std::uint64_t remainder = range.first % unit;
    const std::uint64_t up = remainder == 0 ? 0 : unit - remainder;
    if (up > range.last - range.first) continue;
    Completion completion;
    completion.cost = integer_digits - state.integer_digits + fraction - state.fraction_digits;
    if (fraction > 0 && !has_point) ++completion.cost;
    completion.integer_digits = integer_digits;
    completion.fraction_digits = fraction;
    completion.scaled = range.first + up;
    completion.negative = state.negative;
    return completion;
  }
  return std::nullopt;
}

DecimalRange::Completion DecimalRange::shortest(const DecimalState& state) const {
  using Phase = DecimalState::Phase;
  std::optional<Completion> best;
  const auto consider = [&](const DecimalState& from, std::uint32_t extra) {
    for (unsigned length = std::max<unsigned>(from.integer_digits, 1); length <= digits_max_;
         ++length) {
      std::optional<Completion> candidate = shortest_with(from, length);
      if (!candidate) continue;
      candidate->cost += extra;
      if (!best || candidate->cost < best->cost) best = candidate;
    }
  };
  consider(state, 0);
  if (state.phase == Phase::Start) {
    DecimalState negative = state;
    negative.phase = Phase::Sign;
    negative.negative = true;
    consider(negative, 1);
  }
  PICOLM_CHECK(best.has_value());
  return *best;
}

std::uint32_t DecimalRange::shortest_bytes(const DecimalState& state) const {
  return accepts(state) ? 0 : shortest(state).cost;
}

void DecimalRange::append_shortest(const DecimalState& state, std::string* out) const {
  using Phase = DecimalState::Phase;
  if (accepts(state)) return;
  const Completion completion = shortest(state);
  const unsigned total = completion.integer_digits + fraction_digits_max(completion.integer_digits);
  std::array<char, kIntegerDigitsMax> text{};
  std::uint64_t rest = completion.scaled;
  for (unsigned i = total; i-- > 0;) {
    text[i] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  }
  if (completion.negative && state.phase == Phase::Start) out->push_back('-');
  out->append(text.data() + state.integer_digits, completion.integer_digits - state.integer_digits);
  if (completion.fraction_digits == 0) return;
  if (state.phase != Phase::Point && state.phase != Phase::Fraction) out->push_back('.');
  out->append(text.data() + completion.integer_digits + state.fraction_digits,
              completion.fraction_digits - state.fraction_digits);
}

}  // namespace inference
