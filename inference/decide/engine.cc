// One decision: the prompt's fresh tokens and the whole candidate tree go through the layers
// together; the scores of the closed fields choose their values; what is open is generated under
// the schema narrowed to those values. So the document always obeys the schema, whatever the
// logits were.

#include "inference/engine.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

#include "inference/constrain/automaton.h"
#include "inference/constrain/generate.h"
#include "inference/constrain/vocabulary_trie.h"
#include "inference/decide/json_text.h"
#include "inference/decide/prompt.h"
#include "inference/decide/route.h"
#include "inference/decide/scoring.h"
#include "inference/decide/sequence_model.h"
#include "inference/model/loaded_model.h"
#include "inference/text/tokenizer.h"

namespace inference {
namespace {

using Clock = std::chrono::steady_clock;

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
        sequence_model(loaded.model, *loaded.tokenizer, work) {}

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

  // Makes the working sequence hold exactly the route's prefix.
  void restore_prefix(const Route::Impl& route) {
    const std::uint32_t length = route.prefix->length();
    if (current_route == route.serial && work.length() >= length) {
      work.truncate(length);
      return;
    }
    work.truncate(0);
    const std::size_t bytes = std::size_t{length} * config().kv_width() * sizeof(Half);
    for (std::uint32_t layer = 0; layer < config().layer_count && length > 0; ++layer) {
      std::memcpy(work.key(layer, 0), route.prefix->key(layer, 0), bytes);
      std::memcpy(work.value(layer, 0), route.prefix->value(layer, 0), bytes);
    }
    work.commit(length);
    current_route = route.serial;
  }

  // Evaluates the route's tree (and `fresh` before it, committed to the working sequence).
  // Fills rival_logits; false on a read error.
  bool forward_tree(const Route::Impl& route, std::span<const TokenId> fresh,
                    std::vector<std::vector<float>>& rival_logits, DecisionStats& stats);

