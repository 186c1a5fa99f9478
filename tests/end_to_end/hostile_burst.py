#!/usr/bin/python3
"""Does a burst of messages cost a bounded amount of memory, with every one accounted for?"""

from harness import case

MESSAGES = 20_000
RESIDENT_BYTES_MAX = 120 << 20  # model, queues and all


class Burst(case.AgentCase):
    # The broker must not drop: what it drops the agent cannot count.
    broker_options = {"settings": ["max_queued_messages 0"]}

    def test_all_are_decided_or_shed_and_the_next_one_is_decided(self):
        options = {f"w{i}": ["a", "b", "c", "d"] for i in range(8)}
        self.start([self.route("telemetry", **{"class": "telemetry"}, schema=options),
                    self.route()])
        for number in range(MESSAGES):
            self.observer.publish_unacknowledged(f"{self.space}/in/telemetry",
                                                 f'{{"n":{number},"text":"{"warm " * 40}"}}')
        self.send("telemetry", '{"n":-1}')
        # A command gets through while telemetry is shed.
        self.decide("notes", "stop the press")
        self.observer.wait(lambda _: self.finished() == MESSAGES + 2, what="end of the burst",
                           timeout=300, processes=self.watched())
        metrics = self.stop_agent()
        self.assertEqual(metrics["received"], MESSAGES + 2)
        outcomes = metrics["outcomes"]
        self.assertEqual(outcomes["DECIDED"] + outcomes["SHED"], MESSAGES + 2)
        self.assertEqual(metrics["reasons"], {"queue_full": outcomes["SHED"]})
        self.assertGreater(outcomes["SHED"], 0)
        self.assertLess(metrics["resident_bytes"], RESIDENT_BYTES_MAX)

    def finished(self):
        metrics = self.observer.of(self.own("metrics"))
        return sum(metrics[-1].json["outcomes"].values()) if metrics else 0


if __name__ == "__main__":
    case.main()
