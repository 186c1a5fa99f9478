#include "agent/config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "agent/config_keys.h"
#include "tests/agent/config_text.h"

namespace agent {
namespace {

using test_support::TempDir;

// A change of the good configuration and a piece of the message that must refuse it.
struct Spoiled {
  const char* pointer;
  const char* value;  // JSON; empty: removed
  const char* message;
};

class ConfigRefusal : public testing::TestWithParam<Spoiled> {};

TEST_P(ConfigRefusal, SaysWhereAndWhatWasWanted) {
  TestJson json = good_config();
  const TestJson::json_pointer pointer(GetParam().pointer);
  if (*GetParam().value == '\0') {
    json.at(pointer.parent_pointer()).erase(pointer.back());
  } else {
    json[pointer] = TestJson::parse(GetParam().value);
  }
  EXPECT_NE(refusal(json).find(GetParam().message), std::string::npos) << refusal(json);
}

TEST(Config, ARefusedUriIsShownWithoutItsPassword) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"http://me:s3cret@host:1883", "\"http://***@host:1883\""},
      {"http://me:s3c@ret@host", "\"http://***@host\""},
      {"me:s3cret@host", "\"***@host\""},
      {"me:s3c//ret@host", "@host\""},
      {"mqtt://me:s3cret@host", "together with mqtt://***@host,"}};
  for (const auto& [uri, shown] : cases) {
    TestJson json = good_config();
    json["broker"]["uri"] = uri;
    if (uri.starts_with("mqtt:")) json["broker"]["tls"] = {{"ca", "ca.pem"}};
    const std::string text = refusal(json);
    EXPECT_NE(text.find(shown), std::string::npos) << text;
    for (const char* secret : {"s3c", "ret@"}) {
      EXPECT_EQ(text.find(secret), std::string::npos) << text;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Keys, ConfigRefusal,
    testing::Values(
        Spoiled{"/agentid", R"("x")", "agentid: unknown key; the nearest known is \"agent_id\""},
        Spoiled{"/broker/ui", R"("x")", "broker.ui: unknown key; the nearest known is \"uri\""},
        Spoiled{"/routes/0/fields/0/mni", "1",
                "routes[0].fields[0].mni: unknown key; the nearest "
                "known is \"min\""},
        Spoiled{"/routes/0/pubilsh", R"("a")", "the nearest known is \"publish\""},
        Spoiled{"/broker.uri", R"("a")", "unknown key"},
        Spoiled{"/routes[]", R"([])", "unknown key"},
        Spoiled{"/routes/0/csv", R"({"columns":["a"],"colums":["b"]})",
                "nearest known is "
                "\"columns\""}));

INSTANTIATE_TEST_SUITE_P(NotBuiltYet, ConfigRefusal,
                         testing::Values(Spoiled{"/routes/0/deadline_ms", "2000",
                                                 "not built yet"}));

INSTANTIATE_TEST_SUITE_P(
    Types, ConfigRefusal,
    testing::Values(
        Spoiled{"/broker", "[]", "broker: found a list, wanted an object"},
        Spoiled{"/broker", "", "broker: required key is missing"},
        Spoiled{"/model/path", "", "model.path: required key is missing"},
        Spoiled{"/routes/0/name", "", "routes[0].name: required key is missing"},
        Spoiled{"/routes", "[]", "routes: found 0 items"},
        Spoiled{"/routes", "{}", "wanted a list of objects"},
        Spoiled{"/routes/0", "3", "routes[0]: found 3, wanted an object"},
        Spoiled{"/routes/0/learn_from_self", "0.6", "wanted a number from 0 to 0.5"},
        Spoiled{"/routes/0/rules", "{}", "wanted a list of objects"},
        Spoiled{"/routes/0/rules", "[{}]", "rules[0].when: required key is missing"},
        Spoiled{"/agent_id", "7", "agent_id: found 7, wanted a string"},
        Spoiled{"/agent_id", R"("")", "agent_id: found 0 bytes, wanted 1 to 64"},
        Spoiled{"/agent_id", R"("a/b")", "wanted letters, digits"},
        Spoiled{"/agent_id", R"("a\u0000")", "a NUL character"},
        Spoiled{"/topic_root", R"("a/#")", "topic_root: found \"a/#\""},
        Spoiled{"/topic_root", R"("$SYS")", "topic_root"},
        Spoiled{"/broker/keep_alive_s", "0", "keep_alive_s: found 0, wanted an integer from 2"},
        Spoiled{"/broker/keep_alive_s", "2.5", "wanted an integer"},
        Spoiled{"/broker/keep_alive_s", R"("10")", "wanted an integer"},
        Spoiled{"/broker/session_expiry_s", "4294967295", "wanted an integer from 0"},
        Spoiled{"/model/memory", R"("256MB")", "model.memory: found \"256MB\""},
        Spoiled{"/model/memory", "-1", "model.memory: found -1"},
        Spoiled{"/model/memory", R"("99999999G")", "model.memory"},
        Spoiled{"/model/sha256", R"("abc")", "wanted 64 digits of hex"},
        Spoiled{"/model/threads", "257", "model.threads"},
        Spoiled{"/model/read_mb_s", "-1", "model.read_mb_s"},
        Spoiled{"/routes/0/qos", "3", "routes[0].qos: found 3, wanted an integer from 0 to 2"},
        Spoiled{"/routes/0/class", R"("alarm")", "one of telemetry|event|command"},
        Spoiled{"/routes/0/subscribe", "[]", "subscribe: found 0 items"},
        Spoiled{"/routes/0/subscribe", "[1]", "subscribe[0]: found 1, wanted a string"},
        Spoiled{"/routes/0/min_confidence", "1.5", "min_confidence: found 1.5"},
        Spoiled{"/routes/0/bind", R"({"target":1})", "bind.target: found 1, wanted a string"},
        Spoiled{"/routes/0/schema", "1", "schema: found 1, wanted a file or an object"},
        Spoiled{"/routes/0/fields/0/max", R"("x")", "fields[0].max"}));

INSTANTIATE_TEST_SUITE_P(
    CrossChecks, ConfigRefusal,
    testing::Values(
        Spoiled{"/broker/uri", R"("http://x")", "wanted mqtt://HOST:PORT"},
        Spoiled{"/broker/tls", R"({"ca":"ca.pem"})", "broker.tls: found keys together with mqtt:"},
        Spoiled{"/broker/uri", R"("mqtts://x:8883")", "broker.tls.ca: required with mqtts://"},
        Spoiled{"/broker/password_file", R"("p")", "broker.password_file: needs \"username\""},
        Spoiled{"/broker/reply_to", R"(["a/#/b"])", "broker.reply_to[0]: found \"a/#/b\""},
        Spoiled{"/broker/reply_to", R"(["$share/g/a"])", "share group"},
        Spoiled{"/routes/0/name", R"("a b")", "routes[0].name"},
        Spoiled{"/routes/0/subscribe", R"("plant/{a}/{a}")", "routes[0].subscribe"},
        Spoiled{"/routes/0/subscribe", R"("plant/#/x")", "routes[0].subscribe"},
        Spoiled{"/routes/0/subscribe", R"("plant/{area}/press/+/telemetry")",
                "found {press}, wanted a named level of every"},
        Spoiled{"/routes/0/subscribe", R"(["a/{area}/{press}","b/{area}"])", "b/+ has none"},
        Spoiled{"/routes/0/publish", R"("plant/+/decision")", "routes[0].publish"},
        Spoiled{"/routes/0/publish", R"("plant/{line}/decision")", "found {line}"},
        Spoiled{"/routes/0/bind/target", R"("press-{line}")", "bind.target: found {line}"},
        Spoiled{"/routes/0/bind/target", R"("press-{press")", "bind.target: found"},
        Spoiled{"/routes/0/bind/target", R"("a text longer than sixteen")",
                "schema does not allow"},
        Spoiled{"/routes/0/bind/status", R"("fine")", "bind.status: found \"fine\""},
        Spoiled{"/routes/0/bind/other", R"("x")", "bind.other: the schema has no property"},
        Spoiled{"/routes/0/bind/status", R"("ok")", "nothing is left to decide"},
        Spoiled{"/routes/0/fallback", R"({"status":"maybe"})", "fallback: does not satisfy"},
        Spoiled{"/routes/0/fallback", R"("ok")", "fallback: does not satisfy"},
        Spoiled{"/routes/0/schema/properties/status/pattern", R"("a")", "routes[0].schema: "},
        Spoiled{"/routes/0/schema", R"("absent.json")", "cannot open"},
        Spoiled{"/routes/0/examples", R"([{"payload":"{\"t\":1}"}])", "examples[0]: wanted"},
        Spoiled{"/routes/0/examples", R"([{"payload":{"t":1},"expected":{"status":"x"}}])",
                "examples[0].expected: does not satisfy"},
        Spoiled{"/routes/0/examples", R"([{"payload":{"u":1},"expected":{"status":"ok"}}])",
                "examples[0].payload: the route would refuse it: field_missing"},
        Spoiled{"/routes/0/examples", R"([{"payload":{"t":9999},"expected":{"status":"ok"}}])",
                "field_out_of_range"},
        Spoiled{"/routes/0/max_age_s", "30", "max_age_s: needs \"time\""},
        Spoiled{"/routes/0/time", R"({"pointer":"ts"})", "wanted a JSON pointer"},
        Spoiled{"/routes/0/id", R"("seq")", "routes[0].id: found \"seq\", wanted a JSON pointer"},
        Spoiled{"/routes/0/payload", R"("csv")", "csv: required with payload csv"},
        Spoiled{"/routes/0/csv", R"({"columns":["a"]})", "csv: only allowed with payload csv"},
        Spoiled{"/routes/0/fields/0/scale", "0", "scale: found 0"},
        Spoiled{"/routes/0/fields/0/min", "200", "found min above max"},
        Spoiled{"/routes/0/fields/1", R"({"name":"oil"})", "found \"oil\" twice"},
        Spoiled{"/routes/1",
                R"({"name":"press","subscribe":"a","schema":{"a":["b"]},"publish":"c"})",
                "routes[1].name: found \"press\" twice"}));

TEST(Config, AcceptsTheGoodOneAndKeepsItsValues) {
  const Config config = load(good_config());
  EXPECT_EQ(config.agent_id, "agent-1");
  EXPECT_EQ(config.own_topic("status"), "picolm/agent-1/status");
  ASSERT_EQ(config.routes.size(), 1U);
  const RouteConfig& route = config.routes[0];
  EXPECT_EQ(route.subscribe[0].filter(), "plant/+/press/+/telemetry");
  EXPECT_EQ(route.fields[0].from, "/t");
  EXPECT_EQ(route.fields[0].scale, 0.1);
  EXPECT_EQ(route.bind[0].property, "target");
  EXPECT_EQ(std::get<schemas::ObjectNode>(route.open_schema.nodes[route.open_schema.root])
                .properties.size(),
            1U);
}

TEST(Config, TakesCommentsAndRefusesWhatIsNotJson) {
  EXPECT_EQ(text_refusal("// first\n/* second */" + good_config().dump()), "");
  EXPECT_NE(text_refusal("{").find("not JSON"), std::string::npos);
  EXPECT_NE(text_refusal("").find("not JSON"), std::string::npos);
  EXPECT_NE(text_refusal("{\"a\":1,}").find("line 1"), std::string::npos);
  EXPECT_NE(text_refusal("{\"broker\":1,\"broker\":2}").find("twice"), std::string::npos);
  EXPECT_NE(text_refusal(std::string(100000, '[')).find("levels"), std::string::npos);
  EXPECT_NE(text_refusal(std::string(2 << 20, ' ')).find("wanted at most"), std::string::npos);
  EXPECT_NE(text_refusal("{\"agent_id\":\"\xff\"}").find("not JSON"), std::string::npos);
}

TEST(Config, RefusesACommandRouteThatTakesRetainedMessages) {
  TestJson json = good_config();
  json["routes"][0]["class"] = "command";
  json["routes"][0]["retained"] = "state";
  EXPECT_NE(refusal(json).find("routes[0].retained"), std::string::npos);
}

TEST(Config, FallbackMayLeaveOutBoundProperties) {
  TestJson json = good_config();
  json["routes"][0]["fallback"] = {{"status", "error"}};
  EXPECT_EQ(load(json).routes[0].fallback, R"({"status":"error"})");
  json["routes"][0]["fallback"] = {{"status", "error"}, {"target", "none"}};
  EXPECT_EQ(load(json).routes[0].fallback, R"({"status":"error","target":"none"})");
}

TEST(Config, FilesAreRelativeToTheConfigurationAndPartOfItsHash) {
  const TempDir dir;
  dir.write("s.json", R"({"status":["ok","error"]})");
  dir.write("rows.jsonl", "{\"payload\":{\"t\":1},\"expected\":{\"status\":\"ok\"}}\n\n");
  TestJson json = good_config();
  json["routes"][0]["schema"] = "s.json";
  json["routes"][0]["examples"] = "rows.jsonl";
  json["routes"][0].erase("bind");
  const std::string file = dir.write("agent.json", json.dump());
  const Config first = load_config(file);
  EXPECT_EQ(first.model.path, dir.file("model.gguf"));
  ASSERT_EQ(first.routes[0].examples.size(), 1U);
  EXPECT_EQ(first.routes[0].examples[0].payload, R"({"t":1})");
  EXPECT_EQ(load_config(file).hash, first.hash);
  dir.write("s.json", R"({"status":["ok","error","warning"]})");
  EXPECT_NE(load_config(file).hash, first.hash);
}

TEST(Config, PasswordFileMustNotBeOpenToEverybodyAndIsNeverShown) {
  const TempDir dir;
  const std::string secret = dir.write("password", "s3cret-word\nsecond line\n");
  TestJson json = good_config();
  json["broker"]["username"] = "me";
  json["broker"]["password_file"] = "password";
  const std::string file = dir.write("agent.json", json.dump());
  ASSERT_EQ(::chmod(secret.c_str(), 0600), 0);
  EXPECT_NO_THROW(load_config(file));
  EXPECT_EQ(read_secret(secret), "s3cret-word");
  ASSERT_EQ(::chmod(secret.c_str(), 0644), 0);
  try {
    load_config(file);
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("open to everybody"), std::string::npos);
    EXPECT_EQ(std::string(error.what()).find("s3cret"), std::string::npos);
  }
}

TEST(Config, ReadsSizes) {
  EXPECT_EQ(parse_size("256M"), 256U << 20);
  EXPECT_EQ(parse_size("3K"), 3072U);
  EXPECT_EQ(parse_size("2G"), 2ULL << 30);
  EXPECT_EQ(parse_size("77"), 77U);
  for (const char* bad : {"", "M", "1.5M", "-1", "1m", "1MB", "9999999999999999", " 1"}) {
    EXPECT_FALSE(parse_size(bad)) << bad;
  }
}

TEST(Config, ShippedExamplesAreAccepted) {
  const std::string folder = PICOLM_SOURCE_DIR "/deploy/config/";
  EXPECT_EQ(load_config(folder + "plant.json").routes.size(), 3U);
  EXPECT_EQ(load_config(folder + "minimal.json").routes.size(), 1U);
}

}  // namespace
}  // namespace agent
