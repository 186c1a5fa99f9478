// The store on real files: what is kept, what is bounded, and what becomes of a file that is
// damaged, foreign or of another version.

#include "agent/store/store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace agent {
namespace {

StoredLesson lesson(const std::string& text, const std::string& expected = R"({"a":1})",
                    const std::string& route = "press") {
  StoredLesson out;
  out.route = route;
  out.text = text;
  out.payload = text;
  out.expected = expected;
  out.source = "feedback";
  out.time_ms = 1767225600000;
  return out;
}

std::vector<std::string> texts(const std::vector<StoredLesson>& lessons) {
  std::vector<std::string> out;
  for (const StoredLesson& each : lessons) out.push_back(each.text);
  return out;
}

using Texts = std::vector<std::string>;

class StoreTest : public testing::Test {
 protected:
  OpenedStore open(const StoreOptions& options = {}) {
    return open_store(dir_.path().string(), options);
  }
  std::string path() const { return store_path(dir_.path().string()); }
  std::string bytes() const {
    std::ifstream file(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void write(const std::string& bytes) {
    std::ofstream(path(), std::ios::binary | std::ios::trunc) << bytes;
  }

  test_support::TempDir dir_;
};

TEST_F(StoreTest, KeepsLessonsOverARestartInAFileForItsOwnerOnly) {
  StoredLesson first = lesson("oil leaks");
  first.topic = "plant/a";
  first.input = "7";
  first.schema_hash = "abc";
  first.weight = 0.25;
  {
    const OpenedStore opened = open();
    EXPECT_EQ(opened.trouble, "");
    EXPECT_GT(opened.store->lessons().add(first), 0);
  }
  struct stat status {};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  const auto kept = open().store->lessons().kept("press");
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].text, first.text);
  EXPECT_EQ(kept[0].payload, first.payload);
  EXPECT_EQ(kept[0].expected, first.expected);
  EXPECT_EQ(kept[0].topic, first.topic);
  EXPECT_EQ(kept[0].input, first.input);
  EXPECT_EQ(kept[0].schema_hash, first.schema_hash);
  EXPECT_EQ(kept[0].source, "feedback");
  EXPECT_EQ(kept[0].weight, 0.25);
  EXPECT_EQ(kept[0].time_ms, first.time_ms);
  EXPECT_EQ(kept[0].state, "active");
}

TEST_F(StoreTest, TheNewestLabelOfATextWins) {
  const OpenedStore opened = open();
  LessonTable& table = opened.store->lessons();
  table.add(lesson("a", R"({"x":1})"));
  table.add(lesson("b"));
  table.add(lesson("a", R"({"x":2})", "other"));
  table.add(lesson("a", R"({"x":3})"));
  const auto kept = table.kept("press");
  EXPECT_EQ(texts(kept), (Texts{"b", "a"}));
  EXPECT_EQ(kept[1].expected, R"({"x":3})");
  EXPECT_EQ(table.kept("other").size(), 1U) << "another route is not touched";
  EXPECT_EQ(table.all("press").size(), 3U);
}

TEST_F(StoreTest, ForgetsOneOrAllOfARouteAndNothingElse) {
  const OpenedStore opened = open();
  LessonTable& table = opened.store->lessons();
  const auto a = table.add(lesson("a"));
  table.add(lesson("b"));
  table.add(lesson("c"));
  const auto other = table.add(lesson("a", "{}", "other"));
  EXPECT_EQ(table.forget("press", other), 0) << "an id of another route";
  EXPECT_EQ(table.forget("press", a), 1);
  EXPECT_EQ(table.forget("press", a), 0) << "twice";
  EXPECT_EQ(texts(table.kept("press")), (Texts{"b", "c"}));
  EXPECT_EQ(table.forget("press", std::nullopt), 2);
  EXPECT_TRUE(table.kept("press").empty());
  EXPECT_EQ(table.kept("").size(), 1U);
  EXPECT_EQ(table.all("press").size(), 3U) << "to be looked at";
}

TEST_F(StoreTest, BoundsTheLessonsOfARouteInRowsAndBytes) {
  StoreOptions options;
  options.lessons = {.rows_max = 5, .self_rows_max = 2, .bytes_max = 1000};
  const OpenedStore opened = open(options);
  LessonTable& table = opened.store->lessons();
  table.add(lesson("elsewhere", "{}", "other"));
  for (int i = 0; i < 8; ++i) table.add(lesson(std::to_string(i)));
  EXPECT_EQ(texts(table.kept("press")), (Texts{"3", "4", "5", "6", "7"}));
  for (int i = 0; i < 4; ++i) {
    StoredLesson own = lesson("self" + std::to_string(i));
    own.source = "self";
    table.add(own);
  }
  EXPECT_EQ(table.kept("press").size(), 7U) << "its own answers cannot push a correction out";
  table.add(lesson(std::string(450, 'x')));  // counted as text and as payload
  EXPECT_EQ(texts(table.kept("press")).front(), "4");
  EXPECT_EQ(table.kept("press").size(), 2U + 5U);
  table.add(lesson(std::string(490, 'y')));
  EXPECT_EQ(table.kept("press").size(), 2U + 1U) << "over 1000 bytes the oldest go";
  for (int i = 0; i < 9; ++i) {
    table.add(lesson("again"));
  }
  EXPECT_LE(table.all("press").size(), 2U + 5U + 5U) << "forgotten rows are bounded too";
  EXPECT_EQ(table.kept("other").size(), 1U);
}

TEST_F(StoreTest, FindsRecentInputsByIdAndTopicBeforeAndAfterTheyAreWritten) {
  {
    const OpenedStore opened = open();
    InputTable& inputs = opened.store->inputs();
    EXPECT_FALSE(inputs.add({"press", "1", "t/1", "first", "p1"}));
    EXPECT_FALSE(inputs.add({"press", "2", "t/1", "second", "p2"}));
    EXPECT_FALSE(inputs.add({"press", "3", "t/2", "third", "p3"}));
    EXPECT_FALSE(inputs.add({"other", "4", "t/1", "fourth", "p4"}));
    EXPECT_EQ(inputs.by_id("press", "1")->text, "first");
    EXPECT_EQ(inputs.latest("press", "t/1")->text, "second");
    inputs.flush();
    EXPECT_EQ(inputs.latest("press", "t/1")->text, "second");
    EXPECT_FALSE(inputs.add({"press", "1", "t/1", "fifth", "p5"}));
    EXPECT_EQ(inputs.by_id("press", "1")->text, "fifth") << "the newest of an id";
    EXPECT_EQ(inputs.latest("press", "t/1")->payload, "p5");
    EXPECT_FALSE(inputs.by_id("press", "4"));
    EXPECT_FALSE(inputs.latest("press", "t/3"));
    inputs.flush();
  }
  const OpenedStore again = open();
  EXPECT_EQ(again.store->inputs().by_id("press", "2")->text, "second");
  EXPECT_EQ(again.store->inputs().latest("other", "t/1")->input, "4");
}

TEST_F(StoreTest, BoundsRecentInputsOfARouteAndOfAll) {
  StoreOptions options;
  options.inputs = {.rows_max = 10,
                    .bytes_max = 100,
                    .bytes_total_max = 150,
                    .waiting_rows_max = 4,
                    .waiting_bytes_max = 1000};
  const OpenedStore opened = open(options);
  InputTable& inputs = opened.store->inputs();
  int due = 0;
  for (int i = 0; i < 40; ++i) {
    if (inputs.add({"press", std::to_string(i), "t", "x", "y"})) {
      inputs.flush();
      ++due;
    }
  }
  EXPECT_EQ(due, 10);
  EXPECT_FALSE(inputs.by_id("press", "29"));
  EXPECT_TRUE(inputs.by_id("press", "30"));
  EXPECT_TRUE(inputs.add({"press", "large", "t", std::string(500, 'x'), std::string(500, 'x')}));
  inputs.flush();
  EXPECT_FALSE(inputs.by_id("press", "39")) << "over the bytes of a route";
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(inputs.add({"r" + std::to_string(i), "1", "t", std::string(60, 'x'), ""}));
  }
  inputs.flush();
  EXPECT_FALSE(inputs.by_id("r0", "1")) << "over the bytes of all routes";
  EXPECT_TRUE(inputs.by_id("r1", "1"));
  EXPECT_TRUE(inputs.by_id("r2", "1"));
}

