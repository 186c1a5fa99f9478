#!/usr/bin/python3
"""Does the broker tell of an agent that died, and does its session wait for it?"""

from harness import case


class Killed(case.AgentCase):
    def start_again(self):
        self.launch(self.folder / "agent.json")
        return self.agent.wait_connected()

    def test_the_will_says_offline_and_the_restart_online(self):
        self.start()
        before = self.last_status()
        self.agent.kill()
        self.wait_state("offline")
        will = self.last_status()
        self.assertEqual(will["config_hash"], before["config_hash"])
        self.start_again()
        self.wait_state("online", count=2)
        self.assertEqual(self.states(), ["online", "offline", "online"])
        self.decide("notes", "oil")

    def test_the_status_is_retained(self):
        self.start()
        self.observe()  # a client that comes later
        self.wait_state("online")
        self.assertTrue(self.observer.of(self.own("status"))[0].retained)

    def test_commands_sent_meanwhile_are_decided_after_the_restart(self):
        self.start()
        self.decide("notes", "first", user={"id": "0"})
        self.agent.kill()
        self.wait_state("offline")
        for number in range(1, 6):
            self.send("notes", f"meanwhile {number}", user={"id": str(number)})
        self.assertIn("session_present=true", self.start_again())
        decided = [m.user["input"] for m in self.wait_decisions(6)]
        self.assertEqual(decided, ["0", "1", "2", "3", "4", "5"])
        self.assert_books(self.stop_agent(), decided=5)

    def test_an_orderly_stop_keeps_the_session_too(self):
        self.start()
        self.stop_agent()
        self.send("notes", "meanwhile")
        self.start_again()
        self.wait_decisions(1)
        self.assert_books(self.stop_agent(), decided=1)

    def test_a_route_that_a_new_configuration_lacks_decides_no_more(self):
        self.start([self.route(), self.route("old")])
        self.decide("old", "oil")
        self.stop_agent()
        self.use(self.config([self.route()], uri=self.broker.uri))
        self.start_again()
        self.send("old", "oil")
        self.decide("notes", "oil")
        metrics = self.stop_agent()
        self.assertEqual(metrics["outcomes"]["DECIDED"], 1)
        # A filter that the broker still serves from the kept session is counted, not decided.
        self.assertIn(metrics["reasons"], ({}, {"no_route": 1}))
        self.assertEqual(len(self.observer.of(self.out("old"))), 1)


if __name__ == "__main__":
    case.main()
