// Feedback to lessons. Everything that can be wrong with one is found before anything is stored,
// except what only the engine knows (no field of the decision can be learned); such a lesson is
// taken out of the store again.

#include "agent/learner.h"

#include <algorithm>
#include <exception>

#include "agent/clock.h"
#include "agent/payload_text.h"

namespace agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kTendInterval{1000};
// Flash wears out: recent inputs are written rarely, and what a crash loses of them is little.
constexpr milliseconds kFlushInterval{60'000};
constexpr milliseconds kOwnInterval{60'000};
constexpr std::size_t kOwnMax = 16;  // considered between two times of teaching
constexpr double kOwnConfidence = 0.95;

std::vector<std::int64_t> lesson_ids(const TeachPlan& plan) {
  std::vector<std::int64_t> ids;
  for (const TeachRow& row : plan.rows) {
    if (row.lesson != 0) ids.push_back(row.lesson);
  }
  return ids;
}

}  // namespace

Learner::Learner(OpenedStore opened, FeedbackBooks* books, Logger* logger)
    : store_(std::move(opened.store)), books_(books), logger_(logger) {
  if (!opened.trouble.empty()) {
    logger_->error("store.replaced",
                   {{"reason", opened.trouble},
                    {"set_aside", opened.set_aside.empty() ? "not moved; lessons of this run are "
                                                             "lost with it"
                                                           : opened.set_aside},
                    {"lessons_saved", std::to_string(opened.lessons_saved)}});
  }
  data_version_ = store_->database().data_version();
}

Learner::~Learner() { flush(); }

void Learner::report_failure(const StoreError& error) {
  ++failures_;
  if (worth_logging(failures_)) {
    logger_->error("store.failed",
                   {{"reason", error.what()}, {"count", std::to_string(failures_)}});
  }
}

TeachPlan Learner::plan(const RouteConfig& route) {
  std::vector<StoredLesson> lessons;
  TeachPlan plan;
  try {
    lessons = store_->lessons().kept(route.name);
    plan = plan_lessons(route, lessons);
    std::vector<std::int64_t> pending;
    for (const StoredLesson& lesson : lessons) {
      if (lesson.state == "pending") pending.push_back(lesson.id);
    }
    std::sort(plan.misfits.begin(), plan.misfits.end());
    if (pending != plan.misfits) store_->lessons().set_pending(route.name, plan.misfits);
  } catch (const StoreError& error) {
    report_failure(error);
    plan = plan_lessons(route, lessons);
  }
  if (!plan.misfits.empty()) {
    logger_->warning("lessons.pending",
                     {{"route", route.name}, {"count", std::to_string(plan.misfits.size())}});
  }
  taught_[route.name] = lesson_ids(plan);
  return plan;
}

void Learner::learn(std::span<const InboxItem> items, const School& school) {
  std::map<std::string, std::vector<Pupil>> pupils;
  for (const InboxItem& item : items) {
    take(item, &pupils[item.route->name()]);
  }
  for (auto& [route, list] : pupils) {
    if (!list.empty()) teach(route, list, school);
    for (const Pupil& pupil : list) {
      if (pupil.refused) {
        books_->refuse(pupil.refusal);
      } else {
        books_->accept();
      }
    }
  }
}

void Learner::take(const InboxItem& item, std::vector<Pupil>* pupils) {
  const RouteConfig& route = item.route->config();
  FeedbackRefusal refusal{route.name, {}, {}, {}, {}};
  const auto refuse = [&](std::string_view reason) {
    if (!reason.empty()) refusal.reason = reason;
    books_->refuse(refusal);
  };
  if (!route.head) return refuse(reason::kRouteLearnsNothing);
  const auto feedback = read_feedback(item.message.payload, &refusal.text);
  if (!feedback) return refuse(reason::kFeedbackInvalid);
  if (feedback->about == Feedback::About::Input) refusal.input = feedback->value;
  if (feedback->about == Feedback::About::Latest) refusal.topic = feedback->value;
  if (!is_expected(route, feedback->expected, &refusal.text)) {
    return refuse(reason::kExpectedNotAllowed);
  }
  try {
    const std::vector<RecentInput> found = messages(*feedback, route, &refusal);
    if (found.empty()) return refuse({});
    std::vector<StoredLesson> lessons;
    for (const RecentInput& input : found) {
      StoredLesson& lesson = lessons.emplace_back();
      lesson.route = route.name;
      lesson.schema_hash = route.schema_hash;
      lesson.text = input.text;
      lesson.payload = input.payload;
      lesson.topic = input.topic;
      lesson.expected = feedback->expected;
      lesson.source = "feedback";
      lesson.input = input.input;
      lesson.time_ms = wall_ms();
    }
    pupils->push_back({store_->lessons().add_all(lessons), refusal, false});
  } catch (const StoreError& error) {
    report_failure(error);
    refusal.text = "the lesson could not be stored";
    refuse(reason::kStoreFailed);
  }
}

std::vector<RecentInput> Learner::messages(const Feedback& feedback, const RouteConfig& route,
                                           FeedbackRefusal* refusal) {
  RecentInput message;
  message.payload = feedback.value;
  if (feedback.about != Feedback::About::Payload) {
    InputTable& inputs = store_->inputs();
    const auto found = feedback.about == Feedback::About::Input
                           ? inputs.by_id(route.name, feedback.value)
                           : inputs.latest(route.name, feedback.value);
    if (!found) {
      refusal->reason = reason::kInputNotFound;
      refusal->text = "only the latest inputs of a route are kept; send the payload instead";
      return {};
    }
    message = *found;
  }
  const std::string_view code = example_error(route, message.payload);
  if (!code.empty()) {
    refusal->reason = reason::kPayloadRefused;
    refusal->text = "payload: the route refuses it: " + std::string(code);
    return {};
  }
  std::vector<RecentInput> out;
  // What the window was when the input came stands only in its text.
  const bool as_seen = route.window && !message.text.empty();
  const std::vector<Element> elements = read_example(route, message.payload);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    if (elements[i].text.empty()) continue;
    RecentInput& element = out.emplace_back(message);
    if (!as_seen) element.text = elements[i].text;
    element.payload = element_payload(route, message.payload, i);
  }
  if (out.empty()) {
    refusal->reason = reason::kPayloadRefused;
    refusal->text = "payload: the route decides nothing on it";
  }
  return out;
}

