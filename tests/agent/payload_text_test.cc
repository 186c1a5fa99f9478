#include "agent/payload_text.h"

#include <gtest/gtest.h>

#include <ostream>

#include "tests/agent/config_text.h"

namespace agent {
namespace {

// The route of the good configuration after `change` was merged into it.
RouteConfig route_with(const TestJson& change) {
  TestJson json = good_config();
  json["routes"][0].merge_patch(change);
  return load(json).routes[0];
}

const TestJson kNoFields = {{"fields", nullptr}, {"payload", "auto"}};

Element only(const RouteConfig& route, std::string_view payload) {
  const std::vector<Element> elements = read_payload(route, payload);
  EXPECT_EQ(elements.size(), 1U);
  return elements.front();
}

TEST(PayloadText, FieldsBecomeNamesValuesAndUnitsInOrder) {
  TestJson fields = TestJson::parse(R"([
    {"name": "oil", "from": "/t", "scale": 0.1, "unit": "°C"},
    {"name": "speed", "unit": "rpm"},
    {"name": "guard", "from": "/door/closed"},
    {"name": "mode", "from": "/m"}])");
  const RouteConfig route = route_with({{"fields", fields}});
  EXPECT_EQ(only(route, R"({"m":"au\"to","speed":1.50,"door":{"closed":true},"t":653})").text,
            R"({"oil":65.3 °C,"speed":1.50 rpm,"guard":true,"mode":"au\"to"})");
}

TEST(PayloadText, WithoutFieldsThePayloadIsSeenAsItCame) {
  const RouteConfig route = route_with(kNoFields);
  EXPECT_EQ(only(route, "turn on machine A").text, "turn on machine A");
  EXPECT_EQ(only(route, "{ \"a\" : 1.10 }").text, R"({"a":1.10})");
  EXPECT_EQ(only(route, "23.50").text, "23.50");
}

TEST(PayloadText, CsvColumnsAreFields) {
  const RouteConfig route = route_with(TestJson::parse(R"({
    "payload": "csv", "csv": {"separator": ";", "decimal": ",", "columns": ["good", "speed"]},
    "fields": [{"name": "speed", "unit": "m/min", "max": 100}, {"name": "good"}]})"));
  EXPECT_EQ(only(route, "12;3,5").text, R"({"speed":3.5 m/min,"good":12})");
  EXPECT_EQ(only(route, "12;300").fault, "field_out_of_range");
  EXPECT_EQ(only(route, "12").reason, "payload_wrong_column_count");
}

TEST(PayloadText, ABareNumberIsTheFieldAtTheEmptyPointer) {
  const RouteConfig route = route_with(TestJson::parse(
      R"({"payload": "number", "fields": [{"name": "t", "from": "", "scale": 2, "unit": "K"}]})"));
  EXPECT_EQ(only(route, "1.25").text, R"({"t":2.5 K})");
  EXPECT_FALSE(only(route, "warm").reason.empty());
}

struct Refused {
  const char* payload;
  const char* reason;
};

// The name of the test must not change from run to run, as pointers do.
void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.reason; }

class PayloadRefusal : public testing::TestWithParam<Refused> {};

TEST_P(PayloadRefusal, HasItsCodeAndNoText) {
  const RouteConfig route = route_with(
      TestJson::parse(R"({"time": {"pointer": "/ts"}, "fields": [{"name": "t", "max": 9}]})"));
  const Element element = only(route, GetParam().payload);
  // What is wrong with a declared field is a fault of its sensor, not of the message.
  const bool fault = std::string_view(GetParam().reason).starts_with("field_");
  EXPECT_EQ(fault ? element.fault : element.reason, GetParam().reason);
  EXPECT_EQ(fault ? element.reason : element.fault, "");
  EXPECT_EQ(element.text, "");
}

