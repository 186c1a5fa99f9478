#!/usr/bin/python3
"""Is a stored command never taken for a new one, and a stored state decided only where wanted?"""

from harness import case


class Retained(case.AgentCase):
    def test_a_retained_command_is_refused_and_counted(self):
        self.observe()
        self.send("notes", "start the press", retain=True)
        self.addCleanup(self.send, "notes", b"", retain=True)
        self.start()
        # A live message with the flag set is no stored one: the broker clears the flag.
        live = self.decide("notes", "stop the press", retain=True)
        self.assertEqual(live.user["outcome"], "DECIDED")
        self.decide("notes", "hold")
        self.assert_books(self.stop_agent(), decided=2, reasons={"retained": 1})

    def test_a_retained_state_is_decided_where_the_route_wants_it(self):
        self.observe()
        for name in ("wanted", "unwanted"):
            self.send(name, '{"t":1}', retain=True)
            self.addCleanup(self.send, name, b"", retain=True)
        self.start([self.route("wanted", **{"class": "telemetry"}, retained="state"),
                    self.route("unwanted", **{"class": "telemetry"})])
        self.wait_decisions(1, "wanted")
        self.decide("unwanted", '{"t":2}')
        self.assert_books(self.stop_agent(), decided=2, reasons={"retained": 1})

    def test_a_restart_does_not_repeat_a_retained_command(self):
        self.observe()
        self.send("notes", "start the press", retain=True)
        self.addCleanup(self.send, "notes", b"", retain=True)
        self.start()
        self.decide("notes", "first")
        self.stop_agent()
        self.launch(self.folder / "agent.json")
        self.wait_state("online", count=2)
        self.decide("notes", "second")
        self.assertEqual(len(self.observer.of(self.out())), 2)


if __name__ == "__main__":
    case.main()
