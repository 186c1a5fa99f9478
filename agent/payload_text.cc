#include "agent/payload_text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "agent/clock.h"
#include "agent/json_scan.h"
#include "agent/outcome.h"

namespace agent {
namespace {

const schemas::Scalar* find(const schemas::Payload& payload, std::string_view pointer) {
  for (const schemas::PayloadField& field : payload.fields) {
    if (field.pointer == pointer) return &field.value;
  }
  return nullptr;
}

// In the element, else in the whole message.
const schemas::Scalar* find_near(const schemas::Payload& element, const schemas::Payload& whole,
                                 std::string_view pointer) {
  const schemas::Scalar* found = find(element, pointer);
  return found != nullptr ? found : find(whole, pointer);
}

std::string scaled_text(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.9g", value);
  return buffer;
}

// Appends the value of one field; returns the reason if it is refused.
std::string_view append_field(const FieldConfig& field, const schemas::Scalar* value,
                              Element* element) {
  std::string* text = &element->text;
  if (value == nullptr || std::holds_alternative<std::nullptr_t>(*value)) {
    return reason::kFieldMissing;
  }
  const auto* number = std::get_if<schemas::Number>(value);
  if (number == nullptr) {
    if (field.scale || field.minimum || field.maximum) return reason::kFieldNotNumber;
    if (const bool* flag = std::get_if<bool>(value)) {
      *text += *flag ? "true" : "false";
    } else {
      *text += json_quote(std::get<std::string>(*value));
    }
    element->values.push_back({field.name, *value});
  } else {
    const double scaled = number->value * field.scale.value_or(1);
    if (!std::isfinite(scaled)) return reason::kFieldOutOfRange;
    if (field.minimum && scaled < *field.minimum) return reason::kFieldOutOfRange;
    if (field.maximum && scaled > *field.maximum) return reason::kFieldOutOfRange;
    const std::string written = field.scale ? scaled_text(scaled) : number->text;
    *text += written;
    element->values.push_back({field.name, schemas::Number{written, scaled}});
  }
  if (!field.unit.empty()) *text += " " + field.unit;
  return {};
}

// A number that may enter a window: sums of squares of larger ones would not be finite.
std::optional<double> reading_of(const FieldConfig& field, const schemas::Scalar* value) {
  constexpr double kReadingMax = 1e100;
  Element scratch;
  if (!append_field(field, value, &scratch).empty()) return std::nullopt;
  const auto* number = std::get_if<schemas::Number>(value);
  if (number == nullptr) return std::nullopt;
  const double scaled = number->value * field.scale.value_or(1);
  return std::abs(scaled) <= kReadingMax ? std::optional(scaled) : std::nullopt;
}

void read_window(const RouteConfig& route, const schemas::Payload& payload, Element* element) {
  for (std::size_t i = 0; i < route.window->of.size(); ++i) {
    const FieldConfig& field = route.fields[route.window->of[i]];
    element->readings.push_back(reading_of(field, find(payload, field.from)));
    for (const Statistic statistic : route.window->as) {
      const std::string name = window_value_name(route, i, statistic);
      const schemas::Scalar* value = find(payload, "/" + name);
      const auto* number = value ? std::get_if<schemas::Number>(value) : nullptr;
      if (number != nullptr) element->given.emplace_back(name, number->value);
    }
  }
}

std::string_view render(const RouteConfig& route, const schemas::Payload& payload,
                        Element* element) {
  std::string* text = &element->text;
  if (route.fields.empty()) {
    *text =
        payload.format == schemas::PayloadFormat::Json ? json_compact(payload.text) : payload.text;
    for (const schemas::PayloadField& field : payload.fields) {
      element->values.push_back({field.pointer, field.value});
    }
    if (payload.format == schemas::PayloadFormat::Text) element->values.push_back({"", *text});
    return {};
  }
  *text = "{";
  std::string_view first_fault;
  // All of them: rules look at those that are sound.
  for (const FieldConfig& field : route.fields) {
    if (text->size() > 1) *text += ',';
    *text += json_quote(field.name) + ":";
    const std::string_view fault = append_field(field, find(payload, field.from), element);
    if (first_fault.empty()) first_fault = fault;
  }
  *text += '}';
  return first_fault;
}

std::string id_text(const schemas::Scalar* value) {
  if (value == nullptr) return {};
  if (const auto* text = std::get_if<std::string>(value)) return *text;
  if (const auto* number = std::get_if<schemas::Number>(value)) return number->text;
  if (const bool* flag = std::get_if<bool>(value)) return *flag ? "true" : "false";
  return {};
}

std::string_view read_time(const TimeConfig& config, const schemas::Scalar* value,
                           std::optional<std::int64_t>* time_ms) {
  if (value == nullptr) return reason::kTimeMissing;
  const auto* number = std::get_if<schemas::Number>(value);
  const auto* text = std::get_if<std::string>(value);
  if (config.format == TimeFormat::Iso8601) {
    if (text != nullptr) *time_ms = parse_iso8601(*text);
  } else if (number != nullptr) {
    const double ms = config.format == TimeFormat::Seconds ? number->value * 1000 : number->value;
    constexpr double kYear9999 = 253402300800000.0;
    if (ms >= 0 && ms < kYear9999) *time_ms = static_cast<std::int64_t>(ms);
  }
  return *time_ms ? std::string_view() : reason::kTimeInvalid;
}

Element read_element(const RouteConfig& route, const schemas::Payload& payload,
                     const schemas::Payload& whole) {
  Element element;
  if (payload.error != schemas::PayloadError::None) {
    element.reason = schemas::name(payload.error);
    return element;
  }
  if (!route.id.empty()) element.id = id_text(find_near(payload, whole, route.id));
  element.fault = render(route, payload, &element);
  if (route.window) read_window(route, payload, &element);
  if (route.time) {
    element.reason =
        read_time(*route.time, find_near(payload, whole, route.time->pointer), &element.time_ms);
  }
  if (!element.reason.empty() || !element.fault.empty()) element.text.clear();
  if (!element.reason.empty()) element.values.clear();
  return element;
}

// An element of a list as a payload of its own.
schemas::Payload parse_element(const RouteConfig& route, std::string_view raw) {
  schemas::PayloadOptions options = route.payload;
  options.format = schemas::PayloadFormat::Json;
  if (const auto text = json_unquote(raw)) {
    options.format = schemas::PayloadFormat::Text;
    return schemas::parse_payload(*text, options);
  }
  if (!raw.empty() && (raw[0] == '-' || (raw[0] >= '0' && raw[0] <= '9'))) {
    options.format = schemas::PayloadFormat::Number;
  }
  return schemas::parse_payload(raw, options);
}

std::vector<Element> refused(std::string_view code) {
  Element element;
  element.reason = code;
  return {element};
}

}  // namespace

std::vector<Element> read_payload(const RouteConfig& route, std::string_view bytes) {
  const schemas::Payload whole = schemas::parse_payload(bytes, route.payload);
  if (route.split.empty() || whole.error != schemas::PayloadError::None) {
    return {read_element(route, whole, whole)};
  }
  const auto list = json_at(whole.text, route.split);
  const auto items = list ? json_elements(*list) : std::nullopt;
  if (whole.format != schemas::PayloadFormat::Json || !items) {
    return refused(reason::kSplitMissing);
  }
  if (items->empty()) return refused(reason::kSplitEmpty);
  if (items->size() > kSplitElementsMax) return refused(reason::kSplitTooMany);
  std::vector<Element> elements;
  elements.reserve(items->size());
  for (std::size_t i = 0; i < items->size(); ++i) {
    elements.push_back(read_element(route, parse_element(route, (*items)[i]), whole));
    // Elements that share the message's id are still inputs of their own.
    if (!elements[i].id.empty() && items->size() > 1) elements[i].id += "#" + std::to_string(i);
  }
  return elements;
}

std::string window_value_name(const RouteConfig& route, std::size_t i, Statistic statistic) {
  return route.fields[route.window->of[i]].name + "_" + std::string(name(statistic));
}

std::vector<std::string> window_value_names(const RouteConfig& route) {
  std::vector<std::string> names;
  for (std::size_t i = 0; route.window && i < route.window->of.size(); ++i) {
    for (const Statistic statistic : route.window->as) {
      names.push_back(window_value_name(route, i, statistic));
    }
  }
  return names;
}

void add_window_values(const WindowValues& values, Element* element) {
  if (element->text.empty() || element->text.back() != '}') return;
  element->text.pop_back();
  for (const auto& [name, value] : values) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%.6g", value);
    element->text += (element->text.size() > 1 ? "," : "") + json_quote(name) + ":" + buffer;
    element->values.push_back({name, schemas::Number{buffer, value}});
  }
  element->text += '}';
}