INSTANTIATE_TEST_SUITE_P(Payloads, PayloadRefusal,
                         testing::Values(Refused{"", "payload_empty"},
                                         Refused{"{", "payload_not_json"},
                                         Refused{"\xff", "payload_invalid_utf8"},
                                         Refused{R"({"ts":1})", "field_missing"},
                                         Refused{R"({"t":null,"ts":1})", "field_missing"},
                                         Refused{R"({"t":{"u":1},"ts":1})", "field_missing"},
                                         Refused{R"({"t":"8","ts":1})", "field_not_number"},
                                         Refused{R"({"t":true,"ts":1})", "field_not_number"},
                                         Refused{R"({"t":9.01,"ts":1})", "field_out_of_range"},
                                         Refused{R"({"t":1})", "time_missing"},
                                         Refused{R"({"t":1,"ts":"now"})", "time_invalid"},
                                         Refused{R"({"t":1,"ts":-5})", "time_invalid"},
                                         Refused{R"({"t":1,"ts":1e300})", "time_invalid"}));

TEST(PayloadText, AHugeOrDeepPayloadIsRefused) {
  const RouteConfig route = route_with(kNoFields);
  EXPECT_EQ(only(route, std::string(1000000, 'a')).reason, "payload_too_large");
  EXPECT_EQ(only(route, "{\"a\":" + std::string(2000, '[') + std::string(2000, ']') + "}").reason,
            "payload_too_deep");
  EXPECT_EQ(only(route, std::string_view("a\0b", 3)).reason, "payload_contains_nul");
}

TEST(PayloadText, ReadsIdAndTime) {
  const RouteConfig seconds =
      route_with(TestJson::parse(R"({"id": "/seq", "time": {"pointer": "/ts", "format": "s"}})"));
  const Element element = only(seconds, R"({"t":1,"seq":41,"ts":1767225600.25})");
  EXPECT_EQ(element.id, "41");
  EXPECT_EQ(element.time_ms, 1767225600250);
  const RouteConfig iso =
      route_with(TestJson::parse(R"({"time": {"pointer": "/ts", "format": "iso8601"}})"));
  EXPECT_EQ(only(iso, R"({"t":1,"ts":"2026-01-01T00:00:00Z"})").time_ms, 1767225600000);
}

TEST(PayloadText, SplitGivesOneElementEachWithItsOwnIdAndTheMessagesTime) {
  const RouteConfig route = route_with(TestJson::parse(
      R"({"split": "/values", "id": "/seq", "time": {"pointer": "/ts"}, "fields":
          [{"name": "t", "scale": 1}]})"));
  const auto elements =
      read_payload(route, R"({"ts":5,"seq":9,"values":[{"t":1.5},{"t":2,"ts":6},{"u":3}]})");
  ASSERT_EQ(elements.size(), 3U);
  EXPECT_EQ(elements[0].text, R"({"t":1.5})");
  EXPECT_EQ(elements[0].id, "9#0");
  EXPECT_EQ(elements[0].time_ms, 5);
  EXPECT_EQ(elements[1].time_ms, 6);
  EXPECT_EQ(elements[2].fault, "field_missing");
}

TEST(PayloadText, SplitElementsKeepTheirKindAndDigits) {
  TestJson change = kNoFields;
  change["split"] = "";
  change["split"] = "/v";
  const auto elements =
      read_payload(route_with(change), R"({"v":["stop \u0041", 1.50, {"a": 1}, true]})");
  ASSERT_EQ(elements.size(), 4U);
  EXPECT_EQ(elements[0].text, "stop A");
  EXPECT_EQ(elements[1].text, "1.50");
  EXPECT_EQ(elements[2].text, R"({"a":1})");
}

TEST(PayloadText, SplitWithoutAListIsRefusedAsAWhole) {
  TestJson change = kNoFields;
  change["split"] = "/v";
  const RouteConfig route = route_with(change);
  EXPECT_EQ(only(route, R"({"w":[1]})").reason, "split_missing");
  EXPECT_EQ(only(route, R"({"v":1})").reason, "split_missing");
  EXPECT_EQ(only(route, "text").reason, "split_missing");
  EXPECT_EQ(only(route, R"({"v":[]})").reason, "split_empty");
  std::string many = "{\"v\":[1";
  for (int i = 0; i < 300; ++i) many += ",1";
  EXPECT_EQ(only(route, many + "]}").reason, "split_too_many");
}

}  // namespace
}  // namespace agent
