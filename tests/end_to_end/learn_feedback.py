#!/usr/bin/python3
"""Does a correction hold at the next message, for its paraphrase and after a restart, can it be
undone, and can nothing but the feedback topic teach?"""

import json
import signal

from harness import case
from harness.agent import json_lines, run_command

EXAMPLES = [(text, status) for status, texts in {
    "ok": ["all quiet on the line", "the press runs as it should", "everything is fine here",
           "line two runs without trouble", "the conveyor runs smoothly", "no trouble today"],
    "warning": ["the belt slips a little", "oil level is getting low", "the pump sounds louder",
                "filter is nearly full", "the belt is worn a little", "oil is getting warm"],
    "error": ["the motor has stopped", "line one stands still", "the press is jammed",
              "motor will not start", "the line is down", "pump has failed"]}.items()
    for text in texts]

MESSAGE = "burnt smell from the gearbox"
PARAPHRASE = "the gearbox gives off a burnt smell"


class Learn(case.AgentCase):
    def taught_route(self, name="notes", **changes):
        rows = [{"payload": text, "expected": {"status": status}} for text, status in EXAMPLES]
        return self.route(name, payload="text", examples=rows, fallback={"status": "warning"},
                          **changes)

    def start_taught(self, routes=None):
        self.start(routes or [self.taught_route()], state_dir=str(self.folder / "state"))

    def restart(self):
        self.stop_agent()
        online = self.states().count("online")
        self.launch(self.use(self.settings[0]))
        self.wait_state("online", count=online + 1)

    def teach(self, feedback, name="notes", **options):
        payload = feedback if isinstance(feedback, (bytes, str)) else json.dumps(feedback)
        self.observer.publish(self.own(f"feedback/{name}"), payload, **options)

    def status_of(self, text, name="notes"):
        message = self.decide(name, text)
        return message.json["status"] if message.user["outcome"] == "DECIDED" else None

    def lessons(self, *arguments, code=0):
        done = run_command("picolm-agent", "lessons", "-c", self.folder / "agent.json", *arguments)
        self.assertEqual(done.returncode, code, done.err)
        return json_lines(done.out)

    def refusal(self, count, name="notes"):
        return self.observer.wait_count(count, self.own(f"refused/{name}"),
                                        processes=self.watched())[-1].json

    def test_a_correction_by_input_id_holds_for_its_paraphrase_and_after_a_restart(self):
        self.start_taught()
        first = self.decide("notes", MESSAGE, user={"id": "note-7"})
        self.assertNotEqual((first.user["outcome"], first.json), ("DECIDED", {"status": "error"}))
        before = self.status_of(PARAPHRASE)
        self.assertNotEqual(before, "error")
        self.teach({"input": "note-7", "expected": {"status": "error"}})
        self.assertEqual(self.status_of(MESSAGE), "error")
        self.assertEqual(self.status_of(PARAPHRASE), "error")
        self.restart()
        self.assertEqual(self.status_of(MESSAGE), "error")
        self.assertEqual(self.status_of(PARAPHRASE), "error")
        (lesson,) = self.lessons("list")
        self.assertEqual((lesson["route"], lesson["state"], lesson["source"], lesson["input"]),
                         ("notes", "active", "feedback", "note-7"))
        self.assertEqual(self.lessons("export", "--route", "notes"),
                         [{"payload": MESSAGE, "expected": {"status": "error"}}])
        # Undone beside the running agent, which notices by itself.
        mark = self.agent.mark()
        self.lessons("forget", "--route", "notes", "--id", lesson["id"])
        self.agent.wait_line("route.taught", after=mark)
        self.assertEqual(self.status_of(PARAPHRASE), before)
        self.assertNotEqual(self.status_of(MESSAGE), "error")
        self.assertEqual(self.lessons("export"), [])
        metrics = self.stop_agent()
        self.assertEqual(metrics["outcomes"]["DECIDED"] + metrics["outcomes"]["ABSTAINED"],
                         metrics["received"])

    def test_payload_and_topic_teach_too_and_the_newest_label_wins(self):
        self.start_taught()
        self.teach({"payload": MESSAGE, "expected": {"status": "warning"}})
        self.assertEqual(self.status_of(MESSAGE), "warning")
        self.teach({"topic": f"{self.space}/in/notes", "last": True,
                    "expected": {"status": "error"}})
        self.assertEqual(self.status_of(MESSAGE), "error")
        self.teach({"payload": EXAMPLES[0][0], "expected": {"status": "error"}})
        self.assertEqual(self.status_of(EXAMPLES[0][0]), "error")
        states = [(lesson["text"], lesson["state"]) for lesson in self.lessons("list")]
        self.assertEqual(states, [(MESSAGE, "forgotten"), (MESSAGE, "active"),
                                  (EXAMPLES[0][0], "active")])
        feedback = self.stop_agent()["feedback"]
        self.assertEqual((feedback["received"], feedback["accepted"]), (3, 3))
        self.assertGreater(feedback["trainings"], 0)

    def test_an_export_used_as_examples_teaches_the_same(self):
        self.start_taught()
        self.teach({"payload": MESSAGE, "expected": {"status": "error"}})
        self.assertEqual(self.status_of(PARAPHRASE), "error")
        rows = self.lessons("export")
        self.lessons("forget", "--route", "notes", "--all")
        config = self.settings[0]
        config["routes"][0]["examples"] += rows
        mark = self.agent.mark()
        self.use(config)
        self.agent.signal(signal.SIGHUP)
        self.agent.wait_line("config.reloaded", after=mark)
        self.assertEqual(self.status_of(PARAPHRASE), "error")
        self.stop_agent()

    def test_a_payload_that_looks_like_feedback_teaches_nothing(self):
        self.start_taught([self.taught_route(), self.taught_route("other")])
        before = self.status_of(PARAPHRASE)
        for text in ({"payload": PARAPHRASE, "expected": {"status": "error"}},
                     {"input": "message 1", "expected": {"status": "error"}},
                     {"topic": f"{self.space}/in/notes", "last": True,
                      "expected": {"status": "error"}}):
            self.decide("notes", json.dumps(text))
        for topic in ("feedback/notes/x", "feedback"):
            self.observer.publish(self.own(topic), json.dumps(
                {"payload": PARAPHRASE, "expected": {"status": "error"}}))
        self.assertEqual(self.status_of(PARAPHRASE), before)
        self.assertEqual(self.stop_agent()["feedback"]["received"], 0)
        self.assertEqual(self.lessons("list"), [])

    def test_feedback_for_one_route_leaves_the_others_alone(self):
        self.start_taught([self.taught_route(), self.taught_route("other")])
        before = self.status_of(PARAPHRASE, "other")
        self.teach({"payload": MESSAGE, "expected": {"status": "error"}})
        self.assertEqual(self.status_of(PARAPHRASE), "error")
        self.assertEqual(self.status_of(PARAPHRASE, "other"), before)
        self.stop_agent()

    def test_wrong_feedback_is_refused_with_its_reason(self):
        good = {"payload": MESSAGE, "expected": {"status": "error"}}
        self.observe()
        self.teach(good, retain=True)
        self.start_taught()
        self.assertEqual(self.refusal(1)["reason"], "retained")
        wrong = [
            ("{", "feedback_invalid"), (b"\xff", "feedback_invalid"), ("[]", "feedback_invalid"),
            ("", "feedback_invalid"), ('{"payload":"a","payload":"b","expected":{"status":"ok"}}',
                                       "feedback_invalid"),
            ({"payload": MESSAGE}, "feedback_invalid"), ({"expected": {}}, "feedback_invalid"),
            (good | {"input": "x"}, "feedback_invalid"), (good | {"by": "me"}, "feedback_invalid"),
            (good | {"last": True}, "feedback_invalid"),
            ({"topic": "a", "last": False, "expected": {"status": "ok"}}, "feedback_invalid"),
            (good | {"expected": {"status": "fine"}}, "expected_not_allowed"),
            (good | {"expected": {"status": "ok", "x": 1}}, "expected_not_allowed"),
            (good | {"expected": "ok"}, "expected_not_allowed"),
            ({"input": "never seen", "expected": {"status": "ok"}}, "input_not_found"),
            ({"topic": "never/seen", "last": True, "expected": {"status": "ok"}},
             "input_not_found"),
            (good | {"payload": ""}, "payload_refused"),
            (good | {"payload": "x" * 70_000}, "payload_refused"),
            (json.dumps(good) + " " * 300_000, "feedback_too_large"),
        ]
        for number, (feedback, reason) in enumerate(wrong, start=2):
            with self.subTest(reason, number=number):
                self.teach(feedback)
                told = self.refusal(number)
                self.assertEqual(told["reason"], reason)
                self.assertTrue(told["text"], told)
        self.teach(good, "nobody")
        self.assertEqual(self.refusal(1, "nobody")["reason"], "unknown_route")
        metrics = self.stop_agent()
        feedback = metrics["feedback"]
        self.assertEqual((feedback["received"], feedback["accepted"]), (len(wrong) + 2, 0))
        self.assertEqual(metrics["received"], 0)
        self.assertEqual(self.lessons("list"), [])
        self.observer.publish(self.own("feedback/notes"), b"", retain=True)

    def test_a_lesson_empties_the_cache(self):
        self.start_taught()
        text = EXAMPLES[12][0]  # taught as error
        self.teach({"payload": text, "expected": {"status": "error"}})
        rungs = [self.decide("notes", f" {text.upper()}  ").user["rung"] for _ in range(2)]
        self.assertEqual(rungs, ["head", "cache"])
        self.teach({"payload": text, "expected": {"status": "ok"}})
        changed = self.decide("notes", text)
        self.assertEqual((changed.user["rung"], changed.json), ("head", {"status": "ok"}))
        self.stop_agent()

    def test_a_damaged_store_is_set_aside_and_the_agent_goes_on(self):
        state = self.folder / "state"
        state.mkdir()
        (state / "picolm.db").write_bytes(b"not a database at all" * 500)
        self.start_taught()
        self.assertIn("picolm.db.bad-1", self.agent.log())
        self.teach({"payload": MESSAGE, "expected": {"status": "error"}})
        self.assertEqual(self.status_of(PARAPHRASE), "error")
        self.restart()
        self.assertEqual(self.status_of(PARAPHRASE), "error")
        self.stop_agent()

    def test_try_sees_the_lessons_and_says_who_answered(self):
        self.start_taught([self.taught_route(rules=[
            {"when": {"": {"equals": ["fire", "FIRE  in the hall"]}},
             "decide": {"status": "error"}}])])
        self.teach({"payload": MESSAGE, "expected": {"status": "error"}})
        self.assertEqual(self.status_of(PARAPHRASE), "error")
        fire = self.decide("notes", "Fire in the Hall")
        self.assertEqual((fire.user["rung"], fire.user["confidence"], fire.json),
                         ("rule", "1.0000", {"status": "error"}))
        lines = "".join(json.dumps({"topic": f"{self.space}/in/notes", "payload": text}) + "\n"
                        for text in ("fire", MESSAGE, MESSAGE))
        done = run_command("picolm-agent", "try", "-c", self.folder / "agent.json", stdin=lines)
        said = json_lines(done.out)
        self.assertEqual(said[0]["why"], "rules[0] matches")
        self.assertEqual(said[1]["decision"], {"status": "error"})
        self.assertIn("19 lessons", said[1]["why"])
        self.stop_agent()

    def test_rules_work_without_a_model(self):
        rules = [{"when": {"oil": {">": 95}}, "decide": {"status": "error"}},
                 {"when": {"oil": {"<=": 95}, "plc": {"!=": ""}}, "decide": {"status": "ok"}}]
        route = self.route(rungs=["rule"], rules=rules, payload="json",
                           fields=[{"name": "oil"}, {"name": "plc"}],
                           fallback={"status": "warning"})
        self.start([route], model=self.folder / "there is no model.gguf")
        for oil, plc, outcome, status in ((96, "a", "DECIDED", "error"), (3, "a", "DECIDED", "ok"),
                                          (3, "", "ABSTAINED", "warning"),
                                          ("96", "a", "ABSTAINED", "warning")):
            message = self.decide("notes", json.dumps({"oil": oil, "plc": plc}))
            self.assertEqual((message.user["outcome"], message.json["status"]), (outcome, status))
        self.teach({"payload": {"oil": 1, "plc": ""}, "expected": {"status": "ok"}})
        self.assertEqual(self.refusal(1)["reason"], "route_learns_nothing")
        self.assertEqual(self.stop_agent()["reasons"], {"no_rule": 2})


if __name__ == "__main__":
    case.main()
