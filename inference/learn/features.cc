// Pairs is a kernel: the mean over fields of k and over pairs of fields of the product k k', with
// k = exp(-|x - y|) of the standardised values. It stands for all functions of one and of two
// fields, so that products, differences and thresholds of pairs need not be listed; and it is
// bounded, so that no reading counts for much. A reading beyond all examples counts as the
// outermost. Oblique adds what depends on the distance of two readings, such as a difference of
// temperatures.

#include "inference/learn/features.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "inference/kernels/math.h"

namespace inference {
namespace {

constexpr std::size_t kNumberFieldsMax = 32;
constexpr std::size_t kCategoryFieldsMax = 16;
constexpr std::size_t kCategoryValuesMax = 12;
constexpr std::size_t kCategoryLengthMax = 48;  // bytes of one value
constexpr double kTimeMin = 1e9;                // integers from here on are times
constexpr double kUnlikeness = 0.3;             // k of two different categories
constexpr std::size_t kObliqueNumbersMax = 10;  // fields; the cost grows with their square
constexpr double kObliqueDeviationMin = 0.05;   // of numbers that hardly differ

using Fields = std::vector<MessageField>;
using Kind = MessageField::Kind;

// A field over the examples.
struct Column {
  std::vector<const MessageField*> cells;
};

bool is_counter(const std::vector<const MessageField*>& cells) {
  bool whole = true;
  bool grows = cells.size() > 4;
  bool large = true;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const double v = cells[i]->number;
    whole = whole && v == std::floor(v);
    large = large && v >= kTimeMin;
    grows = grows && (i == 0 || v > cells[i - 1]->number);
  }
  return whole && (grows || large);
}

std::optional<FeatureSpace::NumberField> number_field(const std::string& pointer,
                                                      const Column& column, std::size_t of) {
  std::vector<const MessageField*> cells;
  for (const MessageField* cell : column.cells) {
    if (cell->kind == Kind::Number) cells.push_back(cell);
  }
  if (cells.size() * 2 < of || is_counter(cells)) return std::nullopt;
  FeatureSpace::NumberField out{pointer,           0, 0, cells[0]->number, cells[0]->number,
                                cells.size() == of};
  const auto count = static_cast<double>(cells.size());
  for (const MessageField* cell : cells) {
    out.mean += cell->number / count;
    out.low = std::min(out.low, cell->number);
    out.high = std::max(out.high, cell->number);
  }
  for (const MessageField* cell : cells) {
    out.deviation += (cell->number - out.mean) * (cell->number - out.mean) / count;
  }
  out.deviation = std::sqrt(out.deviation);
  if (!(out.deviation > 0) || !std::isfinite(out.deviation)) return std::nullopt;
  return out;
}

std::optional<FeatureSpace::CategoryField> category_field(const std::string& pointer,
                                                          const Column& column, std::size_t of) {
  FeatureSpace::CategoryField out{pointer, {}};
  std::size_t count = 0;
  for (const MessageField* cell : column.cells) {
    const bool named = cell->kind == Kind::Text && cell->text.size() <= kCategoryLengthMax;
    if (!named && cell->kind != Kind::Flag) continue;
    ++count;
    out.values.push_back(cell->text);
  }
  std::sort(out.values.begin(), out.values.end());
  out.values.erase(std::unique(out.values.begin(), out.values.end()), out.values.end());
  const bool few = out.values.size() <= std::min(kCategoryValuesMax, 2 + count / 8);
  if (count * 2 < of || !few || out.values.size() < 2) return std::nullopt;
  return out;
}

const MessageField* find(const Fields& fields, const std::string& pointer) {
  for (const MessageField& field : fields) {
    if (field.pointer == pointer) return &field;
  }
  return nullptr;
}

// z_i + z_j and z_i - z_j for each pair.
std::vector<double> oblique_of(const std::vector<double>& numbers) {
  std::vector<double> out;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    for (std::size_t j = i + 1; j < numbers.size(); ++j) {
      out.push_back(numbers[i] + numbers[j]);
      out.push_back(numbers[i] - numbers[j]);
    }
  }
  return out;
}

Level level(double x) {
  if (std::isnan(x)) return {x, 1, 1};
  return {x, math::exp(x), math::exp(-x)};
}

// e^-|x-y|
double closeness(const Level& a, const Level& b) {
  const bool a_missing = std::isnan(a.x);
  const bool b_missing = std::isnan(b.x);
  if (a_missing || b_missing) return a_missing && b_missing ? 1 : kUnlikeness;
  return a.x > b.x ? a.fall * b.rise : a.rise * b.fall;
}

bool same_category(const Features& a, const Features& b, std::size_t i) {
  return a.categories[i] == b.categories[i] && a.categories[i] != 0;
}

double linear_similarity(const Features& a, const Features& b) {
  const std::size_t count = a.readings.size();
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!std::isnan(a.levels[i].x) && !std::isnan(b.levels[i].x)) {
      sum += a.levels[i].x * b.levels[i].x;
    }
  }
  for (std::size_t i = 0; i < a.categories.size(); ++i) sum += same_category(a, b, i) ? 1 : 0;
  return sum / static_cast<double>(count + a.categories.size());
}

}  // namespace

