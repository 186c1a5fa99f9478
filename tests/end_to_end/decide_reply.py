#!/usr/bin/python3
"""Does a request get its reply, and only where replies are allowed?

The second peer is mosquitto_rr, mosquitto_pub and mosquitto_sub, which share no code with the
observer.
"""

import json
import subprocess

from harness import WAIT_S, case, places
from harness.process import Process


class Reply(case.AgentCase):
    def setUp(self):
        super().setUp()
        self.reply = f"{self.space}/reply"

    def start_with_replies(self, routes=None):
        self.start(routes, broker={"uri": self.broker.uri, "reply_to": [f"{self.reply}/#"]})

    def test_reply_carries_the_correlation_data_and_the_decision(self):
        self.start_with_replies()
        decision = self.decide("notes", "oil", ResponseTopic=f"{self.reply}/a",
                               CorrelationData=b"\x01\x00\xfe")
        reply = self.observer.wait_count(1, f"{self.reply}/a")[0]
        self.assertEqual(reply.correlation, b"\x01\x00\xfe")
        self.assertEqual(reply.payload, decision.payload)
        self.assertEqual(reply.user, decision.user)

    def test_outside_reply_to_there_is_no_reply(self):
        self.start_with_replies()
        for topic in (f"{self.space}/elsewhere", f"{self.space}/in/notes", self.own("status"),
                      self.out(), f"{self.space}/replyx/a", "$SYS/reply"):
            self.decide("notes", "oil", ResponseTopic=topic)
        self.decide("notes", "oil", ResponseTopic=f"{self.reply}/last")
        self.observer.wait_count(1, f"{self.reply}/last")
        topics = {m.topic for m in self.observer.received}
        expected = {f"{self.space}/in/notes", self.out(), f"{self.reply}/last", self.own("status")}
        told = {t for t in topics if t.startswith(self.own("alarm/"))}
        self.assertEqual(topics - told - {self.own("metrics"), self.own("fence")}, expected)
        self.assertEqual(len(self.observer.of(f"{self.space}/in/notes")), 7)

    def test_without_reply_to_nobody_gets_a_reply(self):
        self.start()
        self.decide("notes", "oil", ResponseTopic=f"{self.reply}/a")
        self.decide("notes", "oil")
        self.assertEqual(self.observer.of(f"{self.reply}/a"), [])

    def test_a_refused_request_is_told_so(self):
        self.start_with_replies([self.route(payload="json")])
        self.send("notes", "{", ResponseTopic=f"{self.reply}/a", CorrelationData=b"7")
        reply = self.observer.wait_count(1, f"{self.reply}/a")[0]
        self.assertIsNone(reply.json)
        self.assertEqual(reply.correlation, b"7")
        self.assertEqual((reply.user["outcome"], reply.user["reason"]),
                         ("REJECTED", "payload_not_json"))
        self.assertEqual(reply.user["type"], "picolm.refusal")

    def test_mosquitto_clients_see_the_same(self):
        self.start_with_replies()
        address = ["-h", self.broker.host, "-p", str(self.broker.port), "-V", "mqttv5"]
        listener = Process([places.program("stdbuf"), "-oL", places.program("mosquitto_sub"),
                            *address, "-t", self.out(), "-F", "%J", "-d"])
        self.addCleanup(listener.kill)
        listener.wait_line("Subscribed")
        asked = subprocess.run(
            [places.program("mosquitto_rr"), *address, "-t", f"{self.space}/in/notes", "-e",
             f"{self.reply}/rr", "-m", "oil on the floor", "-F", "%J", "-W", str(WAIT_S),
             "-D", "publish", "correlation-data", "c17", "-D", "publish", "user-property", "id",
             "from-rr"], capture_output=True, text=True, check=True)
        reply = json.loads(asked.stdout)
        self.assertIn(reply["payload"]["status"], ("ok", "error", "warning"))
        self.assertEqual(reply["properties"]["correlation-data"], "c17")
        seen = json.loads(listener.wait_line('^{"tst"'))
        self.assertEqual(seen["payload"], reply["payload"])
        properties = seen["properties"]["user-properties"]
        self.assertEqual(properties["input"], "from-rr")
        self.assertEqual(properties["type"], "picolm.decision")
        subprocess.run([places.program("mosquitto_pub"), *address, "-q", "1", "-t",
                        f"{self.space}/in/notes", "-m", "second"], check=True)
        self.wait_decisions(2)


if __name__ == "__main__":
    case.main(programs=("mosquitto", "mosquitto_sub", "mosquitto_pub", "mosquitto_rr"))
