#!/usr/bin/python3
"""Does the agent work with a broker that knows MQTT 3.1.1 only?

There are no properties there: every decision comes in the full envelope, requests get no reply,
and what No Local would keep away cannot be subscribed to in the first place.
"""

from harness import case
from harness.decisions import strict_json
from harness.version_gate import VersionGate


class OldBroker(case.AgentCase):
    def setUp(self):
        super().setUp()
        self.gate = VersionGate(self.broker)
        self.addCleanup(self.gate.close)

    def test_it_falls_back_and_puts_everything_into_the_payload(self):
        self.start([self.route(id="/seq")], broker={"uri": self.gate.uri,
                                                    "reply_to": [f"{self.space}/reply/#"]})
        self.agent.wait_line("link.connected.*version=3.1.1")
        self.assertEqual(self.gate.versions, [5, 4])
        message = self.decide_unmarked("notes", '{"seq":5}', ResponseTopic=f"{self.space}/reply/a")
        self.assertEqual((message.user, message.qos), ({}, 1))
        document = strict_json(message.payload)
        self.assertEqual((document["route"], document["input"]), ("notes", "5"))
        self.send("notes", b"\xff")
        self.decide_unmarked("notes", "oil")
        self.assert_books(self.stop_agent(), decided=2, reasons={"payload_invalid_utf8": 1})
        self.assertEqual(self.observer.of(f"{self.space}/reply/a"), [])

    def test_will_session_and_retained_commands_are_as_with_version_5(self):
        self.start(broker={"uri": self.gate.uri})
        self.decide_unmarked("notes", "oil")
        self.agent.kill()
        self.wait_state("offline")
        self.send("notes", "meanwhile")
        self.launch(self.folder / "agent.json")
        self.wait_state("online", count=2)
        self.agent.wait_line("link.connected session_present=true version=3.1.1")
        self.wait_decisions(2)
        self.assert_books(self.stop_agent(), decided=1)

    def test_a_retained_command_is_refused(self):
        self.observe()
        self.send("notes", "start the press", retain=True)
        self.addCleanup(self.send, "notes", b"", retain=True)
        self.start(broker={"uri": self.gate.uri})
        self.decide_unmarked("notes", "oil")
        self.assert_books(self.stop_agent(), decided=1, reasons={"retained": 1})


if __name__ == "__main__":
    case.main()
