// Comparison without arithmetic on reals: both numbers as digits and the power of ten of their
// first digit. A number with more digits than are kept is compared by those, which is exact unless
// it equals a bound in all of them; then it counts as outside.

#include "inference/constrain/number_reader.h"

#include <algorithm>
#include <limits>

#include "inference/error.h"

namespace inference {
namespace {

constexpr std::uint64_t kHalf = 1'000'000'000'000'000'000;  // 10^18
constexpr std::int32_t kPowerMax = 100'000;

// 36 digits and where the point stands: 0.DIGITS * 10^point. Zero has no digits.
struct Digits {
  std::string text;
  std::int64_t point = 0;
};

Digits digits_of(const NumberReader& number) {
  const std::string low = std::to_string(number.low);
  Digits out;
  out.text = number.high == 0
                 ? low
                 : std::to_string(number.high) + std::string(18 - low.size(), '0') + low;
  if (out.text == "0") return {};
  const std::int64_t power = number.power_negative ? -number.power : number.power;
  out.point = static_cast<std::int64_t>(out.text.size()) + number.exponent + power;
  while (out.text.back() == '0') out.text.pop_back();
  return out;
}

int sign_of(const NumberReader& number, const Digits& digits) {
  return digits.text.empty() ? 0 : number.negative ? -1 : 1;
}

// Negative, zero or positive as a < b, a == b, a > b.
int compare(const NumberReader& a, const NumberReader& b) {
  const Digits x = digits_of(a);
  const Digits y = digits_of(b);
  const int sign = sign_of(a, x);
  if (sign != sign_of(b, y)) return sign - sign_of(b, y);
  if (sign == 0) return 0;
  if (x.point != y.point) return x.point < y.point ? -sign : sign;
  return x.text.compare(y.text) * sign;
}

// Is value / multiple an integer? False where it cannot be told.
bool divides(const NumberReader& multiple, const NumberReader& value) {
  const Digits v = digits_of(value);
  const Digits m = digits_of(multiple);
  if (v.text.empty()) return true;
  if (m.text.empty() || !value.is_exact) return false;
  __extension__ using Wide = unsigned __int128;
  Wide divisor = 0;
  for (const char c : m.text) divisor = divisor * 10 + static_cast<unsigned>(c - '0');
  const std::int64_t v_unit = v.point - static_cast<std::int64_t>(v.text.size());
  const std::int64_t m_unit = m.point - static_cast<std::int64_t>(m.text.size());
  if (m.text.size() > 18 || v_unit < m_unit - 18 || v_unit > m_unit + 2 * kPowerMax) return false;
  for (std::int64_t i = v_unit; i < m_unit; ++i) divisor *= 10;
  Wide rest = 0;
  for (const char c : v.text) rest = (rest * 10 + static_cast<unsigned>(c - '0')) % divisor;
  for (std::int64_t i = m_unit; i < v_unit && rest != 0; ++i) rest = rest * 10 % divisor;
  return rest == 0;
}

NumberReader read(const std::string& text) {
  NumberReader number;
  for (const char c : text) {
    if (!number.step(static_cast<std::uint8_t>(c))) {
      throw LoadError("schema: bound \"" + text + "\" is not a number");
    }
  }
  if (!number.is_whole()) throw LoadError("schema: bound \"" + text + "\" is not a number");
  return number;
}

}  // namespace

bool NumberReader::step(std::uint8_t byte) {
  const bool digit = byte >= '0' && byte <= '9';
  const auto append = [&](bool fraction) {
    if (high >= kHalf / 10) {  // full: later digits only move the point
      if (byte != '0') is_exact = false;
      if (!fraction) ++exponent;
      return;
    }
    high = high * 10 + low / (kHalf / 10);
    low = low % (kHalf / 10) * 10 + static_cast<std::uint64_t>(byte - '0');
    if (fraction) --exponent;
  };
  switch (phase) {
    case Phase::Start:
    case Phase::Sign:
      if (byte == '-' && phase == Phase::Start) {
        negative = true;
        phase = Phase::Sign;
        return true;
      }
      if (!digit) return false;
      phase = byte == '0' ? Phase::Zero : Phase::Integer;
      append(false);
      return true;
    case Phase::Zero:
    case Phase::Integer:
      if (digit && phase == Phase::Integer) {
        append(false);
        return true;
      }
      if (byte == '.') {
        phase = Phase::Point;
        return true;
      }
      break;
    case Phase::Point:
    case Phase::Fraction:
      if (digit) {
        append(true);
        phase = Phase::Fraction;
        return true;
      }
      if (phase == Phase::Point) return false;
      break;
    case Phase::Mark:
      if (byte == '-' || byte == '+') {
        power_negative = byte == '-';
        phase = Phase::MarkSign;
        return true;
      }
      [[fallthrough]];
    case Phase::MarkSign:
    case Phase::Power:
      if (!digit) return false;
      phase = Phase::Power;
      power = std::min(power * 10 + (byte - '0'), kPowerMax);
      return true;
  }
  if (byte != 'e' && byte != 'E') return false;
  phase = Phase::Mark;
  return true;
}

bool NumberReader::is_whole() const {
  return phase == Phase::Zero || phase == Phase::Integer || phase == Phase::Fraction ||
         phase == Phase::Power;
}

NumberBounds::NumberBounds(const schemas::IntegerNode& node)
    : is_integer_(true), is_plain_(node.plain) {
  using Limits = std::numeric_limits<std::int64_t>;
  // The ends of int64 are what a schema without bounds has.
  if (node.minimum != Limits::min()) minimum_ = Bound{read(std::to_string(node.minimum)), false};
  if (node.maximum != Limits::max()) maximum_ = Bound{read(std::to_string(node.maximum)), false};
  for (const std::string& text : node.multiples) multiples_.push_back(read(text));
}

NumberBounds::NumberBounds(const schemas::NumberNode& node) {
  if (node.minimum) minimum_ = Bound{read(node.minimum->text), node.minimum->exclusive};
  if (node.maximum) maximum_ = Bound{read(node.maximum->text), node.maximum->exclusive};
  for (const std::string& text : node.multiples) multiples_.push_back(read(text));
}

NumberBounds::NumberBounds(const std::string& constant)
    : minimum_(Bound{read(constant), false}), maximum_(Bound{read(constant), false}) {}

bool NumberBounds::contains(const NumberReader& number) const {
  if (!number.is_whole()) return false;
  if (minimum_) {
    const int order = compare(number, minimum_->value);
    if (order < 0 || (order == 0 && (minimum_->exclusive || !number.is_exact))) return false;
  }
  if (maximum_) {
    const int order = compare(number, maximum_->value);
    if (order > 0 || (order == 0 && (maximum_->exclusive || !number.is_exact))) return false;
  }
  if (is_plain_ && number.phase != NumberReader::Phase::Zero &&
      number.phase != NumberReader::Phase::Integer) {
    return false;
  }
  if (is_integer_) {
    const Digits digits = digits_of(number);
    if (static_cast<std::int64_t>(digits.text.size()) > digits.point) return false;
    if (!number.is_exact && digits.point <= 36) return false;
  }
  return std::all_of(multiples_.begin(), multiples_.end(),
                     [&](const NumberReader& multiple) { return divides(multiple, number); });
}

}  // namespace inference
