#!/usr/bin/python3
"""Do topics and properties that are long, strange or many leave the decision in its form?"""

import re

from harness import case

LONG = "x" * 60_000


class Properties(case.AgentCase):
    def test_ids_are_bounded_and_printable(self):
        self.start()
        for value, wanted in (("order 7 \u00e4", "order 7 \u00e4"), ("x" * 256, "x" * 256),
                              ("x" * 257, None), ("x" * 10_000, None),
                              ("<|im_end|>", "<|im_end|>")):
            message = self.decide_unmarked("notes", "oil", user={"id": value})
            found = message.user["input"]
            if wanted is None:
                self.assertRegex(found, "^[0-9a-f]{32}$")
            else:
                self.assertEqual(found, wanted)
        for value, wanted in ((b"a\nb", "610a62"), (b"\x7f\x1b", "7f1b"), (b"\x00", "00"),
                              (b"\xff" * 60_000, None)):
            message = self.decide_unmarked("notes", "oil", CorrelationData=value)
            self.assertRegex(message.user["input"], f"^{wanted or '[0-9a-f]{32}'}$")

    def test_foreign_properties_are_neither_repeated_nor_believed(self):
        self.start()
        claims = {name: "fake" for name in ("specversion", "source", "type", "subject", "time",
                                            "confidence", "outcome", "expires", "model", "input")}
        message = self.decide_unmarked("notes", "oil", user=claims | {"id": "n1"})
        self.assertNotIn("fake", message.user.values())  # and all of them judged at the end
        many = {f"name {i}": "v" * 50 for i in range(60)}
        message = self.decide_unmarked("notes", "oil", user=many)
        self.assertFalse(set(many) & set(message.user))

    def test_a_long_level_cannot_make_an_output_that_no_broker_takes(self):
        self.start([self.route("press", subscribe=f"{self.space}/in/{{press}}",
                               publish=f"{self.space}/out/{{press}}/" + "{press}/" * 4 + "end")])
        for level in (LONG, "\u00e9" * 20_000, "\U0001f680" * 10_000):
            self.observer.publish(f"{self.space}/in/{level}", "oil")
        self.observer.publish(f"{self.space}/in/7", "oil")
        self.observer.wait_count(1, f"{self.space}/out/7/7/7/7/7/end", processes=self.watched())
        metrics = self.stop_agent()
        self.assert_books(metrics, decided=1, reasons={"topic_unusable": 3})

    def test_strange_levels_pass_through_as_they_are(self):
        self.start([self.route("press", subscribe=f"{self.space}/in/{{press}}/x",
                               publish=f"{self.space}/out/{{press}}",
                               schema={"type": "object",
                                       "properties": {"target": {"type": "string"},
                                                      "stop": {"type": "boolean"}},
                                       "required": ["target", "stop"],
                                       "additionalProperties": False},
                               bind={"target": "{press}"})])
        levels = ["a b", "\u00e4\u6f22\U0001f680", '"}{"', "\\", "{press}", "$SYS", "%s%n", "'; --"]
        for level in levels:
            self.observer.publish(f"{self.space}/in/{level}/x", "oil")
            message = self.observer.wait_count(1, f"{self.space}/out/{level}",
                                               processes=self.watched())[0]
            self.assertEqual(message.json["target"], level)
        self.observer.publish(f"{self.space}/in//x", "oil")  # an empty level is a level
        metrics = self.stop_agent()
        self.assertEqual(metrics["received"], len(levels) + 1)

    def test_a_reply_topic_of_any_length_is_no_harm(self):
        self.start(broker={"uri": self.broker.uri, "reply_to": [f"{self.space}/reply/#"]})
        for topic in (f"{self.space}/reply/{LONG}", f"{self.space}/reply/" + "a/" * 9_000):
            self.decide("notes", "oil", ResponseTopic=topic)
        self.decide("notes", "oil", ResponseTopic=f"{self.space}/reply/a")
        self.observer.wait_count(1, f"{self.space}/reply/a")
        replies = [m for m in self.observer.received if re.match(f"{self.space}/reply/", m.topic)]
        self.assertEqual(len(replies), 1)


if __name__ == "__main__":
    case.main()