TEST_F(StoreTest, LessonsThatDoNotFitWaitAndComeBack) {
  const OpenedStore opened = open();
  LessonTable& table = opened.store->lessons();
  const auto a = table.add(lesson("a"));
  const auto b = table.add(lesson("b"));
  const auto other = table.add(lesson("a", "{}", "other"));
  const auto states = [&] {
    Texts out;
    for (const StoredLesson& each : table.kept("")) out.push_back(each.state);
    return out;
  };
  table.set_pending("press", std::vector{a, other});
  EXPECT_EQ(states(), (Texts{"pending", "active", "active"})) << "another route's id";
  table.set_pending("press", std::vector{b});
  EXPECT_EQ(states(), (Texts{"active", "pending", "active"}));
  table.set_pending("press", {});
  EXPECT_EQ(states(), (Texts{"active", "active", "active"}));
}

TEST_F(StoreTest, WithoutAFolderItLivesInMemory) {
  const OpenedStore opened = open_store("", {});
  EXPECT_EQ(opened.trouble, "");
  opened.store->lessons().add(lesson("a"));
  EXPECT_EQ(opened.store->lessons().kept("press").size(), 1U);
  EXPECT_TRUE(open_store("", {}).store->lessons().kept("").empty());
}

TEST_F(StoreTest, AFileOfAnEarlierVersionIsBroughtUpToDate) {
  open().store->lessons().add(lesson("kept"));
  {
    // What version 1 looked like: the lessons alone.
    Database database(path(), Database::Access::Existing, std::chrono::milliseconds(0));
    database.execute("DROP TABLE recent_inputs; PRAGMA user_version=1");
  }
  const OpenedStore opened = open();
  EXPECT_EQ(opened.trouble, "");
  EXPECT_EQ(texts(opened.store->lessons().kept("press")), (Texts{"kept"}));
  EXPECT_FALSE(opened.store->inputs().add({"press", "1", "t", "x", "y"}));
  opened.store->inputs().flush();
  EXPECT_TRUE(opened.store->inputs().by_id("press", "1"));
}

