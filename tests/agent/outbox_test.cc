// The outbox: what is kept until it is acknowledged, in which order, and what is given up.

#include "agent/outbox.h"

#include <gtest/gtest.h>

#include <random>

namespace agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using transport::ProtocolVersion;
using transport::PublishStatus;

// A link that keeps what it was given until the test answers.
struct FakeLink {
  Outbox::Send send() {
    return [this](transport::Message message, Outbox::Done done) {
      if (!up) return false;
      sent.push_back(std::move(message));
      open.push_back(std::move(done));
      return true;
    };
  }
  void answer_all(PublishStatus status) {
    std::vector<Outbox::Done> now;
    now.swap(open);
    for (const Outbox::Done& done : now) done({status, 0});
  }

  bool up = true;
  std::vector<transport::Message> sent;
  std::vector<Outbox::Done> open;
};

Outbound outbound(int number) {
  Outbound out;
  out.message.topic = "t";
  out.message.payload = std::to_string(number);
  out.message.properties.content_type = "application/json";
  out.payload_311 = "full " + out.message.payload;
  return out;
}

TEST(Outbox, KeepsWhatIsLostAndSendsTheSameBytesAgainInOrder) {
  FakeLink link;
  Outbox outbox({}, link.send());
  const SteadyTime now = std::chrono::steady_clock::now();
  for (int i = 0; i < 5; ++i) outbox.add(outbound(i), now);
  outbox.pump(ProtocolVersion::Mqtt5, now);
  EXPECT_EQ(outbox.counts().in_flight, 5U);
  link.up = false;
  link.answer_all(PublishStatus::Lost);
  outbox.pump(ProtocolVersion::Mqtt5, now);
  EXPECT_EQ(outbox.counts().waiting, 5U);
  link.up = true;
  outbox.pump(ProtocolVersion::Mqtt5, now);
  link.answer_all(PublishStatus::Acknowledged);
  ASSERT_EQ(link.sent.size(), 10U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(link.sent[i].payload, std::to_string(i));
    EXPECT_EQ(link.sent[i + 5].payload, link.sent[i].payload);
  }
  EXPECT_TRUE(outbox.empty());
  EXPECT_EQ(outbox.counts().acknowledged, 5U);
}

