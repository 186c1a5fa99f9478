// The engine and its routes: loading, opening, and what needs no route. Decisions are in
// decision.cc.

#include "inference/engine.h"

#include <algorithm>

#include "inference/check.h"
#include "inference/constrain/automaton.h"
#include "inference/constrain/generate.h"
#include "inference/decide/copies.h"
#include "inference/decide/engine_impl.h"
#include "inference/decide/json_text.h"
#include "inference/decide/load_options.h"
#include "inference/decide/prompt.h"
#include "inference/decide/route.h"

namespace inference {
namespace {

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

// True if the closed fields are all there is to a document.
bool is_closed(const schemas::SchemaSpec& schema, const std::vector<ClosedField>& fields) {
  std::vector<Choice> choices;
  for (const ClosedField& field : fields) choices.push_back({field.node, field.options.front()});
  return only_document(narrow(schema, choices)).has_value();
}

// Messages that say nothing about any route; they show what the model prefers by itself.
constexpr const char* kNeutralMessages[] = {
    "hello", "ok", "n/a", "test", "?", "thanks", "message received", "no data"};

}  // namespace

namespace {

constexpr std::uint64_t kKeptShare = 16;
constexpr std::uint64_t kKeptBytesMin = 8u << 20;
constexpr std::uint64_t kKeptBytesMax = 64u << 20;

// 0: no limit.
std::uint64_t prefix_bytes_max(const EngineOptions& options, const MemoryPlan& plan) {
  if (options.memory_bytes_max == 0) return options.kept_bytes;
  const std::uint64_t kept = load_options(options).kept_bytes;
  return plan.paged() || options.kept_bytes != 0 ? kept
                                                 : kept + plan.limit_bytes - plan.total_bytes;
}

}  // namespace

LoadOptions load_options(const EngineOptions& options) {
  LoadOptions out;
  out.model_path = options.model_path;
  out.threads = options.threads;
  out.kernels = options.kernels;
  out.memory_bytes_max = options.memory_bytes_max;
  out.context_tokens_max = options.context_tokens_max;
  out.kept_bytes = options.kept_bytes ? options.kept_bytes
                                      : std::clamp(options.memory_bytes_max / kKeptShare,
                                                   kKeptBytesMin, kKeptBytesMax);
  out.kept_logit_rows = options.exact_scoring ? Sweep::kExactRowsMax : 0;
  out.paging.read_bytes_s = options.read_bytes_s;
  out.paging.verifier = options.verifier;
  return out;
}

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

std::string_view name(Doubt doubt) {
  switch (doubt) {
    case Doubt::None:
      return "";
    case Doubt::SensorFault:
      return "sensor_fault";
    case Doubt::Unlike:
      return "unlike_examples";
    case Doubt::NotInMessage:
      return "not_in_message";
  }
  return "";
}

Route::Route(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Route::~Route() = default;

Engine::Impl::Impl(const EngineOptions& options)
    : loaded(load_options(options)),
      chat_format(find_chat_format(*loaded.tokenizer)),
      vocabulary(VocabularyTrie::from_tokenizer(*loaded.tokenizer)),
      text_masks(vocabulary.vocabulary_count()),
      work(config().layer_count, config().kv_width(), loaded.model.context_tokens()),
      sequence_model(loaded.model, *loaded.tokenizer, work),
      sweep(loaded.model, loaded.kernels,
            options.sequential ? Sweep::Mode::Sequential : Sweep::Mode::Tree, work),
      exact_scoring(options.exact_scoring),
      prefixes(config().layer_count, config().kv_width(), prefix_bytes_max(options, loaded.plan),
               PrefixStore(options.kv_dir, loaded.file),
               [this](std::span<const TokenId> tokens, KvSequence* sequence) {
                 return SequenceModel(loaded.model, tokenizer(), *sequence).append(tokens);
               }) {}

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
  job->fresh.assign(prompt.begin() + kept, prompt.end());
  job->tree = &*route.tree;
  return DecideStatus::Decided;
}

std::unique_ptr<Prefix> Engine::Impl::open_prefix(std::span<const TokenId> tokens) {
  const std::uint64_t bytes = prefixes.bytes_of(tokens.size());
  if (prefixes.bytes_max() != 0 && bytes > prefixes.bytes_max()) {
    throw LoadError("route: instructions and schema: found " + std::to_string(tokens.size()) +
                    " tokens, which take " + std::to_string(bytes) + " bytes; wanted at most " +
                    std::to_string(prefixes.bytes_max()) + " in this memory");
  }
  auto prefix = prefixes.add(tokens);
  const PrefixCache::Hold held = prefixes.hold(*prefix);
  prefixes.release();
  if (held.sequence == nullptr) {
    loaded.file.refuse("weights", "a read error", "readable weights");
  }
  return prefix;
}

Engine::Engine(const EngineOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Engine::~Engine() = default;

std::unique_ptr<Route> Engine::open_route(const RouteOptions& options) {
  PICOLM_CHECK(!options.exact || impl_->exact_scoring);
  auto route = std::make_unique<Route::Impl>();
  route->schema = options.schema;
  const CompiledSchema compiled(route->schema);  // refuses what the automaton cannot hold
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
    route->calibrations.emplace_back(field.options.size());
    std::vector<std::string> texts;
    for (const std::string& option : field.options) texts.push_back(json_words(option));
    route->told.emplace_back(told_words(options.instructions, texts));
  }
  route->lessons.emplace(route->fields);
  route->closed = is_closed(route->schema, route->fields);
  route->copies = has_copies(route->schema);
  route->head = options.head;
  route->model = options.model;

  route->prefix = impl_->open_prefix(route->prompt.before);

  auto opened = std::unique_ptr<Route>(new Route(std::move(route)));
  std::vector<std::string> neutral = options.neutral_messages;
  if (neutral.empty()) neutral.assign(std::begin(kNeutralMessages), std::end(kNeutralMessages));
  if (opened->impl_->tree->nodes().empty() && opened->impl_->tree->root_rivals().empty())
    return opened;
  std::vector<Request> requests;
  for (const std::string& message : neutral) requests.push_back({opened.get(), message});
  for (const MessageScores& scores : score(requests)) calibrate(*opened, scores);
  // That neutral messages lack a word says nothing about how rare it is on this route.
  for (ToldWords& told : opened->impl_->told) told.forget();
  return opened;
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
    GenerateResult generated = inference::generate(CompiledSchema(*schema), impl_->vocabulary,
                                                   sequence, limits, &impl_->text_masks);
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