TEST_F(StoreTest, AMigrationThatFailsLeavesTheFileAsItWas) {
  const char* const first[] = {"CREATE TABLE a(x INTEGER) STRICT"};
  const char* const broken[] = {first[0], "CREATE TABLE b(x INTEGER) STRICT; nonsense"};
  const char* const repaired[] = {first[0], "CREATE TABLE b(x INTEGER) STRICT"};
  Database database(path(), Database::Access::Create, std::chrono::milliseconds(0));
  database.migrate(first, 7);
  EXPECT_THROW(database.migrate(broken, 7), StoreError);
  Statement tables(&database, "SELECT count(*) FROM sqlite_master");
  ASSERT_TRUE(tables.step());
  EXPECT_EQ(tables.integer(0), 1);
  tables.reset();
  database.migrate(repaired, 7);
}

TEST_F(StoreTest, AForeignFileIsSetAsideAndNamed) {
  const std::string junk = "this is a photograph of a cat, not a database" + std::string(5000, '.');
  write(junk);
  const OpenedStore opened = open();
  EXPECT_NE(opened.trouble.find("not a database"), std::string::npos) << opened.trouble;
  EXPECT_EQ(opened.set_aside, path() + ".bad-1");
  std::ifstream aside(opened.set_aside, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(aside), {}), junk) << "nothing is destroyed";
  opened.store->lessons().add(lesson("a"));
  EXPECT_EQ(open().store->lessons().kept("press").size(), 1U);
}

