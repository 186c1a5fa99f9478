#!/usr/bin/python3
"""Does everything that belongs to a decision travel with it, bare and in the full envelope?

Presence and form of the CloudEvents properties are judged for every decision of every scenario
(harness/decisions.py); here stands what they must say.
"""

import json

from harness import case
from harness.decisions import strict_json

FALLBACK = {"status": "warning"}


class Envelope(case.AgentCase):
    def test_bare_payload_is_the_decision_itself(self):
        self.start()
        message = self.decide("notes", "oil on the floor", user={"id": "order-7", "x": "y"})
        self.assertEqual(list(message.json), ["status"])
        self.assertEqual(message.payload, json.dumps(message.json, separators=(",", ":")).encode())
        self.assertEqual((message.qos, message.retained), (1, False))
        user = message.user
        self.assertEqual(user["input"], "order-7")
        self.assertEqual(user["subject"], f"{self.space}/in/notes")
        self.assertEqual((user["outcome"], user["fallback"]), ("DECIDED", "false"))
        self.assertEqual(user["rung"], "model")
        status = self.last_status()
        self.assertEqual(user["model"], status["model_hash"])
        self.assertNotIn("reason", user)

    def test_full_envelope_says_it_in_the_payload(self):
        self.start([self.route(envelope="full", id="/seq")])
        message = self.decide_unmarked("notes", '{"seq":41,"text":"oil"}')
        document = strict_json(message.payload)
        self.assertEqual(document["route"], "notes")
        self.assertEqual(document["input"], "41")
        self.assertIsNone(document["reason"])
        self.assertEqual(float(message.user["confidence"]), document["confidence"])

    def test_input_id_comes_from_property_then_correlation_then_payload(self):
        self.start([self.route(id="/seq", payload="json")])
        self.decide_unmarked("notes", '{"seq":1}', user={"id": "a"}, CorrelationData=b"b")
        self.decide_unmarked("notes", '{"seq":2}', CorrelationData=b"b")
        self.decide_unmarked("notes", '{"seq":3}', CorrelationData=b"\x00\xff")
        self.decide_unmarked("notes", '{"seq":4}')
        self.decide_unmarked("notes", "{}")
        ids = [m.user["input"] for m in self.wait_decisions(5)]
        self.assertEqual(ids[:4], ["a", "b", "00ff", "4"])
        self.assertNotIn(ids[4], ids[:4])

    def test_same_input_id_gives_the_same_decision_id(self):
        self.start([self.route(), self.route("other")])
        first = self.decide("notes", "oil", user={"id": "n1"}).user["id"]
        again = self.decide("notes", "oil", user={"id": "n1"}).user["id"]
        later = self.decide("notes", "oil", user={"id": "n2"}).user["id"]
        other = self.decide("other", "oil", user={"id": "n1"}).user["id"]
        self.assertEqual(first, again)
        self.assertEqual(len({first, later, other}), 3)

    def test_below_min_confidence_it_abstains_with_the_fallback(self):
        self.start([self.route(min_confidence=1, fallback=FALLBACK),
                    self.route("silent", min_confidence=1)])
        message = self.decide("notes", "oil", user={"id": "u1"})
        self.assertEqual(message.json, FALLBACK)
        self.assertEqual((message.user["outcome"], message.user["fallback"]), ("ABSTAINED", "true"))
        self.assertEqual(message.user["reason"], "below_min_confidence")
        self.assertEqual(message.user["rung"], "abstain")
        self.send("silent", "oil", user={"id": "u2"})
        notes = [self.observer.wait_count(1, self.own(f"abstained/{name}"))[0].json
                 for name in ("notes", "silent")]
        self.assertEqual([note["input"] for note in notes], ["u1", "u2"])
        self.assertLess(notes[0]["confidence"], 1)
        self.assertIn(notes[0]["best_guess"]["status"], ("ok", "error", "warning"))
        metrics = self.stop_agent()
        self.assertEqual(metrics["outcomes"]["ABSTAINED"], 2)
        self.assertEqual(self.observer.of(self.out("silent")), [])


if __name__ == "__main__":
    case.main()
