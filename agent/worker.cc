#include "agent/worker.h"

#include <algorithm>
#include <exception>

#include "agent/clock.h"
#include "agent/payload_text.h"

namespace agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kBatchInputs = 8;     // decided together
constexpr milliseconds kWatchfulWait{100};  // something has a time limit
constexpr milliseconds kIdleWait{1000};     // a reload or a stop wakes earlier

}  // namespace

Worker::Worker(WorkerOptions options, Inbox* inbox, Ledger* ledger, FeedbackBooks* feedback,
               Logger* logger)
    : options_(std::move(options)),
      inbox_(inbox),
      ledger_(ledger),
      feedback_(feedback),
      logger_(logger),
      window_file_(options_.window_file, &windows_) {}

Worker::~Worker() {
  // Nobody may have told the thread to end: a start that failed half way, an exception in main.
  drain_until_ns_ = steady_clock::now().time_since_epoch().count();
  stopping_ = true;
  inbox_->close();
  inbox_->wake();
  if (thread_.joinable()) thread_.join();
}

void Worker::start(std::shared_ptr<const RouteSet> routes) {
  thread_ = std::thread([this, routes = std::move(routes)] { run(routes); });
}

WorkerPhase Worker::wait_loaded(milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [this] { return phase_ != WorkerPhase::Loading; });
  return phase_;
}

WorkerPhase Worker::phase() const {
  const std::lock_guard lock(mutex_);
  return phase_;
}

std::string Worker::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

std::string Worker::model_hash() const {
  const std::lock_guard lock(mutex_);
  return model_hash_;
}

Worker::RouteStates Worker::route_states() const {
  const std::lock_guard lock(mutex_);
  return states_;
}

void Worker::set_phase(WorkerPhase phase, std::string failure) {
  {
    const std::lock_guard lock(mutex_);
    phase_ = phase;
    failure_ = std::move(failure);
  }
  changed_.notify_all();
}

void Worker::reload(std::shared_ptr<const RouteSet> routes, std::function<void()> accepted,
                    std::function<void(const std::string&)> refused) {
  {
    const std::lock_guard lock(mutex_);
    reload_ = Reload{std::move(routes), std::move(accepted), std::move(refused)};
  }
  inbox_->wake();
}

bool Worker::stop(milliseconds drain, milliseconds deadline) {
  drain_until_ns_ = (steady_clock::now() + drain).time_since_epoch().count();
  stopping_ = true;
  inbox_->close();
  inbox_->wake();
  {
    std::unique_lock lock(mutex_);
    const auto ended = [this] {
      return phase_ == WorkerPhase::Stopped || phase_ == WorkerPhase::Failed;
    };
    if (thread_.joinable() && !changed_.wait_for(lock, deadline, ended)) return false;
  }
  if (thread_.joinable()) thread_.join();
  return true;
}

bool Worker::drain_over() const {
  return stopping_ && steady_clock::now().time_since_epoch().count() >= drain_until_ns_;
}

void Worker::run(std::shared_ptr<const RouteSet> routes) {
  const bool loaded = load(*routes);
  routes.reset();  // what is decided holds its own; a reload replaces the rest
  if (!loaded) return;
  for (;;) {
    std::optional<Reload> reload;
    {
      const std::lock_guard lock(mutex_);
      reload.swap(reload_);
    }
    if (reload) apply_reload(*reload);
    const auto sets = open_sets();
    learner_->tend({sets, judge_.get()});
    window_file_.save_if_due(steady_clock::now(), wall_ms());
    tend_acts();
    const bool watchful = actor_->waits() || options_.side->silence().watches();
    const milliseconds wait = watchful ? kWatchfulWait : kIdleWait;
    const auto items = inbox_->pop(kBatchInputs, stopping_ ? milliseconds(0) : wait);
    if (!items.empty()) {
      process(items);
    } else if (stopping_) {
      break;
    }
  }
  if (!window_file_.save(steady_clock::now(), wall_ms())) {
    logger_->warning("windows.not_saved", {{"file", options_.window_file}});
  }
  conclude(actor_->abandon());
  open_.clear();
  learner_.reset();  // writes what it still holds
  judge_.reset();
  model_.decider.reset();
  set_phase(WorkerPhase::Stopped, {});
}

