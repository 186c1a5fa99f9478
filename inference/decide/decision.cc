// One decision. A taught route's head answers without the model where it is sure enough. Else the
// prompt's fresh tokens and the whole candidate tree go through the layers together; the scores of
// the closed fields choose their values, joined with the head on a taught route; what is open is
// generated under the schema narrowed to those values. So the document always obeys the schema,
// whatever the logits were.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>

#include "inference/check.h"
#include "inference/constrain/automaton.h"
#include "inference/decide/copies.h"
#include "inference/decide/engine_impl.h"
#include "inference/decide/scoring.h"

namespace inference {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

}  // namespace

namespace {

MessageScores::Field field_scores(const CandidateTree& tree, std::size_t field, const SweepJob& job,
                                  std::span<const Wording> option_words,
                                  const NgramSet& message_words) {
  MessageScores::Field out;
  out.model = tree.score(field, job.log_p);
  normalise_log(out.model);
  for (const Wording& words : option_words) out.overlap.push_back(words.share_in(message_words));
  return out;
}

}  // namespace

void Engine::Impl::run_in_turns(std::span<const Request> requests, std::span<ScoreJob> jobs) {
  std::vector<SweepJob> turn;
  std::size_t begin = 0;
  while (begin < jobs.size()) {
    std::size_t end = begin;
    turn.clear();
    for (; end < jobs.size(); ++end) {
      SweepJob& job = jobs[end].job;
      const PrefixCache::Hold held =
          prefixes.hold(*requests[jobs[end].request].route->impl_->prefix);
      if (held.status == PrefixCache::Status::NoRoom) break;
      job.prefix = held.sequence;
      job.failed = held.status == PrefixCache::Status::ReadFailed;
      if (!job.failed) turn.push_back(std::move(job));
    }
    PICOLM_CHECK(end > begin);  // each fits alone: open_prefix refused what does not
    sweep.run(turn);
    prefixes.release();
    std::size_t ran = 0;
    for (std::size_t i = begin; i < end; ++i) {
      if (!jobs[i].job.failed) jobs[i].job = std::move(turn[ran++]);
    }
    begin = end;
  }
}

std::vector<MessageScores> Engine::score(std::span<const Request> requests) {
  const auto start = Clock::now();
  const std::uint64_t read_before = impl_->loaded.model.bytes_read();
  std::vector<MessageScores> out(requests.size());
  std::vector<ScoreJob> asked;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    out[i].message_hash = text_hash(requests[i].message);
    SweepJob job;
    out[i].status =
        impl_->prepare(*requests[i].route->impl_, requests[i].message, &job, &out[i].stats);
    if (out[i].status == DecideStatus::Decided) asked.push_back({i, std::move(job)});
  }
  // Routes whose prefixes do not fit into memory together take turns, each once.
  std::sort(asked.begin(), asked.end(), [&](const ScoreJob& a, const ScoreJob& b) {
    const Route* const route_a = requests[a.request].route;
    const Route* const route_b = requests[b.request].route;
    if (route_a != route_b) return std::less<>()(route_a, route_b);
    return a.request < b.request;
  });
  impl_->run_in_turns(requests, asked);
  const std::uint64_t bytes_read = impl_->loaded.model.bytes_read() - read_before;
  for (const auto& [i, job] : asked) {
    MessageScores& scores = out[i];
    scores.stats.sweeps = job.sweeps;
    scores.stats.bytes_read = bytes_read / asked.size();
    scores.stats.ms = milliseconds_since(start);
    if (job.failed) {
      scores.status = DecideStatus::ReadFailed;
      continue;
    }
    scores.degenerate = job.degenerate;
    const Route::Impl& route = *requests[i].route->impl_;
    const NgramSet message_words(requests[i].message);
    for (std::size_t f = 0; f < route.fields.size(); ++f) {
      scores.fields.push_back(
          field_scores(*route.tree, f, job, route.lessons->option_words()[f], message_words));
      scores.fields.back().told = route.told[f].shares_in(message_words);
    }
  }
  return out;
}

