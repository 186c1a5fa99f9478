#!/usr/bin/python3
"""Does SIGHUP take a good configuration without a gap, and leave all as it was for a bad one?"""

import signal

from harness import case

OTHER = {"machine": ["A", "B"]}


class Reload(case.AgentCase):
    def reload(self, config):
        """Gives the agent `config`; returns the line of the log that tells what became of it."""
        mark = self.agent.mark()
        self.use(config)
        self.agent.signal(signal.SIGHUP)
        return self.agent.wait_line("config.reload", after=mark)

    def reload_good(self, routes):
        self.assertIn("config.reloaded", self.reload(self.config(routes, uri=self.broker.uri)))

    def wait_route_served(self, name):
        """Subscribing takes a moment after the reload; send until it is answered."""
        topic = f"{self.space}/in/{name}"

        def answered(_):
            if self.observer.of(self.out(name)):
                return True
            self.observer.publish_unacknowledged(topic, "are you there?")
            return False

        self.observer.wait(answered, what=f"decision of {name}", processes=self.watched())

    def test_routes_come_and_go(self):
        self.start([self.route(), self.route("old")])
        self.decide("old", "oil")
        self.reload_good([self.route(), self.route("new", schema=OTHER)])
        self.wait_route_served("new")
        self.send("old", "oil")
        self.decide("notes", "oil")
        self.assertEqual(len(self.observer.of(self.out("old"))), 1)
        self.wait_state("online")
        self.observer.wait(lambda _: "new" in self.last_status()["routes"],
                           what="status with the new route")
        self.stop_agent()

    def test_a_changed_schema_holds_for_the_next_message(self):
        self.start()
        self.assertEqual(list(self.decide("notes", "oil").json), ["status"])
        self.reload_good([self.route(schema=OTHER)])
        self.assertEqual(list(self.decide("notes", "oil").json), ["machine"])

    def test_messages_that_flow_meanwhile_are_all_decided(self):
        self.start()
        for number in range(60):
            self.observer.publish_unacknowledged(f"{self.space}/in/notes", f"note {number}")
            if number in (10, 30, 50):
                self.reload_good([self.route(instructions=f"version {number}")])
        self.wait_decisions(60)
        self.assert_books(self.stop_agent(), decided=60)

    def test_a_bad_file_changes_nothing(self):
        self.start()
        hash_before = self.last_status()["config_hash"]
        good = dict(uri=self.broker.uri)
        for config, told in [
            (self.config([self.route(schemas={})], **good), "schema"),
            (self.config([self.route(publish=f"{self.space}/in/notes")], **good), "answer itself"),
            (self.config([self.route(), self.route()], **good), "twice"),
            (self.config([self.route(schema={"type": "string", "pattern": "(a)\\1"})], **good),
             "pattern"),
            (self.config(uri="mqtt://127.0.0.1:2"), "broker changed"),
            (self.config(**good, agent_id="another"), "agent_id changed"),
            (self.config(**good, model=self.folder / "other.gguf"), "model changed"),
        ]:
            with self.subTest(told):
                line = self.reload(config)
                self.assertIn("config.reload_refused", line)
                self.assertIn(told, line)
                self.settings.pop(0)
                self.decide("notes", "oil")
        (self.folder / "agent.json").write_text("{")
        mark = self.agent.mark()
        self.agent.signal(signal.SIGHUP)
        self.agent.wait_line("config.reload_refused", after=mark)
        self.decide("notes", "oil")
        self.stop_agent()
        self.assertEqual(self.last_status()["config_hash"], hash_before)


if __name__ == "__main__":
    case.main()
