#!/usr/bin/python3
"""Is a broker that is absent, killed, forgetful or frozen survived without help?"""

from harness import case
from harness.broker import named_broker


class Absent(case.AgentCase):
    broker_options = {"started": False}

    def setUp(self):
        if named_broker():
            self.skipTest("needs a broker that is absent, and PICOLM_E2E_BROKER names one")
        super().setUp()

    def test_a_broker_that_is_absent_at_start_is_waited_for(self):
        agent = self.launch(self.use(self.config(uri=self.broker.uri)))
        agent.wait_line("link.down.*attempts=2")
        self.broker.start()
        self.observe()
        self.wait_state("online")
        self.decide("notes", "oil")
        self.assert_books(self.stop_agent(), decided=1)

    def test_sigterm_ends_an_agent_that_never_had_a_broker(self):
        agent = self.launch(self.use(self.config(uri=self.broker.uri)))
        agent.wait_line("link.down")
        self.assertEqual(agent.terminate(timeout=5), 0)


class Killed(case.AgentCase):
    """The broker loses its sessions with its life: nothing is saved."""

    def kill_and_start_again(self):
        mark = self.agent.mark()
        subscribed = self.observer.subscriptions()
        self.broker.kill()
        self.agent.wait_line("link.down", after=mark)
        self.broker.start()
        connected = self.agent.wait_connected(after=mark)
        self.observer.wait_subscribed(subscribed + 1)
        return connected

    def test_it_connects_subscribes_and_decides_again(self):
        self.start()
        self.decide("notes", "before")
        for number in (2, 3):
            connected = self.kill_and_start_again()
            self.assertIn("session_present=false", connected)
            self.assertIn(f"connects={number}", connected)
            self.decide("notes", f"after {number}")
        metrics = self.stop_agent()
        self.assert_books(metrics, decided=3)
        self.assertEqual(metrics["link"]["connects"], 3)

    def test_messages_that_flow_meanwhile_do_no_harm(self):
        self.start()
        for number in range(20):
            self.observer.publish_unacknowledged(f"{self.space}/in/notes", f"before {number}")
        self.kill_and_start_again()
        for number in range(20):
            self.send("notes", f"after {number}", user={"id": f"after {number}"})
        wanted = [f"after {number}" for number in range(20)]

        def all_decided(messages):
            ids = [m.user.get("input") for m in messages if m.topic == self.out()]
            return [i for i in ids if i in wanted] == wanted

        self.observer.wait(all_decided, what="20 decisions in order", processes=self.watched())
        outbox = self.stop_agent()["outbox"]
        # What was on its way when the broker died was sent again.
        self.assertEqual(outbox["acknowledged"], outbox["added"])

    def test_the_status_is_published_again_to_a_broker_that_forgot_it(self):
        self.start()
        self.kill_and_start_again()
        self.wait_state("online", count=2)


class Persistent(case.AgentCase):
    """The broker keeps sessions over its death."""

    broker_options = {"persistent": True}

    def test_the_session_is_found_again(self):
        self.start()
        self.decide("notes", "before")
        mark = self.agent.mark()
        self.broker.kill()
        self.agent.wait_line("link.down", after=mark)
        self.broker.start()
        self.assertIn("session_present=true", self.agent.wait_connected(after=mark))
        self.observer.wait_subscribed(2)
        self.decide("notes", "after")
        self.assert_books(self.stop_agent(), decided=2)


class Frozen(case.AgentCase):
    def setUp(self):
        if named_broker():
            self.skipTest("needs a broker that can be stopped, and PICOLM_E2E_BROKER names one")
        super().setUp()

    def test_a_broker_that_hangs_is_noticed_and_left(self):
        self.start(broker={"uri": self.broker.uri, "keep_alive_s": 2})
        self.decide("notes", "before")
        mark = self.agent.mark()
        self.broker.freeze()
        self.addCleanup(self.broker.thaw)
        self.agent.wait_line("link.down", after=mark)
        self.broker.thaw()
        self.agent.wait_connected(after=mark)
        self.decide("notes", "after")
        self.assert_books(self.stop_agent(), decided=2)


if __name__ == "__main__":
    case.main()
