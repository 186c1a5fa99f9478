#!/usr/bin/python3
"""Are commands kept apart and in order, and is the agent's own output never its input?"""

from harness import case
from harness.agent import run_command


class Commands(case.AgentCase):
    def test_two_equal_commands_are_two_decisions(self):
        self.start()
        for _ in range(2):
            self.send("notes", "start machine A")
        decided = self.wait_decisions(2)
        self.assertNotEqual(decided[0].user["input"], decided[1].user["input"])
        self.assertNotEqual(decided[0].user["id"], decided[1].user["id"])
        self.assert_books(self.stop_agent(), decided=2)

    def test_decisions_keep_the_order_of_their_inputs(self):
        self.start([self.route("press", subscribe=f"{self.space}/in/press/{{press}}",
                               publish=f"{self.space}/out/press/{{press}}")])
        for number in range(40):
            self.observer.publish_unacknowledged(f"{self.space}/in/press/{number % 3}", str(number))
        for press in range(3):
            topic = f"{self.space}/out/press/{press}"
            self.observer.wait_count(13, topic, processes=self.watched())
        self.assert_books(self.stop_agent(), decided=40)
        ids = [m.user["input"] for m in self.observer.received if "/out/" in m.topic]
        counts = [int(text.rpartition("-")[2]) for text in ids]  # generated ids count the inputs
        self.assertEqual(counts, sorted(counts))

    def test_a_message_for_two_routes_is_two_inputs(self):
        topic = f"{self.space}/in/both"
        self.start([self.route("a", subscribe=topic),
                    self.route("b", subscribe=topic, schema={"x": [1, 2]})])
        self.observer.publish(topic, "oil")
        self.wait_decisions(1, "a")
        self.wait_decisions(1, "b")
        self.assertEqual(self.stop_agent()["received"], 2)

    def test_check_refuses_filters_that_would_decide_a_command_twice(self):
        topic = f"{self.space}/in/both"
        routes = [self.route("a", subscribe=topic, **{"class": "command"}),
                  self.route("b", subscribe=f"{topic}/#")]
        path = self.write_config(self.config(routes))
        checked = run_command("picolm-agent", "check", "-c", path, "--no-model")
        self.assertEqual(checked.returncode, 1, checked.err)
        self.assertIn("decided twice", checked.err)

    def test_nothing_that_it_publishes_comes_back_to_it(self):
        self.start(broker={"uri": self.broker.uri, "reply_to": [f"{self.space}/reply/#"]})
        self.decide("notes", "oil", ResponseTopic=f"{self.space}/reply/a")
        self.decide("notes", "oil")
        self.assertEqual(self.stop_agent()["received"], 2)

    def test_check_and_run_refuse_routes_that_answer_themselves(self):
        out = f"{self.space}/out"
        loops = [
            [self.route(subscribe=f"{self.space}/#")],
            [self.route(subscribe=f"{out}/notes")],
            [self.route(subscribe=f"{self.space}/+/notes")],
            [self.route("a", subscribe=f"{out}/b"), self.route("b")],
            [self.route("a", subscribe=f"$share/g/{out}/+"), self.route("b")],
            [self.route(subscribe=self.own("status"))],
            [self.route(subscribe=f"{self.space}/{self.space}/abstained/notes")],
            [self.route(subscribe=f"{self.space}/reply/a")],
        ]
        for number, routes in enumerate(loops):
            with self.subTest(number):
                path = self.write_config(self.config(
                    routes, broker={"uri": self.broker.uri, "reply_to": [f"{self.space}/reply/#"]}))
                checked = run_command("picolm-agent", "check", "-c", path, "--no-model")
                self.assertEqual(checked.returncode, 1, checked.err)
                self.assertIn("answer itself", checked.err)
                self.assertEqual(self.launch(path).wait_exit(), 1)


if __name__ == "__main__":
    case.main()