bool Worker::load(const RouteSet& routes) {
  try {
    model_ = options_.load();
    learner_ = std::make_unique<Learner>(options_.open_store(), feedback_, logger_);
    actor_ = std::make_unique<Actor>(options_.side, options_.alarms);
    RouteStates states;
    OpenSet set = open(routes, &states);
    const bool all_failed = std::all_of(states.begin(), states.end(),
                                        [](const auto& state) { return !state.second.empty(); });
    if (all_failed) throw ConfigError("no route could be opened: " + states.begin()->second);
    open_.push_back(std::move(set));
    judge_ = std::make_unique<Judge>(options_.agent_id, model_.model_hash, model_.decider.get(),
                                     options_.nonce);
    const std::lock_guard lock(mutex_);
    model_hash_ = model_.model_hash;
    states_ = std::move(states);
  } catch (const std::exception& error) {
    open_.clear();
    model_.decider.reset();
    set_phase(WorkerPhase::Failed, error.what());
    return false;
  }
  set_phase(WorkerPhase::Running, {});
  return true;
}

Worker::OpenSet Worker::open(const RouteSet& set, RouteStates* states) {
  OpenSet out{set.generation, std::make_unique<OpenRoutes>(model_.decider.get())};
  for (const auto& route : set.routes) {
    const TeachPlan lessons = learner_->plan(route->config());
    OpenRoutes::Opened opened = out.routes->open(route, lessons);
    if (!opened.failure.empty()) {
      logger_->error("route.failed", {{"route", route->name()}, {"reason", opened.failure}});
    } else if (!lessons.rows.empty() && route->config().needs_model()) {
      logger_->info("route.taught",
                    {{"route", route->name()},
                     {"lessons", std::to_string(opened.taught.used)},
                     {"refused", std::to_string(opened.taught.refused.size())},
                     {"held_out_accuracy", std::to_string(opened.taught.held_out_accuracy)}});
    }
    (*states)[route->name()] = std::move(opened.failure);
  }
  return out;
}

void Worker::apply_reload(const Reload& reload) {
  RouteStates states;
  std::string failure;
  try {
    OpenSet set = open(*reload.routes, &states);
    for (const auto& [route, why] : states) {
      if (!why.empty() && failure.empty()) failure = "route " + route + ": " + why;
    }
    if (failure.empty()) open_.push_back(std::move(set));
  } catch (const std::exception& error) {
    failure = error.what();
  }
  if (!failure.empty()) return reload.refused(failure);
  judge_->forget_all();
  {
    const std::lock_guard lock(mutex_);
    states_ = std::move(states);
  }
  reload.accepted();
}

std::optional<OpenRoutes::Found> Worker::handle_of(const InboxItem& item) const {
  for (const OpenSet& set : open_) {
    if (set.generation == item.generation) return set.routes->find(item.route.get());
  }
  return std::nullopt;
}

void Worker::process(std::span<const InboxItem> items) {
  // The queue is in order, so no message of an older generation can follow.
  const std::uint64_t oldest = items.front().generation;
  std::erase_if(open_, [&](const OpenSet& set) { return set.generation < oldest; });
  for (std::size_t begin = 0; begin < items.size();) {
    std::size_t end = begin + 1;
    while (end < items.size() && items[end].kind == items[begin].kind) ++end;
    const auto run = items.subspan(begin, end - begin);
    if (items[begin].kind == InboxKind::Feedback) {
      process_feedback(run);
    } else {
      process_inputs(run);
    }
    begin = end;
  }
}

std::vector<OpenRoutes*> Worker::open_sets() const {
  std::vector<OpenRoutes*> sets;
  for (const OpenSet& set : open_) sets.push_back(set.routes.get());
  return sets;
}

