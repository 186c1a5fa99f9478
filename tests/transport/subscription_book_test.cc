#include "transport/subscription_book.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/support/random.h"

namespace transport {
namespace {

std::vector<std::string> filters_of(const std::vector<Subscription>& list) {
  std::vector<std::string> filters;
  for (const Subscription& one : list) filters.push_back(one.filter);
  return filters;
}

Subscription wish(const std::string& filter, int qos = 1) { return {.filter = filter, .qos = qos}; }

TEST(SubscriptionBook, AsksForEverythingAfterEachConnect) {
  SubscriptionBook book;
  const std::vector<Subscription> wanted = {wish("a"), wish("b")};
  for (const bool session_present : {false, true, true, false}) {
    book.connected(session_present);
    const auto plan = book.plan(wanted);
    EXPECT_EQ(filters_of(plan.ask), (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(plan.leave.empty());
    book.carried_out(plan, {1, 1});
    EXPECT_TRUE(book.plan(wanted).ask.empty());
  }
}

TEST(SubscriptionBook, AsksOnlyForWhatChanged) {
  SubscriptionBook book;
  book.connected(false);
  book.carried_out(book.plan({wish("a"), wish("b")}), {1, 1});
  const auto plan = book.plan({wish("b", 0), wish("c")});
  EXPECT_EQ(filters_of(plan.ask), (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(plan.leave, (std::vector<std::string>{"a"}));
}

TEST(SubscriptionBook, LeavesAFilterRemovedWhileTheLinkWasDown) {
  SubscriptionBook book;
  book.connected(false);
  book.carried_out(book.plan({wish("a"), wish("b")}), {1, 1});
  book.connected(true);
  EXPECT_EQ(book.plan({wish("b")}).leave, (std::vector<std::string>{"a"}));
  book.connected(false);  // a new session has nothing to leave
  EXPECT_TRUE(book.plan({wish("b")}).leave.empty());
}

TEST(SubscriptionBook, ReportsRefusedFiltersUntilTheyAreGrantedOrLeft) {
  SubscriptionBook book;
  book.connected(false);
  book.carried_out(book.plan({wish("a"), wish("b")}), {0x87, 1});
  EXPECT_EQ(book.refused(), (std::vector<std::string>{"a"}));
  book.carried_out(book.plan({wish("b")}), {});
  EXPECT_TRUE(book.refused().empty());
  book.carried_out(book.plan({wish("a"), wish("b")}), {0x80});
  EXPECT_EQ(book.refused(), (std::vector<std::string>{"a"}));
  book.connected(true);
  EXPECT_TRUE(book.refused().empty());
}

// A model broker carries out the plans; after each one its session must hold what is wanted.
TEST(SubscriptionBook, KeepsAModelBrokersSessionEqualToTheWishes) {
  test_support::Random random(3);
  SubscriptionBook book;
  std::map<std::string, int> session;  // filter -> qos
  book.connected(false);
  for (int step = 0; step < 3000; ++step) {
    if (random.below(4) == 0) {
      const bool kept = random.below(2) == 0;
      if (!kept) session.clear();
      book.connected(kept);
    }
    std::vector<Subscription> wanted;
    for (const char* filter : {"a", "b", "c", "d"}) {
      if (random.below(2) == 0) wanted.push_back(wish(filter, static_cast<int>(random.below(2))));
    }
    const auto plan = book.plan(wanted);
    for (const std::string& filter : plan.leave) ASSERT_EQ(session.erase(filter), 1u);
    for (const Subscription& one : plan.ask) session[one.filter] = one.qos;
    book.carried_out(plan, std::vector<int>(plan.ask.size(), 1));
    ASSERT_EQ(session.size(), wanted.size());
    for (const Subscription& one : wanted) ASSERT_EQ(session.at(one.filter), one.qos);
  }
}

}  // namespace
}  // namespace transport