void Learner::teach(const std::string& route, std::span<Pupil> pupils, const School& school) {
  for (OpenRoutes* set : school.sets) {
    // Only the newest set can say what becomes of a lesson; older ones are about to go.
    const bool newest = set == school.sets.back();
    if (const Route* found = set->find_name(route)) {
      teach_one(set, *found, newest ? pupils : std::span<Pupil>(), school);
    }
  }
}

void Learner::teach_one(OpenRoutes* set, const Route& route, std::span<Pupil> pupils,
                        const School& school) {
  try {
    const auto start = steady_clock::now();
    const TeachPlan lessons = plan(route.config());
    const inference::TeachReport report = set->teach(&route, lessons);
    if (const auto open = set->find(&route)) school.judge->forget(open->handle);
    const std::chrono::duration<double, std::milli> taken = steady_clock::now() - start;
    books_->add_training(taken.count());
    logger_->info("route.taught", {{"route", route.name()},
                                   {"lessons", std::to_string(report.used)},
                                   {"held_out_accuracy", std::to_string(report.held_out_accuracy)},
                                   {"ms", std::to_string(taken.count())}});
    for (const auto& refused : report.refused) {
      const std::int64_t id = lessons.rows[refused.index].lesson;
      for (Pupil& pupil : pupils) {
        if (std::find(pupil.lessons.begin(), pupil.lessons.end(), id) == pupil.lessons.end()) {
          continue;
        }
        store_->lessons().remove(id);
        pupil.refused = true;
        pupil.refusal.reason = reason::kLessonRefused;
        pupil.refusal.text = refused.reason;
      }
    }
  } catch (const StoreError& error) {
    report_failure(error);
  } catch (const std::exception& error) {  // out of memory, most likely; the old lessons are gone
    logger_->error("route.not_taught", {{"route", route.name()}, {"reason", error.what()}});
  }
}

