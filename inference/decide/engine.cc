// One decision: the prompt's fresh tokens and the whole candidate tree go through the layers
// together; the scores of the closed fields choose their values; what is open is generated under
// the schema narrowed to those values. So the document always obeys the schema, whatever the
// logits were.

#include "inference/engine.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "inference/check.h"
#include "inference/constrain/automaton.h"
#include "inference/constrain/generate.h"
#include "inference/constrain/vocabulary_trie.h"
#include "inference/decide/json_text.h"
#include "inference/decide/prompt.h"
#include "inference/decide/route.h"
#include "inference/decide/scoring.h"
#include "inference/decide/sequence_model.h"
#include "inference/decide/sweep.h"
#include "inference/kv/prefix_store.h"
#include "inference/model/loaded_model.h"
#include "inference/text/tokenizer.h"

namespace inference {
namespace {

using Clock = std::chrono::steady_clock;

// Refuses a schema whose documents may not fit what is written at most: the shortest one after the
// longest option of every closed field was chosen.
void check_longest(const schemas::SchemaSpec& schema, const std::vector<ClosedField>& fields) {
  const auto shorter = [](const std::string& a, const std::string& b) {
    return a.size() < b.size();
  };
  std::vector<Choice> choices;
  for (const ClosedField& field : fields) {
    choices.push_back(
        {field.node, *std::max_element(field.options.begin(), field.options.end(), shorter)});
  }
  const CompiledSchema compiled(narrow(schema, choices));
  const std::uint64_t shortest = compiled.shortest_bytes(compiled.initial());
  if (shortest > GenerateLimits{}.bytes_max) {
    throw LoadError("schema: found a shortest document of " + std::to_string(shortest) +
                    " bytes with the longest options, wanted at most " +
                    std::to_string(GenerateLimits{}.bytes_max));
  }
}

// Messages that say nothing about any route; they show what the model prefers by itself.
constexpr const char* kNeutralMessages[] = {
    "hello", "ok", "n/a", "test", "?", "thanks", "message received", "no data"};

LoadOptions load_options(const EngineOptions& options) {
  LoadOptions out;
  out.model_path = options.model_path;
  out.threads = options.threads;
  out.kernels = options.kernels;
  out.memory_bytes_max = options.memory_bytes_max;
  out.context_tokens_max = options.context_tokens_max;
  out.kept_bytes = options.kept_bytes;
  out.kept_logit_rows = options.exact_scoring ? Sweep::kExactRowsMax : 0;
  out.paging.read_bytes_s = options.read_bytes_s;
  out.paging.verifier = options.verifier;
  return out;
}

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

}  // namespace

std::string_view name(Rung rung) {
  switch (rung) {
    case Rung::Rule:
      return "rule";
    case Rung::Cache:
      return "cache";
    case Rung::Head:
      return "head";
    case Rung::Model:
      return "model";
    case Rung::Abstain:
      return "abstain";
  }
  return "";
}

Route::Route(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Route::~Route() = default;

struct Engine::Impl {
  explicit Impl(const EngineOptions& options)
      : loaded(load_options(options)),
        chat_format(find_chat_format(*loaded.tokenizer)),
        vocabulary(VocabularyTrie::from_tokenizer(*loaded.tokenizer)),
        work(config().layer_count, config().kv_width(), loaded.model.context_tokens()),
        sequence_model(loaded.model, *loaded.tokenizer, work),
        sweep(loaded.model, loaded.kernels,
              options.sequential ? Sweep::Mode::Sequential : Sweep::Mode::Tree, work),
        exact_scoring(options.exact_scoring),
        prefixes(options.kv_dir, loaded.file) {}

  const Config& config() const { return loaded.model.config(); }
  const Tokenizer& tokenizer() const { return *loaded.tokenizer; }

  std::vector<TokenId> encode_continuation(std::string_view text) const {
    return tokenizer().encode_text(text, Tokenizer::Position::Continuation);
  }

  GenerateLimits limits() const {
    GenerateLimits limits;
    limits.end_token = tokenizer().eos();
    return limits;
  }

  // Throws LoadError if the last generation could not read the weights.
  void check_read() const {
    if (sequence_model.failed()) loaded.file.refuse("weights", "a read error", "readable weights");
  }

  // Throws LoadError if the prompt does not work even around an empty message.
  void check_prompt(const ChatPrompt& prompt) const;

  // What the route's next pass must evaluate for `message`, or why it cannot.
  DecideStatus prepare(const Route::Impl& route, std::string_view message, SweepJob* job,
                       DecisionStats* stats) const;

  LoadedModel loaded;
  ChatFormat chat_format;
  VocabularyTrie vocabulary;
  KvSequence work;  // open fields are generated in it, and large candidate trees scored
  SequenceModel sequence_model;
  Sweep sweep;
  bool exact_scoring;
  PrefixStore prefixes;
};

void Engine::Impl::check_prompt(const ChatPrompt& prompt) const {
  const std::size_t before = prompt.before.size();
  const std::size_t whole = prompt.full(tokenizer(), {}).size();
  if (whole <= before) {
    throw LoadError("tokenizer: found no token for what follows a message, wanted at least one");
  }
  const std::size_t capacity = work.capacity();
  if (before * 4 > capacity * 3) {
    throw LoadError("route: instructions and schema: found " + std::to_string(before) +
                    " tokens, wanted at most three quarters of the context of " +
                    std::to_string(capacity));
  }
  if (whole + SequenceModel::kAnswerTokensReserved > capacity) {
    throw LoadError("route: found " + std::to_string(whole) +
                    " tokens around a message, wanted a context of at least " +
                    std::to_string(whole + SequenceModel::kAnswerTokensReserved) + ", found " +
                    std::to_string(capacity));
  }
}

DecideStatus Engine::Impl::prepare(const Route::Impl& route, std::string_view message,
                                   SweepJob* job, DecisionStats* stats) const {
  const std::vector<TokenId> prompt = route.prompt.full(tokenizer(), message);
  const std::uint32_t kept = route.prefix->length();
  stats->prompt_tokens = static_cast<std::uint32_t>(prompt.size());
  stats->fresh_tokens = stats->prompt_tokens - std::min(stats->prompt_tokens, kept);
  stats->trie_nodes = static_cast<std::uint32_t>(route.tree->nodes().size());
  // A pass needs a token to start from; a vocabulary without bytes may spell none of the message.
  const bool nothing = prompt.size() <= kept;
  if (nothing || prompt.size() + SequenceModel::kAnswerTokensReserved > work.capacity()) {
    return DecideStatus::MessageTooLong;
  }
  job->prefix = route.prefix.get();
  job->fresh.assign(prompt.begin() + kept, prompt.end());
  job->tree = &*route.tree;
  return DecideStatus::Decided;
}

Engine::Engine(const EngineOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Engine::~Engine() = default;

std::unique_ptr<Route> Engine::open_route(const RouteOptions& options) {
  PICOLM_CHECK(!options.exact || impl_->exact_scoring);
  auto route = std::make_unique<Route::Impl>();
  route->schema = options.schema;
  CompiledSchema{route->schema};  // refuses what the automaton cannot hold
  const std::string system_text = make_system_text(options.instructions, route->schema);
  route->prompt = make_chat_prompt(impl_->tokenizer(), impl_->chat_format, system_text);
  impl_->check_prompt(route->prompt);
  route->fields = find_closed_fields(route->schema);
  const auto encode = [&](std::string_view text) { return impl_->encode_continuation(text); };
  std::erase_if(route->fields,  // they are generated like what is open
                [&](const ClosedField& field) { return !CandidateTree::fits(field, encode); });
  check_longest(route->schema, route->fields);
  route->tree.emplace(route->fields, encode, options.exact ? Scoring::Exact : Scoring::Fast);
  for (const ClosedField& field : route->fields) {
    auto& words = route->option_words.emplace_back();
    for (const std::string& option : field.options) words.emplace_back(json_words(option));
    route->calibrations.emplace_back(field.options.size());
  }

  const auto prefix_length = static_cast<std::uint32_t>(route->prompt.before.size());
  const Config& config = impl_->config();
  route->prefix = std::make_unique<KvSequence>(config.layer_count, config.kv_width(),
                                               std::max(1u, prefix_length));
  if (!impl_->prefixes.load(route->prompt.before, route->prefix.get())) {
    SequenceModel prefix_model(impl_->loaded.model, impl_->tokenizer(), *route->prefix);
    if (!prefix_model.append(route->prompt.before)) {
      impl_->loaded.file.refuse("weights", "a read error", "readable weights");
    }
    impl_->prefixes.save(route->prompt.before, *route->prefix);
  }

  auto opened = std::unique_ptr<Route>(new Route(std::move(route)));
  std::vector<std::string> neutral = options.neutral_messages;
  if (neutral.empty()) neutral.assign(std::begin(kNeutralMessages), std::end(kNeutralMessages));
  if (opened->impl_->tree->nodes().empty() && opened->impl_->tree->root_rivals().empty())
    return opened;
  std::vector<Request> requests;
  for (const std::string& message : neutral) requests.push_back({opened.get(), message});
  for (const MessageScores& scores : score(requests)) calibrate(*opened, scores);
  return opened;
}

namespace {

MessageScores::Field field_scores(const CandidateTree& tree, std::size_t field, const SweepJob& job,
                                  std::span<const NgramSet> option_words,
                                  const NgramSet& message_words) {
  MessageScores::Field out;
  out.model = tree.score(field, job.log_p);
  normalise_log(out.model);
  for (const NgramSet& words : option_words) out.overlap.push_back(words.share_in(message_words));
  return out;
}

}  // namespace

std::vector<MessageScores> Engine::score(std::span<const Request> requests) {
  const auto start = Clock::now();
  const std::uint64_t read_before = impl_->loaded.model.bytes_read();
  std::vector<MessageScores> out(requests.size());
  std::vector<SweepJob> jobs;
  std::vector<std::size_t> request_of_job;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    out[i].message_hash = text_hash(requests[i].message);
    SweepJob job;
    out[i].status =
        impl_->prepare(*requests[i].route->impl_, requests[i].message, &job, &out[i].stats);
    if (out[i].status != DecideStatus::Decided) continue;
    jobs.push_back(std::move(job));
    request_of_job.push_back(i);
  }
  impl_->sweep.run(jobs);
  const std::uint64_t bytes_read = impl_->loaded.model.bytes_read() - read_before;
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    const SweepJob& job = jobs[j];
    const Request& request = requests[request_of_job[j]];
    const Route::Impl& route = *request.route->impl_;
    MessageScores& scores = out[request_of_job[j]];
    scores.stats.sweeps = job.sweeps;
    scores.stats.bytes_read = bytes_read / jobs.size();
    scores.stats.ms = milliseconds_since(start);
    if (job.failed) {
      scores.status = DecideStatus::ReadFailed;
      continue;
    }
    scores.degenerate = job.degenerate;
    const NgramSet message_words(request.message);
    for (std::size_t f = 0; f < route.fields.size(); ++f) {
      scores.fields.push_back(
          field_scores(*route.tree, f, job, route.option_words[f], message_words));
    }
  }
  return out;
}

void Engine::calibrate(Route& route, const MessageScores& scores) {
  if (scores.status != DecideStatus::Decided || scores.degenerate) return;
  if (!route.impl_->calibrated.is_new(scores.message_hash)) return;
  for (std::size_t f = 0; f < scores.fields.size(); ++f) {
    route.impl_->calibrations[f].observe(scores.fields[f].model);
  }
}

Decision Engine::choose(Route& route, std::string_view message, const MessageScores& scores) {
  const auto start = Clock::now();
  Route::Impl& r = *route.impl_;
  Decision out;
  out.status = scores.status;
  out.stats = scores.stats;
  if (out.status != DecideStatus::Decided) return out;

  std::vector<Choice> choices;
  out.confidence = scores.degenerate ? 0 : 1;
  for (std::size_t f = 0; f < r.fields.size(); ++f) {
    const ClosedField& field = r.fields[f];
    const std::vector<double> p =
        join_scores(r.calibrations[f], scores.fields[f].model, scores.fields[f].overlap);
    const auto best = static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin());
    choices.push_back({field.node, field.options[best]});
    out.confidence *= p[best];
    FieldResult& result = out.fields.emplace_back(FieldResult{field.pointer, {}});
    for (std::size_t o = 0; o < p.size(); ++o)
      result.probabilities.emplace_back(field.options[o], p[o]);
  }
  const schemas::SchemaSpec narrowed = narrow(r.schema, choices);
  if (const auto document = only_document(narrowed)) {
    out.json = *document;
  } else {
    const std::vector<TokenId> prompt = r.prompt.full(impl_->tokenizer(), message);
    impl_->work.copy_from(*r.prefix);
    impl_->sequence_model.begin({prompt.begin() + impl_->work.length(), prompt.end()});
    const CompiledSchema compiled(narrowed);
    GenerateResult generated =
        inference::generate(compiled, impl_->vocabulary, impl_->sequence_model, impl_->limits());
    out.json = std::move(generated.bytes);
    out.confidence *= generated.probability;
    out.stats.sweeps += impl_->sequence_model.sweeps();
    const bool empty = generated.status == GenerateStatus::BudgetTooSmall;  // open_route refused it
    if (empty || impl_->sequence_model.failed()) out.status = DecideStatus::ReadFailed;
  }
  if (!std::isfinite(out.confidence)) out.confidence = 0;
  out.stats.ms += milliseconds_since(start);
  return out;
}

