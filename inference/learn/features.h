#pragma once

// Messages as features, with the scales and vocabularies of a route's examples.
//
//   numbers     fields that are numbers in most examples, less their mean, over their deviation
//   categories  fields that are flags or one of a few texts
//   text        n-grams of the whole message, or where messages have fields of their other texts
//
// Counters and times (integers that only grow from example to example, or larger than 10^9) are
// left out: their next value is always one that no example had. Thread safety: constant after
// construction.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inference/learn/message_fields.h"
#include "inference/learn/ngrams.h"

namespace inference {

// A number x, with e^x and e^-x, so that e^-|x-y| costs one product.
struct Level {
  double x = 0;  // NaN: no number there
  double rise = 1;
  double fall = 1;
};

struct Features {
  std::vector<double> readings;  // [number fields], standardised; NaN: no number there
  // The same within the span of the examples, then sums and differences of any two, standardised.
  std::vector<Level> levels;
  std::vector<std::uint32_t> categories;  // [category fields], 0: none of the examples' values
  GramVector text;
  GramVector masked_text;  // with digits masked
};

// What a message is compared by.
struct Recipe {
  enum class Numbers : std::uint8_t {
    None,
    Linear,   // the product of standardised numbers
    Pairs,    // each field, and each pair of fields, by closeness
    Oblique,  // the same with the sums and differences of any two numbers as further fields
  };
  enum class Text : std::uint8_t { None, Kept, Masked };
  Numbers numbers = Numbers::None;
  Text text = Text::None;
  friend bool operator==(const Recipe&, const Recipe&) = default;
};

class FeatureSpace {
 public:
  struct NumberField {
    std::string pointer;
    double mean = 0;
    double deviation = 1;
    double low = 0;  // of the examples
    double high = 0;
    bool always = false;  // a number in every example that has fields
  };
  struct CategoryField {
    std::string pointer;
    std::vector<std::string> values;  // sorted
  };

  explicit FeatureSpace(std::span<const std::string_view> examples);

  Features features(std::string_view message) const;

  // True where most examples have fields that are numbers or categories.
  bool has_fields() const { return !numbers_.empty() || !categories_.empty(); }
  bool has_oblique() const { return !oblique_deviation_.empty(); }
  bool has_text() const { return has_text_; }
  const std::vector<NumberField>& numbers() const { return numbers_; }

 private:
  void measure_oblique(std::span<const std::vector<MessageField>> examples);
  std::vector<double> within_span(std::vector<double> readings) const;
  std::vector<double> standardised(const std::vector<MessageField>& fields) const;

  std::vector<NumberField> numbers_;
  std::vector<CategoryField> categories_;
  std::vector<double> oblique_deviation_;  // of sum, difference of each pair
  bool has_text_ = false;
};

// Similarity of two messages; positive semidefinite.
double number_similarity(Recipe::Numbers kind, const Features& a, const Features& b);
double similarity(const Recipe& recipe, const Features& a, const Features& b);

}  // namespace inference