  LoadedModel loaded;
  ChatFormat chat_format;
  VocabularyTrie vocabulary;
  KvSequence work;  // the sequence decisions are made in
  SequenceModel sequence_model;
  std::uint64_t routes_opened = 0;
  std::uint64_t current_route = 0;  // whose prefix `work` begins with; 0: none
};

bool Engine::Impl::forward_tree(const Route::Impl& route, std::span<const TokenId> fresh,
                                std::vector<std::vector<float>>& rival_logits,
                                DecisionStats& stats) {
  const auto nodes = route.tree->nodes();
  rival_logits.assign(nodes.size() + 1, {});
  rival_logits[0].resize(route.tree->root_rivals().size());
  for (std::size_t n = 0; n < nodes.size(); ++n) rival_logits[n + 1].resize(nodes[n].rivals.size());
  stats.fresh_tokens = static_cast<std::uint32_t>(fresh.size());
  stats.trie_nodes = static_cast<std::uint32_t>(nodes.size());
  return sequence_model.forward_tree(fresh, nodes, route.tree->root_rivals(), rival_logits,
                                     stats.sweeps);
}

Engine::Engine(const EngineOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Engine::~Engine() = default;

std::unique_ptr<Route> Engine::open_route(const RouteOptions& options) {
  auto route = std::make_unique<Route::Impl>();
  route->serial = ++impl_->routes_opened;
  route->schema = options.schema;
  const CompiledSchema compiled(route->schema);  // refuses what the automaton cannot hold
  const std::uint64_t shortest = compiled.shortest_bytes(compiled.initial());
  if (shortest > GenerateLimits{}.bytes_max) {
    throw LoadError("schema: found a shortest document of " + std::to_string(shortest) +
                    " bytes, wanted at most " + std::to_string(GenerateLimits{}.bytes_max));
  }
  const std::string system_text = make_system_text(options.instructions, route->schema);
  route->prompt = make_chat_prompt(impl_->tokenizer(), impl_->chat_format, system_text);
  route->fields = find_closed_fields(route->schema);
  route->tree.emplace(route->fields,
                      [&](std::string_view text) { return impl_->encode_continuation(text); });
  for (const ClosedField& field : route->fields) {
    auto& words = route->option_words.emplace_back();
    for (const std::string& option : field.options) words.emplace_back(json_words(option));
    route->calibrations.emplace_back(field.options.size());
  }

  const auto prefix_length = static_cast<std::uint32_t>(route->prompt.before.size());
  const std::uint32_t capacity = impl_->work.capacity();
  if (prefix_length * 4 > capacity * 3) {
    throw LoadError("route: instructions and schema: found " + std::to_string(prefix_length) +
                    " tokens, wanted at most three quarters of the context of " +
                    std::to_string(capacity));
  }
  const Config& config = impl_->config();
  route->prefix = std::make_unique<KvSequence>(config.layer_count, config.kv_width(),
                                               std::max(1u, prefix_length));
  SequenceModel prefix_model(impl_->loaded.model, impl_->tokenizer(), *route->prefix);
  if (!prefix_model.append(route->prompt.before)) {
    impl_->loaded.file.refuse("weights", "a read error", "readable weights");
  }

  auto opened = std::unique_ptr<Route>(new Route(std::move(route)));
  std::vector<std::string> neutral = options.neutral_messages;
  if (neutral.empty()) neutral.assign(std::begin(kNeutralMessages), std::end(kNeutralMessages));
  if (opened->impl_->tree->nodes().empty() && opened->impl_->tree->root_rivals().empty())
    return opened;
  for (const std::string& message : neutral) calibrate(*opened, score(*opened, message));
  return opened;
}

MessageScores Engine::score(Route& route, std::string_view message) {
  const auto start = Clock::now();
  Route::Impl& r = *route.impl_;
  MessageScores out;
  const std::uint64_t read_before = impl_->loaded.model.bytes_read();
  const std::vector<TokenId> prompt = r.prompt.full(impl_->tokenizer(), message);
  out.stats.prompt_tokens = static_cast<std::uint32_t>(prompt.size());
  impl_->restore_prefix(r);
  const std::span<const TokenId> fresh(prompt.begin() + impl_->work.length(), prompt.end());
  if (prompt.size() + SequenceModel::kAnswerTokensReserved > impl_->work.capacity()) {
    out.status = DecideStatus::MessageTooLong;
    return out;
  }
  std::vector<std::vector<float>> rival_logits;
  if (!impl_->forward_tree(r, fresh, rival_logits, out.stats)) {
    out.status = DecideStatus::ReadFailed;
    return out;
  }
  const NgramSet message_words(message);
  for (std::size_t f = 0; f < r.fields.size(); ++f) {
    MessageScores::Field& field = out.fields.emplace_back();
    field.model = r.tree->score(f, rival_logits, &out.degenerate);
    normalise_log(field.model);
    for (const NgramSet& words : r.option_words[f]) {
      field.overlap.push_back(words.share_in(message_words));
    }
  }
  out.stats.bytes_read = impl_->loaded.model.bytes_read() - read_before;
  out.stats.ms = milliseconds_since(start);
  return out;
}

void Engine::calibrate(Route& route, const MessageScores& scores) {
  if (scores.status != DecideStatus::Decided || scores.degenerate) return;
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
    impl_->restore_prefix(r);
    impl_->sequence_model.begin({prompt.begin() + impl_->work.length(), prompt.end()});
    const CompiledSchema compiled(narrowed);
    GenerateResult generated =
        inference::generate(compiled, impl_->vocabulary, impl_->sequence_model, impl_->limits());
    out.json = std::move(generated.bytes);
    out.confidence *= generated.probability;
    out.stats.sweeps += impl_->sequence_model.sweeps();
    if (impl_->sequence_model.failed()) out.status = DecideStatus::ReadFailed;
  }
  if (!std::isfinite(out.confidence)) out.confidence = 0;
  out.stats.ms += milliseconds_since(start);
  return out;
}

std::vector<Decision> Engine::decide(std::span<const Request> requests) {
  std::vector<Decision> out;
  for (const Request& request : requests) {
    const MessageScores scores = score(*request.route, request.message);
    calibrate(*request.route, scores);
    out.push_back(choose(*request.route, request.message, scores));
  }
  return out;
}

std::string Engine::generate(std::string_view prompt, std::uint32_t tokens_max,
                             const schemas::SchemaSpec* schema) {
  const Tokenizer& tokenizer = impl_->tokenizer();
  const std::string system_text = schema ? make_system_text("", *schema) : std::string();
  const ChatPrompt chat = make_chat_prompt(tokenizer, impl_->chat_format, system_text);
  SequenceModel& sequence = impl_->sequence_model;
  impl_->work.truncate(0);
  impl_->current_route = 0;
  sequence.begin(chat.full(tokenizer, prompt));
  if (schema) {
    GenerateLimits limits = impl_->limits();
    limits.steps_max = tokens_max;
    return inference::generate(CompiledSchema(*schema), impl_->vocabulary, sequence, limits).bytes;
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
  impl_->current_route = 0;
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