std::vector<Element> read_example(const RouteConfig& route, std::string_view bytes) {
  std::vector<Element> elements = read_payload(route, bytes);
  if (!route.window) return elements;
  for (Element& element : elements) {
    WindowValues values;
    for (std::size_t i = 0; i < element.readings.size(); ++i) {
      for (const Statistic statistic : route.window->as) {
        const std::string name = window_value_name(route, i, statistic);
        const auto given = std::find_if(element.given.begin(), element.given.end(),
                                        [&](const auto& value) { return value.first == name; });
        if (given != element.given.end()) {
          values.push_back(*given);
        } else if (element.readings[i]) {
          const double alone = statistic == Statistic::Slope   ? 0
                               : statistic == Statistic::Count ? 1
                                                               : *element.readings[i];
          values.emplace_back(name, alone);
        }
      }
    }
    add_window_values(values, &element);
  }
  return elements;
}

std::string_view example_error(const RouteConfig& route, std::string_view payload) {
  for (const Element& element : read_payload(route, payload)) {
    if (!element.fault.empty()) return element.fault;
    const bool only_time =
        element.reason == reason::kTimeMissing || element.reason == reason::kTimeInvalid;
    if (!element.reason.empty() && !only_time) return element.reason;
  }
  return {};
}

}  // namespace agent
