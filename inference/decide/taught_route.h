#pragma once

// A route's lessons and what was learned from them: two heads, one that needs no model and, where
// the model's scores help on held-out examples, one joined with them.
// Thread safety: unsafe; owned by the worker thread.

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "inference/decide/closed_fields.h"
#include "inference/engine.h"
#include "inference/learn/head.h"

namespace inference {

struct Lesson {
  std::string_view message;
  std::string_view expected;           // JSON
  double weight = 1;                   // in (0, 1]
  const FieldScores* model = nullptr;  // log-probabilities of the options, if known
};

class TaughtRoute {
 public:
  explicit TaughtRoute(std::vector<ClosedField> fields);

  // Replaces what was learned. Lessons that do not fit the schema are left out and counted; of more
  // than Head::kExamplesMax the last ones are taken. Without a usable lesson the route is untaught.
  TeachReport teach(std::span<const Lesson> lessons);
  void forget();

  bool taught() const { return quick_ != nullptr; }
  // The head without the model; nothing if it is not sure enough for the route to do without the
  // model. A doubt is an answer. REQUIRES: taught().
  std::optional<HeadAnswer> sure(std::string_view message) const;
  // The head without the model, sure or not. REQUIRES: taught().
  HeadAnswer quick(std::string_view message) const;
  // The best head there is; `model` may be null: then without the model. REQUIRES: taught().
  HeadAnswer joined(std::string_view message, const FieldScores* model) const;
  bool uses_model() const { return joined_ != nullptr; }

  const std::vector<ClosedField>& fields() const { return fields_; }
  const std::vector<OptionWords>& option_words() const { return option_words_; }

 private:
  std::vector<ClosedField> fields_;
  std::vector<OptionWords> option_words_;  // [field]
  std::unique_ptr<Head> quick_;
  std::unique_ptr<Head> joined_;  // null: the model adds nothing
  double sure_from_ = 2;          // confidence; above 1: never
};

}  // namespace inference
