#include "agent/envelope.h"

#include "agent/clock.h"
#include "agent/object_writer.h"

namespace agent {
namespace {

std::string confidence_text(const DecisionRecord& record) {
  return json_decimal(record.confidence, 4);
}

// A view of `json`, which must outlive it.
std::string_view or_null(const std::string& json) {
  return json.empty() ? std::string_view("null") : std::string_view(json);
}

transport::Properties decision_properties(const DecisionRecord& record, const Sender& sender) {
  transport::Properties properties;
  properties.content_type = "application/json";
  properties.message_expiry_s =
      static_cast<std::uint32_t>((record.expires_ms - record.time_ms) / 1000);
  properties.user = {
      {"specversion", "1.0"},
      {"id", record.id},
      {"source", sender.source},
      {"type", record.decision.empty() ? "picolm.refusal" : "picolm.decision"},
      {"subject", record.topic},
      {"time", iso8601(record.time_ms)},
      {"confidence", confidence_text(record)},
      {"rung", std::string(inference::name(record.rung))},
      {"mode", std::string(record.mode)},
      {"outcome", std::string(name(record.outcome))},
      {"fallback", record.fallback ? "true" : "false"},
      {"expires", iso8601(record.expires_ms)},
      {"model", sender.model_hash},
      {"input", record.input_id},
  };
  if (!record.reason.empty()) properties.user.emplace_back("reason", record.reason);
  return properties;
}

Outbound abstained_note(const DecisionRecord& record, const Sender& sender) {
  Outbound out;
  out.message.topic = sender.abstained_prefix + record.route;
  out.message.payload = ObjectWriter()
                            .text("input", record.input_id)
                            .text("topic", record.topic)
                            .raw("best_guess", or_null(record.best_guess))
                            .raw("confidence", confidence_text(record))
                            .text("reason", record.reason)
                            .text("time", iso8601(record.time_ms))
                            .done();
  out.payload_311 = out.message.payload;
  out.message.properties.content_type = "application/json";
  return out;
}

Outbound refused_note(const DecisionRecord& record, const Sender& sender) {
  Outbound out;
  out.message.topic = sender.source + "/refused/" + record.route;
  out.message.payload = ObjectWriter()
                            .text("kind", "decision")
                            .text("input", record.input_id)
                            .text("topic", record.topic)
                            .raw("best_guess", or_null(record.best_guess))
                            .raw("confidence", confidence_text(record))
                            .text("outcome", name(record.outcome))
                            .text("reason", record.reason)
                            .text("text", record.text)
                            .text("time", iso8601(record.time_ms))
                            .done();
  out.payload_311 = out.message.payload;
  out.message.properties.content_type = "application/json";
  return out;
}

}  // namespace

std::string full_envelope(const DecisionRecord& record) {
  return ObjectWriter()
      .raw("v", "1")
      .text("id", record.id)
      .text("time", iso8601(record.time_ms))
      .text("expires", iso8601(record.expires_ms))
      .text("route", record.route)
      .text("outcome", name(record.outcome))
      .raw("reason", record.reason.empty() ? "null" : json_quote(record.reason))
      .text("mode", record.mode)
      .raw("fallback", record.fallback ? "true" : "false")
      .raw("replayed", "false")
      .raw("confidence", confidence_text(record))
      .text("rung", inference::name(record.rung))
      .text("input", record.input_id)
      .raw("decision", or_null(record.decision))
      .done();
}

std::vector<Outbound> compose(const DecisionRecord& record, const RouteConfig& route,
                              const transport::Properties& request, const RouteSet& routes,
                              const Sender& sender) {
  std::vector<Outbound> out;
  Outbound decision;
  decision.payload_311 = full_envelope(record);
  decision.message.payload = route.envelope == EnvelopeKind::Full
                                 ? decision.payload_311
                                 : std::string(or_null(record.decision));
  decision.message.properties = decision_properties(record, sender);
  decision.lifetime_ms = record.expires_ms - record.time_ms;
  if (!record.command_topic.empty()) {
    // Before everything else: a machine waits for it.
    out.push_back(decision);
    out.back().message.topic = record.command_topic;
    out.back().message.payload = decision.payload_311;
    out.back().duty = record.safe ? Outbound::Duty::SafeCommand : Outbound::Duty::Command;
  }
  if (!record.decision.empty()) {
    out.push_back(decision);
    out.back().message.topic = record.output_topic;
  }
  if (!request.response_topic.empty() && routes.allows_reply(request.response_topic)) {
    out.push_back(std::move(decision));
    out.back().message.topic = request.response_topic;
    out.back().message.properties.correlation_data = request.correlation_data;
  }
  if (record.outcome == Outcome::Abstained) out.push_back(abstained_note(record, sender));
  if (!record.text.empty()) out.push_back(refused_note(record, sender));
  return out;
}

std::string explain(const DecisionRecord& record) {
  ObjectWriter fields;
  for (const inference::FieldResult& field : record.fields) {
    ObjectWriter values;
    for (const auto& [value, probability] : field.probabilities) {
      // Values are JSON texts; a string is shown without its quotes, as a key.
      const auto text = json_unquote(value);
      values.raw(text ? *text : value, json_decimal(probability, 4));
    }
    fields.raw(field.pointer, values.done());
  }
  // What was quarantined may not even be JSON.
  const std::string guess = record.outcome == Outcome::Quarantined
                                ? json_quote(record.best_guess)
                                : std::string(or_null(record.best_guess));
  return ObjectWriter()
      .text("topic", record.topic)
      .text("route", record.route)
      .text("outcome", name(record.outcome))
      .raw("reason", record.reason.empty() ? "null" : json_quote(record.reason))
      .raw("decision", or_null(record.decision))
      .raw("best_guess", guess)
      .raw("confidence", confidence_text(record))
      .raw("fields", fields.done())
      .text("rung", inference::name(record.rung))
      .text("why", record.why)
      .raw("fallback", record.fallback ? "true" : "false")
      .text("publish", record.output_topic)
      .text("input", record.input_id)
      .raw("ms", json_decimal(record.stats.ms, 1))
      .done();
}

}  // namespace agent
