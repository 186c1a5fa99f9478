#pragma once

// How an input can end, exactly one an input, and the codes that say why.
// Thread safety: constant data.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace agent {

enum class Outcome : std::uint8_t {
  Decided,
  Abstained,
  Refused,
  Rejected,
  Duplicate,
  Expired,
  Superseded,
  Conflated,
  Unchanged,
  Shed,
  Quarantined,
};

inline constexpr std::size_t kOutcomeCount = 11;

inline constexpr std::array<std::string_view, kOutcomeCount> kOutcomeNames = {
    "DECIDED",    "ABSTAINED", "REFUSED",   "REJECTED", "DUPLICATE",   "EXPIRED",
    "SUPERSEDED", "CONFLATED", "UNCHANGED", "SHED",     "QUARANTINED",
};

constexpr std::string_view name(Outcome outcome) {
  return kOutcomeNames[static_cast<std::size_t>(outcome)];
}

// Why an input did not become a decision; reasons of the payload itself come from
// schemas::PayloadError, those of a message that is unlike the examples from inference::Doubt. Each
// is a counter in the metrics.
namespace reason {
inline constexpr std::string_view kTopicInvalid = "topic_invalid";
inline constexpr std::string_view kPropertiesTooLarge = "properties_too_large";
inline constexpr std::string_view kTopicUnusable = "topic_unusable";
inline constexpr std::string_view kNoRoute = "no_route";
inline constexpr std::string_view kOwnOutput = "own_output";
inline constexpr std::string_view kRetained = "retained";
inline constexpr std::string_view kRouteFailed = "route_failed";
inline constexpr std::string_view kQueueFull = "queue_full";
inline constexpr std::string_view kCommandQueueFull = "command_queue_full";
inline constexpr std::string_view kShutdown = "shutdown";
inline constexpr std::string_view kSplitMissing = "split_missing";
inline constexpr std::string_view kSplitEmpty = "split_empty";
inline constexpr std::string_view kSplitTooMany = "split_too_many";
inline constexpr std::string_view kFieldMissing = "field_missing";
inline constexpr std::string_view kFieldNotNumber = "field_not_number";
inline constexpr std::string_view kFieldOutOfRange = "field_out_of_range";
inline constexpr std::string_view kFieldStuck = "field_stuck";
inline constexpr std::string_view kSensorFault = "sensor_fault";
inline constexpr std::string_view kTimeMissing = "time_missing";
inline constexpr std::string_view kTimeInvalid = "time_invalid";
inline constexpr std::string_view kTimeInFuture = "time_in_future";
inline constexpr std::string_view kTooOld = "too_old";
inline constexpr std::string_view kMessageExpired = "message_expired";
inline constexpr std::string_view kBindNotAllowed = "bind_not_allowed";
inline constexpr std::string_view kMessageTooLong = "message_too_long";
inline constexpr std::string_view kModelReadFailed = "model_read_failed";
inline constexpr std::string_view kDecideFailed = "decide_failed";
inline constexpr std::string_view kBelowMinConfidence = "below_min_confidence";
inline constexpr std::string_view kNoRule = "no_rule";
inline constexpr std::string_view kInvalidDecision = "invalid_decision";
// Why the interlock let nothing through; kRetained, kTooOld, kMessageExpired and kTimeInFuture
// besides.
inline constexpr std::string_view kStopped = "stopped";
inline constexpr std::string_view kNotAllowed = "not_allowed";
inline constexpr std::string_view kOverLimit = "over_limit";
inline constexpr std::string_view kStepTooLarge = "step_too_large";
inline constexpr std::string_view kPreconditionFailed = "precondition_failed";
inline constexpr std::string_view kPreconditionMissing = "precondition_missing";
inline constexpr std::string_view kPreconditionOld = "precondition_old";
inline constexpr std::string_view kDwell = "dwell";
inline constexpr std::string_view kRate = "rate";
inline constexpr std::string_view kTooManyTargets = "too_many_targets";
inline constexpr std::string_view kClockUnsynced = "clock_unsynced";
inline constexpr std::string_view kQueuedAgeUnknown = "queued_age_unknown";
inline constexpr std::string_view kOutOfOrder = "out_of_order";
inline constexpr std::string_view kNewerActed = "newer_acted";
inline constexpr std::string_view kNotConfirmed = "not_confirmed";
inline constexpr std::string_view kConfirmDenied = "confirm_denied";
inline constexpr std::string_view kTooManyUnconfirmed = "too_many_unconfirmed";
inline constexpr std::string_view kCommandTopicUnusable = "command_topic_unusable";
// A decision that is not published since it is like the last, or not settled.
inline constexpr std::string_view kUnchanged = "unchanged";
inline constexpr std::string_view kNotAgreed = "not_agreed";
inline constexpr std::string_view kSilent = "silent";
// Why feedback taught nothing; kRetained, kQueueFull and PayloadError's too-large besides.
inline constexpr std::string_view kUnknownRoute = "unknown_route";
inline constexpr std::string_view kRouteLearnsNothing = "route_learns_nothing";
inline constexpr std::string_view kFeedbackInvalid = "feedback_invalid";
inline constexpr std::string_view kFeedbackTooLarge = "feedback_too_large";
inline constexpr std::string_view kExpectedNotAllowed = "expected_not_allowed";
inline constexpr std::string_view kInputNotFound = "input_not_found";
inline constexpr std::string_view kPayloadRefused = "payload_refused";
inline constexpr std::string_view kLessonRefused = "lesson_refused";
inline constexpr std::string_view kStoreFailed = "store_failed";
}  // namespace reason

}  // namespace agent
