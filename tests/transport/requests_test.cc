#include "transport/requests.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace transport {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

TEST(Requests, GivesTheReplyToItsOwnRequestOnly) {
  Requests requests;
  const auto old = requests.begin();
  const auto id = requests.begin();
  ASSERT_TRUE(old && id);
  requests.answer(*old, {.ok = true, .code = 1});
  requests.answer(*id, {.ok = true, .code = 2});
  const std::vector<Reply> replies = requests.wait(steady_clock::now() + seconds(10));
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(replies[0].code, 2);
}

TEST(Requests, WaitsForAllRepliesAndKeepsTheirOrder) {
  Requests requests;
  const auto first = requests.begin(3);
  requests.answer(*first + 2, {.code = 12});
  requests.answer(*first + 0, {.code = 10});
  requests.answer(*first + 0, {.code = 99});
  requests.answer(*first + 3, {.code = 99});
  std::thread other([&] { requests.answer(*first + 1, {.code = 11}); });
  const std::vector<Reply> replies = requests.wait(steady_clock::now() + seconds(60));
  other.join();
  ASSERT_EQ(replies.size(), 3u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(replies[static_cast<std::size_t>(i)].code, 10 + i);
}

TEST(Requests, StopsWaitingAtTheDeadlineAndDropsTheLateReply) {
  Requests requests;
  const auto id = requests.begin();
  EXPECT_TRUE(requests.wait(steady_clock::now() + milliseconds(5)).empty());
  requests.answer(*id, {.ok = true});
  EXPECT_TRUE(requests.begin().has_value());
  EXPECT_TRUE(requests.wait(steady_clock::now() + milliseconds(5)).empty());
}

TEST(Requests, CancelEndsAWaitFromAnotherThread) {
  Requests requests;
  ASSERT_TRUE(requests.begin().has_value());
  std::thread other([&] { requests.cancel(); });
  EXPECT_TRUE(requests.wait(steady_clock::now() + seconds(60)).empty());
  other.join();
  EXPECT_FALSE(requests.begin().has_value());
}

TEST(Requests, RefusesMorePublishesThanTheLimitAndLeavesTheCallbackAlone) {
  Requests requests;
  int calls = 0;
  PublishDone first = [&](PublishResult) { ++calls; };
  PublishDone second = [&](PublishResult) { ++calls; };
  EXPECT_TRUE(requests.add_publish(first, 1).has_value());
  EXPECT_FALSE(requests.add_publish(second, 1).has_value());
  EXPECT_TRUE(static_cast<bool>(second));
  requests.finish_all_publishes(PublishStatus::Lost);
  EXPECT_EQ(calls, 1);
}

TEST(Requests, CallsEveryPublishCallbackExactlyOnceUnderRaces) {
  constexpr int kPublishes = 2000;
  Requests requests;
  std::vector<std::atomic<int>> calls(kPublishes);
  std::vector<Requests::Id> ids;
  for (int i = 0; i < kPublishes; ++i) {
    PublishDone done = [&calls, i](PublishResult) { ++calls[static_cast<std::size_t>(i)]; };
    ids.push_back(*requests.add_publish(done, kPublishes));
  }
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (const Requests::Id id : ids) {
        requests.finish_publish(id, {.status = PublishStatus::Acknowledged});
      }
    });
  }
  requests.finish_all_publishes(PublishStatus::Lost);
  for (std::thread& thread : threads) thread.join();
  requests.wait_for_publishes(steady_clock::now() + seconds(60));  // returns: none is left
  for (const auto& count : calls) ASSERT_EQ(count, 1);
}

TEST(Requests, WaitsForPublishesInFlight) {
  Requests requests;
  PublishDone done;
  const auto id = requests.add_publish(done, 1);
  const auto before = steady_clock::now();
  requests.wait_for_publishes(before + milliseconds(20));
  EXPECT_GE(steady_clock::now() - before, milliseconds(20));
  std::thread other([&] { requests.finish_publish(*id, {}); });
  requests.wait_for_publishes(steady_clock::now() + seconds(60));
  other.join();
}

}  // namespace
}  // namespace transport