std::vector<Decision> Engine::decide(std::span<const Request> requests) {
  std::vector<Decision> out;
  const std::vector<MessageScores> scores = score(requests);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    calibrate(*requests[i].route, scores[i]);
    out.push_back(choose(*requests[i].route, requests[i].message, scores[i]));
  }
  return out;
}

std::string Engine::generate(std::string_view prompt, std::uint32_t tokens_max,
                             const schemas::SchemaSpec* schema) {
  const Tokenizer& tokenizer = impl_->tokenizer();
  const std::string system_text = schema ? make_system_text("", *schema) : std::string();
  const ChatPrompt chat = make_chat_prompt(tokenizer, impl_->chat_format, system_text);
  SequenceModel& sequence = impl_->sequence_model;
  std::vector<TokenId> ids = chat.full(tokenizer, prompt);
  if (ids.empty() || ids.size() > impl_->work.capacity()) {
    throw LoadError("prompt: found " + std::to_string(ids.size()) + " tokens, wanted 1 to " +
                    std::to_string(impl_->work.capacity()));
  }
  impl_->work.truncate(0);
  sequence.begin(std::move(ids));
  if (schema) {
    GenerateLimits limits = impl_->limits();
    limits.steps_max = tokens_max;
    GenerateResult generated =
        inference::generate(CompiledSchema(*schema), impl_->vocabulary, sequence, limits);
    if (generated.status == GenerateStatus::BudgetTooSmall) {
      throw LoadError("schema: found no document of at most " + std::to_string(limits.bytes_max) +
                      " bytes, wanted one");
    }
    impl_->check_read();
    return std::move(generated.bytes);
  }
  std::string out;
  std::vector<TokenId> last;
  for (std::uint32_t n = 0; n < tokens_max; ++n) {
    const std::span<const float> logits = sequence.next_logits(last);
    if (logits.empty()) break;
    const auto id =
        static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    if (tokenizer.kind(id) == TokenKind::Control) break;
    out += tokenizer.bytes(id);
    last = {id};
  }
  impl_->check_read();
  return out;
}

std::vector<float> Engine::logits(std::span<const std::uint32_t> ids) {
  for (const std::uint32_t id : ids) {
    if (id >= vocabulary_count()) {
      throw LoadError("ids: found " + std::to_string(id) + ", wanted less than " +
                      std::to_string(vocabulary_count()));
    }
  }
  if (ids.empty() || ids.size() > impl_->work.capacity()) {
    throw LoadError("ids: found " + std::to_string(ids.size()) + ", wanted 1 to " +
                    std::to_string(impl_->work.capacity()));
  }
  impl_->work.truncate(0);
  impl_->sequence_model.begin({ids.begin(), ids.end()});
  const std::span<const float> logits = impl_->sequence_model.next_logits({});
  if (logits.empty()) impl_->loaded.file.refuse("weights", "a read error", "readable weights");
  return {logits.begin(), logits.end()};
}

void Engine::cancel() { impl_->loaded.model.cancel(); }
void Engine::resume() { impl_->loaded.model.resume(); }

std::string_view Engine::kernels() const { return impl_->loaded.kernels.name; }
std::uint32_t Engine::threads() const { return impl_->loaded.pool.thread_count(); }
std::uint32_t Engine::vocabulary_count() const { return impl_->config().vocabulary_count; }

}  // namespace inference