std::vector<double> untaught_overlap(const Route::Impl& route, std::size_t field,
                                     const MessageScores::Field& scores) {
  std::vector<double> out = scores.overlap;
  if (!route.told[field].any()) return out;
  const std::vector<double> told = route.told[field].overlap(scores.told);
  for (std::size_t o = 0; o < out.size(); ++o) out[o] += kToldWeight * told[o];
  return out;
}

void Engine::calibrate(Route& route, const MessageScores& scores) {
  if (scores.status != DecideStatus::Decided || scores.degenerate) return;
  if (!route.impl_->calibrated.is_new(scores.message_hash)) return;
  for (std::size_t f = 0; f < scores.fields.size(); ++f) {
    Calibration& calibration = route.impl_->calibrations[f];
    const MessageScores::Field& field = scores.fields[f];
    const std::vector<double> p =
        join_scores(calibration, field.model, untaught_overlap(*route.impl_, f, field));
    const auto best = std::max_element(p.begin(), p.end()) - p.begin();
    const bool taken = calibration.observe_stream(field.model, static_cast<std::size_t>(best));
    if (taken) route.impl_->told[f].observe(field.told);
  }
}

namespace {

// The probabilities of the closed fields, and where they are from.
struct Chosen {
  Rung rung = Rung::Model;
  FieldScores probabilities;  // [field][option]
  double confidence = 1;
  double raw_confidence = 1;
  DoubtAnswer doubt;
};

Chosen chosen_by(Rung rung, HeadAnswer answer) {
  const bool doubtful = answer.doubt.doubt != Doubt::None;
  return {doubtful ? Rung::Abstain : rung, std::move(answer.probabilities),
          doubtful ? 0 : answer.confidence, answer.raw_confidence, std::move(answer.doubt)};
}

FieldScores model_scores(const MessageScores& scores) {
  FieldScores out;
  for (const MessageScores::Field& field : scores.fields) out.push_back(field.model);
  return out;
}

// The untaught decision: calibrated scores and the words of the options.
Chosen chosen_untaught(const Route::Impl& route, const MessageScores& scores) {
  Chosen out;
  out.confidence = scores.degenerate ? 0 : 1;
  for (std::size_t f = 0; f < route.fields.size(); ++f) {
    const auto& p =
        out.probabilities.emplace_back(join_scores(route.calibrations[f], scores.fields[f].model,
                                                   untaught_overlap(route, f, scores.fields[f])));
    out.confidence *= *std::max_element(p.begin(), p.end());
  }
  out.raw_confidence = out.confidence;
  return out;
}

// The schema with what the message holds. Where a field finds nothing the decision is doubtful, and
// its document a guess under the schema as it is.
schemas::SchemaSpec copied(schemas::SchemaSpec narrowed, std::string_view message, Decision& out) {
  Copies copies = copy_from(narrowed, message);
  if (!copies.missing) return std::move(copies.spec);
  if (out.doubt == Doubt::None) {
    out.doubt = Doubt::NotInMessage;
    out.doubt_pointer = *copies.missing;
  }
  out.rung = Rung::Abstain;
  out.confidence = 0;
  return narrowed;
}

// The document of the likeliest values; `scores` may be null where nothing has to be generated.
void write_document(Engine::Impl& engine, const Route::Impl& r, std::string_view message,
                    const Chosen& chosen, Decision& out) {
  std::vector<Choice> choices;
  for (std::size_t f = 0; f < r.fields.size(); ++f) {
    const ClosedField& field = r.fields[f];
    const std::vector<double>& p = chosen.probabilities[f];
    const auto best = static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin());
    choices.push_back({field.node, field.options[best]});
    FieldResult& result = out.fields.emplace_back(FieldResult{field.pointer, {}});
    for (std::size_t o = 0; o < p.size(); ++o)
      result.probabilities.emplace_back(field.options[o], p[o]);
  }
  out.rung = chosen.rung;
  out.confidence = chosen.confidence;
  out.raw_confidence = chosen.raw_confidence;
  out.doubt = chosen.doubt.doubt;
  out.doubt_pointer = chosen.doubt.pointer;
  schemas::SchemaSpec narrowed = narrow(r.schema, choices);
  if (r.copies) narrowed = copied(std::move(narrowed), message, out);
  if (const auto document = only_document(narrowed)) {
    out.json = *document;
  } else {
    const std::vector<TokenId> prompt = r.prompt.full(engine.tokenizer(), message);
    const PrefixCache::Hold held = engine.prefixes.hold(*r.prefix);
    engine.prefixes.release();
    if (held.sequence == nullptr) {
      out.status = DecideStatus::ReadFailed;
      return;
    }
    engine.work.copy_from(*held.sequence);
    engine.sequence_model.begin({prompt.begin() + engine.work.length(), prompt.end()});
    const CompiledSchema compiled(narrowed);
    GenerateResult generated = inference::generate(
        compiled, engine.vocabulary, engine.sequence_model, engine.limits(), &engine.text_masks);
    out.json = std::move(generated.bytes);
    out.confidence *= generated.probability;
    out.raw_confidence *= generated.probability;
    out.stats.sweeps += engine.sequence_model.sweeps();
    // open_route refused such a schema; what is copied may make its documents longer.
    const bool empty = generated.status == GenerateStatus::BudgetTooSmall;
    if (empty && r.copies) out.status = DecideStatus::MessageTooLong;
    if (empty && !r.copies) out.status = DecideStatus::ReadFailed;
    if (engine.sequence_model.failed()) out.status = DecideStatus::ReadFailed;
  }
  if (!std::isfinite(out.confidence)) out.confidence = 0;
}

