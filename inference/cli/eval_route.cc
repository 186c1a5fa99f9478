#include "inference/cli/eval_route.h"

#include <chrono>
#include <stdexcept>

#include "inference/cli/eval_split.h"
#include "inference/decide/scoring.h"
#include "inference/error.h"
#include "schemas/json_schema.h"

namespace picolm {

using inference::Decision;
using inference::FieldScores;

EvalRoute::EvalRoute(inference::Engine* engine, const Group& group, bool head)
    : engine_(engine), group_(group), schema_(schemas::parse_schema(group.schema_text)) {
  if (engine_ == nullptr) {
    lessons_.emplace(inference::find_closed_fields(schema_));
    std::vector<inference::Choice> first;
    for (const auto& field : lessons_->fields()) first.push_back({field.node, field.options[0]});
    if (!inference::only_document(inference::narrow(schema_, first))) {
      throw inference::LoadError("open fields need the rung model");
    }
    return;
  }
  inference::RouteOptions options{schema_, group.instructions, {}};
  options.head = head;
  route_ = engine_->open_route(options);
  for (const Row& row : group.rows) {
    const inference::Request request{route_.get(), row.payload};
    scores_.push_back(std::move(engine_->score({&request, 1}).front()));
  }
  // As on a route that has run for a while. Rows lie in files by class, messages do not come so.
  for (const std::size_t i : split_rows(group.rows, 0, 0).tests) {
    engine_->calibrate(*route_, scores_[i]);
  }
}

inference::TeachReport EvalRoute::teach(const std::vector<std::size_t>& rows) {
  std::vector<std::string> expected;
  for (const std::size_t i : rows) expected.push_back(group_.rows[i].expected.dump());
  if (engine_ == nullptr) {
    std::vector<inference::Lesson> lessons;
    for (std::size_t k = 0; k < rows.size(); ++k) {
      lessons.push_back({group_.rows[rows[k]].payload, expected[k]});
    }
    return lessons_->teach(lessons);
  }
  std::vector<inference::Example> examples;
  for (std::size_t k = 0; k < rows.size(); ++k) {
    examples.push_back({group_.rows[rows[k]].payload, expected[k], 1, &scores_[rows[k]]});
  }
  return engine_->teach(*route_, examples);
}

Decision EvalRoute::decide(std::size_t row) {
  if (engine_ == nullptr) return decide_by_head(row);
  return engine_->choose(*route_, group_.rows[row].payload, scores_[row]);
}

Decision EvalRoute::decide_by_head(std::size_t row) const {
  const auto start = std::chrono::steady_clock::now();
  const std::string& message = group_.rows[row].payload;
  Decision out;
  out.rung = inference::Rung::Head;
  std::vector<inference::Choice> choices;
  const auto choose = [&](std::size_t field, std::size_t option) {
    const inference::ClosedField& closed = lessons_->fields()[field];
    choices.push_back({closed.node, closed.options[option]});
  };
  if (lessons_->taught()) {
    const inference::HeadAnswer answer = lessons_->quick(message);
    for (std::size_t f = 0; f < answer.best.size(); ++f) choose(f, answer.best[f]);
    out.doubt = answer.doubt.doubt;
    out.raw_confidence = answer.raw_confidence;
    out.confidence = out.doubt == inference::Doubt::None ? answer.confidence : 0;
    if (out.doubt != inference::Doubt::None) out.rung = inference::Rung::Abstain;
  } else {
    const inference::NgramSet words(message);
    out.confidence = 1;
    for (std::size_t f = 0; f < lessons_->fields().size(); ++f) {
      std::vector<double> overlap;
      for (const auto& option : lessons_->option_words()[f]) {
        overlap.push_back(option.share_in(words));
      }
      const std::vector<double> none(overlap.size());
      const std::vector<double> p =
          inference::join_scores(inference::Calibration(none.size()), none, overlap);
      const auto best = static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin());
      choose(f, best);
      out.confidence *= p[best];
    }
    out.raw_confidence = out.confidence;
  }
  out.json = inference::only_document(inference::narrow(schema_, choices)).value_or("");
  out.stats.ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return out;
}

}  // namespace picolm
