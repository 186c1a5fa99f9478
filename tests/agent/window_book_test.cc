// Goal: windows belong to a topic, stay within their bounds and outlive a restart; what they say
// reaches the text that is decided, and lets a taught route see what no single sample shows.

#include "agent/window_book.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "inference/decide/taught_route.h"
#include "tests/agent/config_text.h"
#include "tests/support/random.h"
#include "tests/support/test_data.h"

namespace agent {
namespace {

using std::chrono::milliseconds;

WindowBook::Clock::time_point at(double seconds) {
  return WindowBook::Clock::time_point(milliseconds(static_cast<std::int64_t>(seconds * 1000)));
}

// One field "t" of 0 to 200, and a window of it.
TestJson window_config(const TestJson& window) {
  TestJson json = good_config();
  json["routes"][0]["fields"] = {{{"name", "t"}, {"min", 0}, {"max", 200}}};
  json["routes"][0]["window"] = window;
  return json;
}

RouteConfig route_with(const TestJson& window, const TestJson& examples = TestJson::array()) {
  TestJson json = window_config(window);
  json["routes"][0]["examples"] = examples;
  return load(json).routes[0];
}

std::string number_text(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.4g", value);
  return buffer;
}

Element take(WindowBook& book, const RouteConfig& route, const std::string& topic, double seconds,
             const std::string& payload) {
  std::vector<Element> elements = read_payload(route, payload);
  book.extend(route, topic, at(seconds), &elements.front());
  return elements.front();
}

std::string reading(double value) { return R"({"t":)" + number_text(value) + "}"; }

TEST(WindowBook, WritesItsValuesBehindTheFields) {
  const RouteConfig route = route_with({{"s", 60}, {"of", {"t"}}});
  WindowBook book;
  EXPECT_EQ(take(book, route, "a", 0, reading(10)).text,
            R"({"t":10,"t_last":10,"t_mean":10,"t_min":10,"t_max":10,"t_slope":0,"t_count":1})");
  EXPECT_EQ(take(book, route, "b", 1, reading(50)).text,
            R"({"t":50,"t_last":50,"t_mean":50,"t_min":50,"t_max":50,"t_slope":0,"t_count":1})")
      << "another topic has its own";
  EXPECT_EQ(
      take(book, route, "a", 2, reading(13)).text,
      R"({"t":13,"t_last":13,"t_mean":11.5,"t_min":10,"t_max":13,"t_slope":1.5,"t_count":2})");
  const WindowValues values = book.values(route, "a", at(2));
  ASSERT_EQ(values.size(), 6u);
  EXPECT_EQ(values[4], std::pair(std::string("t_slope"), 1.5));
  EXPECT_TRUE(book.values(route, "c", at(2)).empty());
  EXPECT_TRUE(book.values(route, "a", at(63)).empty());
}

TEST(WindowBook, FaultyReadingsDoNotEnter) {
  const RouteConfig route = route_with({{"s", 60}, {"of", {"t"}}, {"as", {"count", "max"}}});
  WindowBook book;
  take(book, route, "a", 0, reading(10));
  for (const std::string payload : {"{\"t\":-9999}", "{\"t\":32767}", "{\"t\":null}", "{}",
                                    "{\"t\":\"12\"}", "{\"t\":", "\"\""}) {
    const Element element = take(book, route, "a", 1, payload);
    EXPECT_TRUE(element.text.empty()) << payload;
    EXPECT_NE(element.fault.empty(), element.reason.empty()) << payload;
  }
  EXPECT_EQ(take(book, route, "a", 2, reading(11)).text, R"({"t":11,"t_max":11,"t_count":2})");
}

TEST(WindowBook, IsBoundedInTopicsAndBytes) {
  const RouteConfig route = route_with({{"s", 3600}, {"of", {"t"}}});
  WindowBook book({.topics_max = 50, .bytes_max = 100'000});
  for (int i = 0; i < 20'000; ++i) {
    // One topic is used all the time, and stays.
    take(book, route, "busy", i * 0.1, reading(i % 100));
    take(book, route, "topic/" + std::to_string(i), i * 0.1, reading(5));
    ASSERT_LE(book.topic_count(), 50u);
    ASSERT_LE(book.memory_bytes(), 100'000u);
  }
  EXPECT_EQ(book.values(route, "busy", at(2000))[5].second, 20'000);
}

TEST(WindowBook, OutlivesARestartByTheWallClock) {
  const RouteConfig route = route_with({{"s", 60}, {"of", {"t"}}});
  WindowBook book;
  for (int i = 0; i < 400; ++i) take(book, route, "a", i * 0.25, reading(i % 50));
  const std::string bytes = book.save(at(100), 1'000'000);
  WindowBook again;
  ASSERT_TRUE(again.restore(bytes, at(5020), 1'020'000));  // another steady clock, 20 s later
  EXPECT_EQ(again.topic_count(), 1u);
  const WindowValues wanted = book.values(route, "a", at(120));
  const WindowValues found = again.values(route, "a", at(5020));
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].first, wanted[i].first);
    EXPECT_NEAR(found[i].second, wanted[i].second, 1e-6) << found[i].first;
  }
  WindowBook backwards;
  EXPECT_FALSE(backwards.restore(bytes, at(5020), 999'999));
  EXPECT_EQ(backwards.topic_count(), 0u);
}

TEST(WindowBook, TakesNothingFromABrokenFile) {
  const RouteConfig route = route_with({{"s", 60}, {"of", {"t"}}});
  WindowBook book;
  for (int i = 0; i < 5; ++i) take(book, route, "a", i, reading(i));
  const std::string good = book.save(at(5), 1000);
  test_support::Random random(3);
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    WindowBook other;
    EXPECT_FALSE(other.restore(good.substr(0, cut), at(5), 1000));
    std::string changed = good;
    changed[cut] = static_cast<char>(random.below(256));
    static_cast<void>(other.restore(changed, at(5), 1000));  // must not fall over
    take(other, route, "a", 6, reading(6));
  }
}

TEST(WindowFile, KeepsTheBook) {
  const test_support::TempDir dir;
  const RouteConfig route = route_with({{"s", 60}, {"of", {"t"}}});
  const auto now = WindowBook::Clock::now();
  const std::string path = dir.file("windows.json");
  {
    WindowBook book;
    WindowFile file(path, &book);
    Element element = read_payload(route, reading(7)).front();
    book.extend(route, "a", now, &element);
    file.save_if_due(now, 1);
    EXPECT_FALSE(std::ifstream(path).good()) << "not yet due";
    file.save_if_due(now + 2 * WindowFile::kSaveInterval, 1);
    EXPECT_TRUE(std::ifstream(path).good());
    EXPECT_TRUE(file.save(now, 2));
  }
  WindowBook book;
  const WindowFile file(path, &book);
  EXPECT_EQ(book.topic_count(), 1u);
  WindowBook none;
  WindowFile nowhere(dir.file("absent") + "/windows.json", &none);
  EXPECT_TRUE(nowhere.save(now, 1)) << "nothing to write";
}

TEST(WindowBook, AnotherConfigurationStartsAnew) {
  WindowBook book;
  const RouteConfig minute = route_with({{"s", 60}, {"of", {"t"}}});
  const RouteConfig hour = route_with({{"s", 3600}, {"of", {"t"}}});
  take(book, minute, "a", 0, reading(1));
  EXPECT_EQ(book.values(hour, "a", at(0)).size(), 0u);
  take(book, hour, "a", 1, reading(2));
  EXPECT_EQ(book.values(hour, "a", at(1))[5].second, 1);
  EXPECT_EQ(book.topic_count(), 1u);
}

TEST(WindowExamples, CarryTheValuesOrAreOneSample) {
  const RouteConfig route = route_with({{"s", 60}, {"of", {"t"}}, {"as", {"mean", "count"}}});
  EXPECT_EQ(read_example(route, R"({"t":5,"t_mean":4.5,"t_count":60})").front().text,
            R"({"t":5,"t_mean":4.5,"t_count":60})");
  EXPECT_EQ(read_example(route, R"({"t":5,"t_mean":4.5})").front().text,
            R"({"t":5,"t_mean":4.5,"t_count":1})");
  // A message cannot say what its window was.
  WindowBook book;
  EXPECT_EQ(take(book, route, "a", 0, R"({"t":5,"t_mean":99})").text,
            R"({"t":5,"t_mean":5,"t_count":1})");
}

TEST(WindowConfig, IsChecked) {
  const std::pair<TestJson, const char*> refused[] = {
      {{{"s", 60}, {"of", {"oil"}}}, "wanted the name of one of the route's \"fields\""},
      {{{"s", 0}, {"of", {"t"}}}, "window.s"},
      {{{"s", 60}, {"of", TestJson::array()}}, "window.of"},
      {{{"s", 60}, {"of", {"t"}}, {"as", {"median"}}}, "window.as"},
      {{{"of", {"t"}}}, "window.s"},
  };
  for (const auto& [window, message] : refused) {
    EXPECT_NE(refusal(window_config(window)).find(message), std::string::npos)
        << window << refusal(window_config(window));
  }
  TestJson twice = window_config({{"s", 60}, {"of", {"t"}}});
  twice["routes"][0]["fields"].push_back({{"name", "t_mean"}});
  EXPECT_NE(refusal(twice).find("already"), std::string::npos);
}

// A machine at rest at any temperature from 40 to 90, or one that drifts up by a degree a second;
// noise of two degrees hides it from one sample to the next.
struct Plant {
  explicit Plant(std::uint64_t seed) : random(seed) {}

  test_support::Random random;

  // The text of the last of 60 seconds.
  std::string last_text(const RouteConfig& route, bool drifts) {
    WindowBook book;
    const double base = 40 + 50 * random.uniform();
    Element element;
    for (int i = 0; i < 60; ++i) {
      const double value = base + 4 * (random.uniform() - 0.5) + (drifts ? 0.25 * (i - 59) : 0);
      element = take(book, route, "a", i, reading(value));
    }
    return element.text;
  }
};

inference::ClosedField status_field() {
  inference::ClosedField field;
  field.pointer = "/status";
  field.options = {R"("ok")", R"("error")"};
  return field;
}

// Share of right decisions after 40 examples.
double drift_accuracy(const RouteConfig& route) {
  Plant plant(11);
  std::vector<std::string> texts;
  std::vector<inference::Lesson> lessons;
  for (int i = 0; i < 40; ++i) texts.push_back(plant.last_text(route, i % 2 == 1));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    lessons.push_back({texts[i], i % 2 == 1 ? R"({"status":"error"})" : R"({"status":"ok"})"});
  }
  inference::TaughtRoute taught({status_field()});
  taught.teach(lessons);
  int right = 0;
  for (int i = 0; i < 100; ++i) {
    right += taught.quick(plant.last_text(route, i % 2 == 1)).best[0] ==
             static_cast<std::uint32_t>(i % 2);
  }
  return right / 100.0;
}

TEST(WindowRoute, ADriftThatNoSampleShowsIsDecidedRight) {
  TestJson without = window_config({});
  without["routes"][0].erase("window");
  const double blind = drift_accuracy(load(without).routes[0]);
  const double seeing =
      drift_accuracy(route_with({{"s", 60}, {"of", {"t"}}, {"as", {"mean", "slope"}}}));
  EXPECT_LE(blind, 0.7);
  EXPECT_GE(seeing, 0.95);
}

TEST(WindowRoute, AStuckValueIsAFault) {
  TestJson examples = TestJson::array();
  for (int i = 0; i < 20; ++i) {
    examples.push_back({{"payload", {{"t", i < 8 ? 0 : 50 + i * 3 % 40}}},
                        {"expected", {{"status", i < 8 ? "ok" : "error"}}}});
  }
  const RouteConfig route = route_with({{"s", 60}, {"of", {"t"}}, {"stuck", 6}}, examples);
  WindowBook book;
  for (int i = 1; i <= 8; ++i) {
    EXPECT_EQ(take(book, route, "a", i, reading(61.5)).fault, i < 6 ? "" : "field_stuck") << i;
  }
  EXPECT_EQ(take(book, route, "a", 9, reading(61)).fault, "");
  for (int i = 10; i < 30; ++i) {  // what the examples often have may stand still
    EXPECT_EQ(take(book, route, "a", i, reading(0)).fault, "") << i;
  }
  const RouteConfig off = route_with({{"s", 60}, {"of", {"t"}}, {"stuck", 0}}, examples);
  for (int i = 30; i < 60; ++i) EXPECT_EQ(take(book, off, "a", i, reading(61.5)).fault, "");
}

// A route over all numbers of a recorded source, taught 64 of its rows.
struct Recorded {
  RouteConfig route;
  std::vector<TestJson> payloads;  // of the rows that taught nothing

  explicit Recorded(const std::string& path, const std::string& source) {
    TestJson json = good_config();
    TestJson& entry = json["routes"][0];
    entry.erase("bind");
    entry["fields"] = entry["examples"] = TestJson::array();
    entry["window"] = {{"s", 3600}, {"of", TestJson::array()}};
    std::vector<TestJson> rows;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
      TestJson row = TestJson::parse(line);
      if (row["source"] != source) continue;
      const TestJson payload = TestJson::parse(row["payload"].get<std::string>());
      entry["schema"] = row["schema"];
      rows.push_back({{"payload", payload}, {"expected", row["expected"]}});
    }
    for (const auto& [name, value] : rows.at(0)["payload"].items()) {
      if (!value.is_number()) continue;
      entry["fields"].push_back({{"name", name}});
      entry["window"]["of"].push_back(name);
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const TestJson& row = rows[i * 37 % rows.size()];
      if (i < 64) {
        entry["examples"].push_back(row);
      } else {
        payloads.push_back(row["payload"]);
      }
    }
    route = load(json).routes[0];
  }
};

TEST(WindowRoute, AStuckValueOfRecordedTelemetryIsAFault) {
  const auto path = test_support::shared_file("rows/status.jsonl");
  if (!path) GTEST_SKIP() << "skipped: " << test_support::kNoSharedData;
  for (const std::string source : {"occupancy", "ai4i", "cwru-bearing"}) {
    const Recorded recorded(*path, source);
    WindowBook book;
    for (std::size_t i = 0; i < recorded.payloads.size(); ++i) {
      const Element element =
          take(book, recorded.route, "sound", static_cast<double>(i), recorded.payloads[i].dump());
      EXPECT_EQ(element.fault, "") << source << " row " << i;
    }
    for (std::size_t f = 0; f < recorded.route.fields.size(); ++f) {
      const std::string& name = recorded.route.fields[f].name;
      const auto& known = recorded.route.window->example_readings[f];
      // A reading that is no usual one.
      TestJson value;
      for (const TestJson& payload : recorded.payloads) {
        const double reading = payload[name].get<double>();
        if (std::count(known.begin(), known.end(), reading) < 3) value = payload[name];
      }
      ASSERT_FALSE(value.is_null()) << source << " " << name;
      Element element;
      for (std::size_t i = 0; i < 12; ++i) {
        TestJson payload = recorded.payloads[i];
        payload[name] = value;
        element = take(book, recorded.route, name, static_cast<double>(i), payload.dump());
        EXPECT_EQ(element.fault.empty(), i + 1 < recorded.route.window->stuck);
      }
      EXPECT_EQ(element.fault, "field_stuck") << source << " " << name;
    }
  }
}

}  // namespace
}  // namespace agent
