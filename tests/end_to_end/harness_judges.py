#!/usr/bin/python3
"""Would the scenarios notice a decision, an envelope or metrics that are wrong?"""

import copy
import json
import types
import unittest

from harness import case, decisions

CONFIG = {"agent_id": "a", "topic_root": "r",
          "routes": [{"name": "n", "subscribe": "in/{x}/#", "publish": "out/{x}",
                      "schema": {"status": ["ok", "error"], "deep": {"on": [True]}}}]}
USER = {"specversion": "1.0", "id": "1", "source": "r/a", "type": "picolm.decision",
        "subject": "in/1/2", "time": "2026-01-02T03:04:05.678Z", "confidence": "0.5",
        "rung": "model", "mode": "advise", "outcome": "DECIDED", "fallback": "false",
        "expires": "2026-01-02T03:05:05Z", "model": "m", "input": "i"}
GOOD = b'{"status":"ok","deep":{"on":true}}'
MISTAKES = (AssertionError, ValueError, decisions.SchemaMismatch)


def message(payload=GOOD, *, user=None, names=None, **changes):
    user = USER if user is None else user
    fields = {"topic": "out/1", "payload": payload, "user": user,
              "user_names": list(names or user), "content_type": "application/json",
              "expiry_s": 60}
    return types.SimpleNamespace(**fields | changes)


def envelope(**changes):
    out = {name: USER.get(name) for name in decisions.ENVELOPE}
    return out | {"v": 1, "route": "n", "replayed": False, "confidence": 0.5,
                  "decision": json.loads(GOOD)} | changes


class Judges(unittest.TestCase):
    def assert_noticed(self, wrong):
        with self.assertRaises(MISTAKES):
            decisions.check_decision(wrong, CONFIG)

    def test_a_good_decision_passes(self):
        self.assertEqual(decisions.check_decision(message(), CONFIG), json.loads(GOOD))
        abstained = message(b"null", user=USER | {"outcome": "ABSTAINED", "rung": "abstain"})
        self.assertIsNone(decisions.check_decision(abstained, CONFIG))

    def test_a_wrong_payload_is_noticed(self):
        for payload in (b'{"status":"fine","deep":{"on":true}}', b'{"status":"ok"}', b"null", b"",
                        b'{"status":"ok","deep":{"on":1}}', b"NaN", b"{",
                        b'{"status":"ok","deep":{"on":true},"more":1}',
                        b'{"status":"bad","status":"ok","deep":{"on":true}}'):
            with self.subTest(payload):
                self.assert_noticed(message(payload))

    def test_wrong_properties_are_noticed(self):
        for name in USER:
            with self.subTest(f"without {name}"):
                self.assert_noticed(message(user={k: v for k, v in USER.items() if k != name}))
        for change in ({"confidence": "1.01"}, {"confidence": "nan"}, {"outcome": "FINE"},
                       {"source": "r/b"}, {"expires": USER["time"]}, {"time": "yesterday"},
                       {"subject": "elsewhere"}, {"mode": "act"}, {"fallback": "maybe"}):
            with self.subTest(change=change):
                self.assert_noticed(message(user=USER | change))
        self.assert_noticed(message(names=[*USER, "id"]))
        self.assert_noticed(message(expiry_s=0))
        self.assert_noticed(message(content_type=""))

    def test_a_wrong_envelope_is_noticed(self):
        plain = {"user": {}}  # as MQTT 3.1.1 brings it
        good = message(json.dumps(envelope()).encode(), **plain)
        self.assertEqual(decisions.check_decision(good, CONFIG), json.loads(GOOD))
        for change in ({"v": 2}, {"confidence": -0.1}, {"outcome": "x"}, {"more": 1},
                       {"decision": None}, {"decision": {"status": "ok"}}, {"replayed": True}):
            with self.subTest(change=change):
                self.assert_noticed(message(json.dumps(envelope(**change)).encode(), **plain))

    def test_metrics_that_do_not_add_up_are_noticed(self):
        good = {"received": 5, "pending": 1, "reasons": {"retained": 1},
                "outcomes": dict.fromkeys(decisions.OUTCOMES, 0) | {"DECIDED": 3, "REJECTED": 1},
                "feedback": {"received": 3, "accepted": 1, "refused": 2,
                             "reasons": {"retained": 2}}}
        decisions.check_metrics(good)
        for path, value in ((("received",), 6), (("pending",), 0), (("reasons", "retained"), 2),
                            (("outcomes", "DECIDED"), 2), (("outcomes", "LOST"), 0),
                            (("feedback", "received"), 2), (("feedback", "refused"), 1)):
            with self.subTest(path):
                wrong = copy.deepcopy(good)
                place = wrong
                for step in path[:-1]:
                    place = place[step]
                place[path[-1]] = value
                with self.assertRaises(AssertionError):
                    decisions.check_metrics(wrong)


if __name__ == "__main__":
    case.main(programs=(), modules=("jsonschema",))