TEST_F(StoreTest, AnotherProgramsDatabaseAndALaterVersionAreSetAside) {
  {
    Database database(path(), Database::Access::Create, std::chrono::milliseconds(0));
    database.execute("CREATE TABLE browser_history(url TEXT)");
  }
  const OpenedStore other = open();
  EXPECT_NE(other.trouble.find("another program"), std::string::npos) << other.trouble;
  EXPECT_EQ(other.set_aside, path() + ".bad-1");
  other.store->database().execute("PRAGMA user_version=99");
  const OpenedStore later = open();
  EXPECT_NE(later.trouble.find("found version 99"), std::string::npos) << later.trouble;
  EXPECT_EQ(later.set_aside, path() + ".bad-2");
  EXPECT_EQ(open().trouble, "");
}

TEST_F(StoreTest, ADamagedFileGivesUpItsGoodPrefix) {
  constexpr std::size_t kLessons = 60;
  {
    const OpenedStore opened = open();
    for (std::size_t i = 0; i < kLessons; ++i) {
      opened.store->lessons().add(lesson(std::to_string(i) + std::string(1000, 'x')));
    }
    opened.store->database().execute("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  const std::string good = bytes();
  constexpr std::size_t kPage = 4096;
  ASSERT_GT(good.size(), 20 * kPage);
  std::size_t partly = 0;
  for (std::size_t page = 0; page < good.size() / kPage; page += 2) {
    std::string bad = good;
    std::fill_n(bad.begin() + static_cast<std::ptrdiff_t>(page * kPage), kPage, '\xA5');
    write(bad);
    OpenedStore opened = open();
    ASSERT_NE(opened.trouble, "") << page;
    ASSERT_NE(opened.set_aside, "") << page;
    const auto kept = opened.store->lessons().kept("press");
    ASSERT_EQ(kept.size(), opened.lessons_saved);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      ASSERT_TRUE(kept[i].text.starts_with(std::to_string(i) + "x")) << "the prefix, in order";
    }
    partly += kept.empty() ? 0 : 1;
    opened.store->lessons().add(lesson("goes on"));
    opened.store.reset();
    std::filesystem::remove(opened.set_aside);
    std::filesystem::remove(path());
  }
  EXPECT_GT(partly, 5U) << "most damage leaves something to keep";
}

TEST_F(StoreTest, AFileCutAtAnyLengthNeverStopsTheService) {
  {
    const OpenedStore opened = open();
    for (int i = 0; i < 8; ++i) opened.store->lessons().add(lesson(std::to_string(i)));
    opened.store->database().execute("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  const std::string good = bytes();
  for (std::size_t size = 0; size < good.size(); size += 1021) {
    write(good.substr(0, size));
    {
      const OpenedStore opened = open();
      ASSERT_NE(opened.store, nullptr);
      opened.store->lessons().add(lesson("new"));
      ASSERT_GE(opened.store->lessons().kept("press").size(), 1U) << size;
    }
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) {
      std::filesystem::remove(entry.path());
    }
  }
}

TEST_F(StoreTest, AFolderThatCannotBeUsedMeansAStoreInMemory) {
  const OpenedStore opened = open_store(dir_.file("absent"), {});
  EXPECT_NE(opened.trouble.find("cannot be written"), std::string::npos) << opened.trouble;
  EXPECT_EQ(opened.set_aside, "");
  opened.store->lessons().add(lesson("a"));
  EXPECT_EQ(opened.store->lessons().kept("press").size(), 1U);
}

TEST_F(StoreTest, AnotherProcessCanForgetAndIsNoticed) {
  const OpenedStore agent = open();
  const auto id = agent.store->lessons().add(lesson("a"));
  const auto before = agent.store->database().data_version();
  EXPECT_EQ(agent.store->database().data_version(), before) << "its own commits do not count";
  StoreOptions existing;
  existing.access = Database::Access::Existing;
  Store command(path(), existing);
  EXPECT_EQ(command.lessons().forget("press", id), 1);
  EXPECT_NE(agent.store->database().data_version(), before);
  EXPECT_TRUE(agent.store->lessons().kept("press").empty());
}

}  // namespace
}  // namespace agent