void Worker::process_feedback(std::span<const InboxItem> items) {
  // When the time to stop has come a lesson is stored, and taught at the next start.
  const auto sets = drain_over() ? std::vector<OpenRoutes*>() : open_sets();
  learner_->learn(items, {sets, judge_.get()});
}

void Worker::process_inputs(std::span<const InboxItem> items) {
  std::vector<std::vector<Element>> elements;
  for (const InboxItem& item : items) {
    elements.push_back(read_payload(item.route->config(), item.message.payload));
    extend_windows(item, &elements.back());
    ledger_->receive(elements.back().size() - 1);
  }
  std::vector<Input> batch;
  for (std::size_t m = 0; m < items.size(); ++m) {
    for (std::size_t i = 0; i < elements[m].size(); ++i) {
      batch.push_back({&items[m], input_of(items[m], elements[m], i)});
      if (batch.size() == kBatchInputs) decide(&batch);
    }
  }
  decide(&batch);
}

void Worker::extend_windows(const InboxItem& item, std::vector<Element>* elements) {
  const RouteConfig& route = item.route->config();
  for (Element& element : *elements) {
    // What comes too late to be decided tells nothing about the last seconds.
    const std::int64_t limit_ms = static_cast<std::int64_t>(route.max_age_s) * 1000;
    if (limit_ms > 0 && element.time_ms && wall_ms() - *element.time_ms > limit_ms) continue;
    windows_.extend(route, item.message.topic, item.received_at, &element);
  }
}

JudgeInput Worker::input_of(const InboxItem& item, const std::vector<Element>& elements,
                            std::size_t index) const {
  const auto queued =
      std::chrono::duration_cast<milliseconds>(steady_clock::now() - item.received_at);
  JudgeInput input;
  input.route = item.route.get();
  if (const auto open = handle_of(item)) {
    input.handle = open->handle;
    input.lesson_count = open->lesson_count;
  }
  input.message = &item.message;
  input.captures = &item.captures;
  input.element = &elements[index];
  input.element_index = index;
  input.element_count = elements.size();
  input.now_ms = wall_ms();
  input.queued_ms = queued.count();
  return input;
}

void Worker::decide(std::vector<Input>* batch) {
  std::vector<JudgeInput> inputs;
  if (drain_over()) {
    for (std::size_t i = 0; i < batch->size(); ++i)
      ledger_->finish(Outcome::Shed, reason::kShutdown);
  } else {
    for (const Input& input : *batch) inputs.push_back(input.judged);
  }
  const std::vector<DecisionRecord> records = judge_->judge(inputs);
  for (std::size_t i = 0; i < records.size(); ++i) {
    const DecisionRecord& record = records[i];
    const InboxItem& item = *(*batch)[i].item;
    learner_->remember(item, record, *inputs[i].element, inputs[i].element_index);
    learner_->consider(item, record, *inputs[i].element, inputs[i].element_index);
    Settled settled{record, item.route, item.message.properties, item.received_at};
    conclude(
        actor_->settle(std::move(settled), act_input_of(item, *inputs[i].element), moment_now()));
  }
  batch->clear();
}

void Worker::finish(const DecisionRecord& record) {
  const std::uint64_t repeated = ledger_->finish(record.outcome, record.reason);
  if (record.outcome == Outcome::Decided || record.outcome == Outcome::Abstained) {
    logger_->debug("input.decided", {{"route", record.route},
                                     {"outcome", std::string(name(record.outcome))},
                                     {"input", record.input_id},
                                     {"ms", std::to_string(record.stats.ms)}});
    return;
  }
  if (record.outcome == Outcome::Quarantined) {
    // A decision that our own automaton must make impossible: always worth a line.
    logger_->error("decision.quarantined", {{"route", record.route}, {"input", record.input_id}});
    return;
  }
  if (!worth_logging(repeated)) return;
  logger_->warning("input.rejected", {{"reason", std::string(record.reason)},
                                      {"route", record.route},
                                      {"topic", record.topic},
                                      {"count", std::to_string(repeated)}});
}

}  // namespace agent