FeatureSpace::FeatureSpace(std::span<const std::string_view> examples) {
  std::vector<Fields> all;
  for (const std::string_view example : examples) {
    if (auto fields = read_message_fields(example)) all.push_back(std::move(*fields));
  }
  has_text_ = true;
  if (all.empty() || all.size() * 2 < examples.size()) return;
  std::vector<std::string> order;
  std::map<std::string, Column> columns;
  for (const Fields& fields : all) {
    for (const MessageField& field : fields) {
      Column& column = columns[field.pointer];
      if (column.cells.empty()) order.push_back(field.pointer);
      column.cells.push_back(&field);
    }
  }
  bool other_text = false;
  for (const std::string& pointer : order) {
    const Column& column = columns[pointer];
    if (auto number = number_field(pointer, column, all.size())) {
      if (numbers_.size() < kNumberFieldsMax) numbers_.push_back(std::move(*number));
    } else if (auto category = category_field(pointer, column, all.size())) {
      if (categories_.size() < kCategoryFieldsMax) categories_.push_back(std::move(*category));
    } else {
      for (const MessageField* cell : column.cells) {
        other_text = other_text || cell->kind == Kind::Text;
      }
    }
  }
  if (has_fields()) has_text_ = other_text;
  if (numbers_.size() > 1 && numbers_.size() <= kObliqueNumbersMax) measure_oblique(all);
}

void FeatureSpace::measure_oblique(std::span<const std::vector<MessageField>> examples) {
  std::vector<double> squares(numbers_.size() * (numbers_.size() - 1));
  std::vector<double> counts(squares.size());
  for (const Fields& fields : examples) {
    const std::vector<double> values = oblique_of(standardised(fields));
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::isnan(values[i])) continue;
      squares[i] += values[i] * values[i];
      counts[i] += 1;
    }
  }
  for (std::size_t i = 0; i < squares.size(); ++i) {
    const double deviation = std::sqrt(squares[i] / std::max(counts[i], 1.0));
    oblique_deviation_.push_back(std::max(deviation, kObliqueDeviationMin));
  }
}

std::vector<double> FeatureSpace::standardised(const std::vector<MessageField>& fields) const {
  std::vector<double> out;
  for (const NumberField& number : numbers_) {
    const MessageField* field = find(fields, number.pointer);
    const bool given = field != nullptr && field->kind == Kind::Number;
    out.push_back(given ? (field->number - number.mean) / number.deviation
                        : std::numeric_limits<double>::quiet_NaN());
  }
  return out;
}

std::vector<double> FeatureSpace::within_span(std::vector<double> readings) const {
  for (std::size_t i = 0; i < readings.size(); ++i) {
    const NumberField& number = numbers_[i];
    const double low = (number.low - number.mean) / number.deviation;
    const double high = (number.high - number.mean) / number.deviation;
    double& reading = readings[i];  // NaN stays NaN
    reading = reading < low ? low : reading > high ? high : reading;
  }
  return readings;
}

Features FeatureSpace::features(std::string_view message) const {
  Features out;
  std::string text(message);
  if (has_fields()) {
    const Fields fields = read_message_fields(message).value_or(Fields{});
    out.readings = standardised(fields);
    const std::vector<double> numbers = within_span(out.readings);
    for (const double number : numbers) out.levels.push_back(level(number));
    if (has_oblique()) {
      const std::vector<double> oblique = oblique_of(numbers);
      for (std::size_t i = 0; i < oblique.size(); ++i) {
        out.levels.push_back(level(oblique[i] / oblique_deviation_[i]));
      }
    }
    for (const CategoryField& category : categories_) {
      const MessageField* field = find(fields, category.pointer);
      const auto begin = category.values.begin();
      const auto end = category.values.end();
      const auto found = field != nullptr ? std::find(begin, end, field->text) : end;
      out.categories.push_back(found == end ? 0 : static_cast<std::uint32_t>(found - begin) + 1);
    }
    text.clear();
    for (const MessageField& field : fields) {
      const bool category =
          std::any_of(categories_.begin(), categories_.end(),
                      [&](const CategoryField& c) { return c.pointer == field.pointer; });
      if (field.kind == Kind::Text && !category) text += field.text + ' ';
    }
  }
  if (has_text_) {
    out.text = text_grams(text, Digits::Kept);
    out.masked_text = text_grams(text, Digits::Masked);
  }
  return out;
}

double number_similarity(Recipe::Numbers kind, const Features& a, const Features& b) {
  if (kind == Recipe::Numbers::None || a.readings.size() + a.categories.size() == 0) return 0;
  if (kind == Recipe::Numbers::Linear) return linear_similarity(a, b);
  double sum = 0;
  double squares = 0;
  std::size_t count = 0;
  const auto add = [&](double k) {
    sum += k;
    squares += k * k;
    ++count;
  };
  const bool oblique = kind == Recipe::Numbers::Oblique;
  const std::size_t levels = oblique ? a.levels.size() : a.readings.size();
  for (std::size_t i = 0; i < levels; ++i) add(closeness(a.levels[i], b.levels[i]));
  for (std::size_t i = 0; i < a.categories.size(); ++i) {
    add(same_category(a, b, i) ? 1 : kUnlikeness);
  }
  return (sum + (sum * sum - squares) / 2) / static_cast<double>(count);
}

double similarity(const Recipe& recipe, const Features& a, const Features& b) {
  double out = number_similarity(recipe.numbers, a, b);
  if (recipe.text == Recipe::Text::Kept) out += dot(a.text, b.text);
  if (recipe.text == Recipe::Text::Masked) out += dot(a.masked_text, b.masked_text);
  return out;
}

}  // namespace inference