void Learner::remember(const InboxItem& item, const DecisionRecord& record, const Element& element,
                       std::size_t element_index) {
  const RouteConfig& route = item.route->config();
  if (!route.head || element.text.empty()) return;
  if (record.outcome != Outcome::Decided && record.outcome != Outcome::Abstained) return;
  RecentInput input;
  input.route = route.name;
  input.input = record.input_id;
  input.topic = record.topic;
  input.text = element.text;
  input.payload = element_payload(route, item.message.payload, element_index);
  if (store_->inputs().add(std::move(input))) flush();
}

void Learner::consider(const InboxItem& item, const DecisionRecord& record, const Element& element,
                       std::size_t element_index) {
  const RouteConfig& route = item.route->config();
  const bool sure = record.outcome == Outcome::Decided && record.rung == inference::Rung::Model &&
                    record.confidence >= kOwnConfidence;
  if (route.learn_from_self <= 0 || !sure || own_.size() >= kOwnMax) return;
  StoredLesson lesson;
  lesson.route = route.name;
  lesson.schema_hash = route.schema_hash;
  lesson.text = element.text;
  lesson.payload = element_payload(route, item.message.payload, element_index);
  lesson.topic = record.topic;
  lesson.expected = record.decision;
  lesson.weight = route.learn_from_self;
  lesson.source = "self";
  lesson.input = record.input_id;
  lesson.time_ms = record.time_ms;
  own_.push_back(std::move(lesson));
}

void Learner::teach_own(const School& school) {
  const auto now = steady_clock::now();
  if (own_.empty() || school.sets.empty()) return;
  if (own_taught_at_ && now - *own_taught_at_ < kOwnInterval) return;
  own_taught_at_ = now;
  const std::vector<StoredLesson> own = std::move(own_);
  own_.clear();
  for (const Route* route : school.sets.back()->routes()) {
    // Its own answer never stands against a lesson that the route has.
    const TeachPlan known = plan(route->config());
    std::vector<StoredLesson> lessons;
    for (const StoredLesson& lesson : own) {
      const auto same_text = [&](const auto& row) { return row.text == lesson.text; };
      if (lesson.route == route->name() &&
          std::none_of(known.rows.begin(), known.rows.end(), same_text) &&
          std::none_of(lessons.begin(), lessons.end(), same_text)) {
        lessons.push_back(lesson);
      }
    }
    if (lessons.empty()) continue;
    store_->lessons().add_all(lessons);
    teach(route->name(), {}, school);
  }
}

void Learner::flush() {
  flushed_at_ = steady_clock::now();
  try {
    store_->inputs().flush();
  } catch (const StoreError& error) {
    report_failure(error);
  }
}

void Learner::tend(const School& school) {
  const auto now = steady_clock::now();
  if (now - tended_at_ < kTendInterval) return;
  tended_at_ = now;
  if (now - flushed_at_ >= kFlushInterval) flush();
  try {
    teach_own(school);
    const std::int64_t version = store_->database().data_version();
    if (version == data_version_) return;
    data_version_ = version;
    if (school.sets.empty()) return;
    for (const Route* route : school.sets.back()->routes()) {
      const std::vector<std::int64_t> before = taught_[route->name()];
      if (lesson_ids(plan(route->config())) != before) teach(route->name(), {}, school);
    }
  } catch (const StoreError& error) {
    report_failure(error);
  }
}

}  // namespace agent