TEST(Outbox, AsksTheGateAtEverySendAndKeepsAMessageNoLongerThanItsLife) {
  FakeLink link;
  bool stopped = false;
  Outbox outbox({}, link.send(), [&](const Outbound& out) {
    return out.duty != Outbound::Duty::Command || !stopped;
  });
  const SteadyTime now = std::chrono::steady_clock::now();
  for (int i = 0; i < 4; ++i) {
    Outbound out = outbound(i);
    out.duty = i == 1 ? Outbound::Duty::SafeCommand : Outbound::Duty::Command;
    out.lifetime_ms = i == 3 ? 9'000 : 5'000;
    outbox.add(out, now);
  }
  outbox.pump(ProtocolVersion::Mqtt5, now);
  link.up = false;
  link.answer_all(PublishStatus::Lost);
  EXPECT_EQ(outbox.counts().waiting, 4U);
  link.up = true;
  link.sent.clear();
  // The stop came while the link was away: of what was sent before only the safe one goes again.
  stopped = true;
  outbox.pump(ProtocolVersion::Mqtt5, now + milliseconds(4'999));
  ASSERT_EQ(link.sent.size(), 1U);
  EXPECT_EQ(link.sent[0].payload, "1");
  EXPECT_EQ(outbox.counts().stopped, 3U);
  link.answer_all(PublishStatus::Lost);
  outbox.pump(ProtocolVersion::Mqtt5, now + milliseconds(5'000));
  EXPECT_EQ(outbox.counts().expired, 1U);
  EXPECT_TRUE(outbox.empty());
}

TEST(Outbox, KeepsPlacesForSafeCommands) {
  FakeLink link;
  OutboxLimits limits;
  limits.messages_max = 5;
  limits.in_flight_max = 1;
  limits.reserved = 1;
  Outbox outbox(limits, link.send());
  const SteadyTime now = std::chrono::steady_clock::now();
  Outbound safe = outbound(100);
  safe.duty = Outbound::Duty::SafeCommand;
  outbox.add(outbound(0), now);
  outbox.add(safe, now);
  for (int i = 1; i < 20; ++i) outbox.add(outbound(i), now);
  EXPECT_EQ(outbox.counts().dropped, 16U);
  outbox.pump(ProtocolVersion::Mqtt5, now);  // the safe one is the oldest that is left
  ASSERT_EQ(link.sent.size(), 1U);
  EXPECT_EQ(link.sent[0].payload, "100");
  safe.message.payload = "101";
  outbox.add(safe, now);
  outbox.pump(ProtocolVersion::Mqtt5, now);
  ASSERT_EQ(link.sent.size(), 2U);
  EXPECT_EQ(link.sent[1].payload, "101");
  outbox.add(safe, now);
  outbox.pump(ProtocolVersion::Mqtt5, now);
  EXPECT_EQ(link.sent.size(), 2U);
}

TEST(Outbox, ABusyLinkLosesNothingAndIsNotAskedAgainAtOnce) {
  int asked = 0;
  std::vector<std::string> sent;
  bool busy = true;
  Outbox outbox({}, [&](transport::Message message, Outbox::Done done) {
    ++asked;
    if (!busy) sent.push_back(message.payload);
    done({busy ? PublishStatus::Busy : PublishStatus::Acknowledged, 0});
    return true;
  });
  const SteadyTime now = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) outbox.add(outbound(i), now);
  outbox.pump(ProtocolVersion::Mqtt5, now);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(outbox.counts().waiting, 3U);
  busy = false;
  outbox.pump(ProtocolVersion::Mqtt5, now);
  EXPECT_EQ(sent, (std::vector<std::string>{"0", "1", "2"}));
  EXPECT_EQ(outbox.counts().acknowledged, 3U);
}

TEST(Outbox, CapsWhatIsInFlightAndGoesOnByItself) {
  FakeLink link;
  OutboxLimits limits;
  limits.in_flight_max = 3;
  Outbox outbox(limits, link.send());
  const SteadyTime now = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i) outbox.add(outbound(i), now);
  outbox.pump(ProtocolVersion::Mqtt5, now);
  EXPECT_EQ(link.sent.size(), 3U);
  while (!link.open.empty()) link.answer_all(PublishStatus::NoSubscribers);
  EXPECT_EQ(link.sent.size(), 10U);
  EXPECT_EQ(outbox.counts().no_subscribers, 10U);
}

TEST(Outbox, ExpiresWhatWaitedTooLongAndNeverSendsItLater) {
  FakeLink link;
  link.up = false;
  Outbox outbox({}, link.send());
  const SteadyTime now = std::chrono::steady_clock::now();
  outbox.add(outbound(0), now);
  outbox.add(outbound(1), now + seconds(30));
  outbox.pump(ProtocolVersion::Mqtt5, now + seconds(59));
  EXPECT_EQ(outbox.counts().waiting, 2U);
  link.up = true;
  outbox.pump(ProtocolVersion::Mqtt5, now + seconds(61));
  EXPECT_EQ(outbox.counts().expired, 1U);
  ASSERT_EQ(link.sent.size(), 1U);
  EXPECT_EQ(link.sent[0].payload, "1");
}

TEST(Outbox, TellsTheBrokerWhatRemainsOfTheExpiryAtEachSend) {
  FakeLink link;
  Outbox outbox({}, link.send());
  const SteadyTime now = std::chrono::steady_clock::now();
  Outbound out = outbound(0);
  out.message.properties.message_expiry_s = 60;
  outbox.add(out, now);
  outbox.add(outbound(1), now);  // has none, gets none
  for (const int age : {0, 25, 59}) {
    outbox.pump(ProtocolVersion::Mqtt5, now + seconds(age));
    link.answer_all(PublishStatus::Lost);
  }
  ASSERT_EQ(link.sent.size(), 6U);
  EXPECT_EQ(link.sent[0].properties.message_expiry_s, 60U);
  EXPECT_EQ(link.sent[2].properties.message_expiry_s, 35U);
  EXPECT_EQ(link.sent[4].properties.message_expiry_s, 1U);
  EXPECT_FALSE(link.sent[5].properties.message_expiry_s);
}

TEST(Outbox, DropsTheOldestWhenFullAndRetiresWhatTheBrokerRefuses) {
  FakeLink link;
  OutboxLimits limits;
  limits.messages_max = 3;
  Outbox outbox(limits, link.send());
  const SteadyTime now = std::chrono::steady_clock::now();
  for (int i = 0; i < 5; ++i) outbox.add(outbound(i), now);
  EXPECT_EQ(outbox.counts().dropped, 2U);
  outbox.pump(ProtocolVersion::Mqtt5, now);
  EXPECT_EQ(link.sent.front().payload, "2");
  link.answer_all(PublishStatus::Denied);
  EXPECT_EQ(outbox.counts().refused, 3U);
  EXPECT_TRUE(outbox.empty());
}

TEST(Outbox, On311TheFullPayloadGoesOutWithoutProperties) {
  FakeLink link;
  Outbox outbox({}, link.send());
  const SteadyTime now = std::chrono::steady_clock::now();
  outbox.add(outbound(1), now);
  outbox.pump(ProtocolVersion::Mqtt311, now);
  EXPECT_EQ(link.sent[0].payload, "full 1");
  EXPECT_EQ(link.sent[0].properties.content_type, "");
}

// added = acknowledged + refused + expired + dropped + waiting + in flight, whatever happens.
TEST(Outbox, BooksBalanceUnderRandomLinks) {
  std::mt19937 random(11);
  for (int round = 0; round < 50; ++round) {
    FakeLink link;
    OutboxLimits limits;
    limits.messages_max = 8;
    limits.in_flight_max = 3;
    Outbox outbox(limits, link.send());
    SteadyTime now = std::chrono::steady_clock::now();
    for (int step = 0; step < 200; ++step) {
      now += milliseconds(random() % 5000);
      link.up = random() % 4 != 0;
      if (random() % 2 == 0) outbox.add(outbound(step), now);
      outbox.pump(ProtocolVersion::Mqtt5, now);
      const auto status = static_cast<PublishStatus>(random() % 7);
      if (random() % 3 == 0) link.answer_all(status);
      const OutboxCounts counts = outbox.counts();
      ASSERT_EQ(counts.added, counts.acknowledged + counts.refused + counts.expired +
                                  counts.dropped + counts.waiting + counts.in_flight);
      ASSERT_LE(counts.in_flight, 3U);
    }
  }
}

}  // namespace
}  // namespace agent