// What the head says without the model, if it may answer alone.
std::optional<Chosen> chosen_by_head(const Route::Impl& route, std::string_view message) {
  if (!route.head || !route.closed || !route.lessons->taught()) return std::nullopt;
  if (!route.model) return chosen_by(Rung::Head, route.lessons->quick(message));
  std::optional<HeadAnswer> answer = route.lessons->sure(message);
  if (!answer) return std::nullopt;
  return chosen_by(Rung::Head, std::move(*answer));
}

}  // namespace

Decision Engine::choose(Route& route, std::string_view message, const MessageScores& scores) {
  const auto start = Clock::now();
  const Route::Impl& r = *route.impl_;
  Decision out;
  std::optional<Chosen> chosen = chosen_by_head(r, message);
  if (!chosen) {
    out.status = scores.status;
    out.stats = scores.stats;
    if (out.status != DecideStatus::Decided) return out;
    if (r.head && r.lessons->taught()) {
      const FieldScores model = model_scores(scores);
      const bool usable = r.model && !scores.degenerate;
      chosen = chosen_by(Rung::Model, r.lessons->joined(message, usable ? &model : nullptr));
    } else {
      chosen = chosen_untaught(r, scores);
    }
  }
  write_document(*impl_, r, message, *chosen, out);
  out.stats.ms += milliseconds_since(start);
  return out;
}

std::vector<Decision> Engine::decide(std::span<const Request> requests) {
  std::vector<Decision> out(requests.size());
  std::vector<Request> open;
  std::vector<std::size_t> place;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto start = Clock::now();
    const Route::Impl& route = *requests[i].route->impl_;
    if (const auto chosen = chosen_by_head(route, requests[i].message)) {
      write_document(*impl_, route, requests[i].message, *chosen, out[i]);
      out[i].stats.ms = milliseconds_since(start);
    } else {
      open.push_back(requests[i]);
      place.push_back(i);
    }
  }
  const std::vector<MessageScores> scores = score(open);
  for (std::size_t i = 0; i < open.size(); ++i) {
    calibrate(*open[i].route, scores[i]);
    out[place[i]] = choose(*open[i].route, open[i].message, scores[i]);
  }
  return out;
}

}  // namespace inference
