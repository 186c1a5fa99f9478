#!/usr/bin/python3
"""Does a route in mode act send commands only where guard, stop and people let it?"""

import json

from harness import case

SCHEMA = {"action": ["stop", "hold", "start"]}


class Act(case.AgentCase):
    def act_route(self, **changes):
        """Rules decide by the payload's `do`, so that each scenario says what is wanted."""
        rules = [{"when": {"/do": {"==": action}}, "decide": {"action": action}}
                 for action in ("stop", "hold", "start")]
        interlock = {"allow": {"action": ["stop", "hold", "start"]},
                     "safe_actions": ["stop", "hold"]} | changes.pop("interlock", {})
        return self.route("press", **{
            "payload": "json", "schema": SCHEMA, "rungs": ["rule"], "rules": rules, "mode": "act",
            "fallback": {"action": "hold"}, "command": f"{self.space}/out/press-cmd",
            "interlock": interlock} | changes)

    def start_act(self, **changes):
        route = self.act_route(**changes)
        self.start([route], state_dir=str(self.folder / "state"))
        self.wait_live()

    def wait_live(self, count=1):
        """The agent's fence has come back, so what comes now was not queued before."""
        self.observer.wait_count(count, self.own("fence"), processes=self.watched())

    def do(self, action, **options):
        self.send("press", json.dumps({"do": action}), **options)

    def commands(self):
        return [m.json["decision"]["action"]
                for m in self.observer.of(f"{self.space}/out/press-cmd")]

    def wait_commands(self, wanted):
        self.observer.wait(lambda _: len(self.commands()) >= len(wanted), what=f"commands {wanted}",
                           processes=self.watched())
        self.assertEqual(self.commands(), wanted)

    def refusals(self):
        return [m.json["reason"] for m in self.observer.of(self.own("refused/press"))]

    def wait_refusals(self, wanted):
        self.observer.wait(lambda _: len(self.refusals()) >= len(wanted), what=f"refused {wanted}",
                           processes=self.watched())
        self.assertEqual(self.refusals(), wanted)

    def alarm(self, code):
        found = self.observer.of(self.own(f"alarm/{code}"))
        return found[-1].json if found else None

    def wait_alarm(self, code, active):
        self.observer.wait(lambda _: (self.alarm(code) or {}).get("active") is active,
                           what=f"alarm {code} {active}", processes=self.watched())

    def stop_all(self, payload, **options):
        self.observer.publish(f"{self.space}/all/stop", payload, **options)

    def test_a_command_is_always_the_full_envelope_and_expires(self):
        self.start_act()
        self.do("start")
        self.wait_commands(["start"])
        command = self.observer.of(f"{self.space}/out/press-cmd")[0]
        self.assertEqual((command.json["mode"], command.json["outcome"]), ("act", "DECIDED"))
        self.assertLessEqual(command.expiry_s, 5)
        self.assertFalse(command.retained)
        self.assertEqual(self.wait_decisions(1, "press")[0].user["id"], command.json["id"])

    def test_advise_forces_every_route(self):
        self.observe()
        self.launch(self.use(self.config([self.act_route()], uri=self.broker.uri,
                                         state_dir=str(self.folder / "state"))), "--advise")
        self.wait_state("online")
        self.do("start")
        self.assertEqual(self.wait_decisions(1, "press")[0].user["mode"], "advise")
        self.stop_agent()
        self.assertEqual(self.commands(), [])

    def test_the_guard_must_be_heard_fresh_and_closed(self):
        guard = f"{self.space}/in/guard"
        self.observe()
        self.observer.publish(guard, '{"closed":true}', retain=True)
        self.addCleanup(self.observer.publish, guard, b"", retain=True)
        self.start_act(state={"guard": {"topic": guard, "pointer": "/closed", "max_age_s": 3600}},
                       interlock={"require": [{"state": "guard", "equals": True}]})
        # What the broker had stored may be of last week.
        self.do("start")
        self.wait_refusals(["precondition_missing"])
        self.wait_commands(["hold"])  # the fallback is safe
        self.observer.publish(guard, '{"closed":false}')
        self.do("start")
        self.wait_refusals(["precondition_missing", "precondition_failed"])
        self.wait_commands(["hold", "hold"])
        self.do("stop")  # an open guard keeps nobody from stopping
        self.wait_commands(["hold", "hold", "stop"])
        self.observer.publish(guard, '{"closed":true}')
        self.do("start")
        self.wait_commands(["hold", "hold", "stop", "start"])
        metrics = self.stop_agent()
        self.assertEqual(metrics["outcomes"]["REFUSED"], 2)
        self.assertEqual(metrics["outcomes"]["DECIDED"], 2)

    def test_a_stop_outlives_a_restart_and_is_lifted_only_aloud(self):
        self.start_act(fallback={"action": "hold"})
        self.do("start")
        self.wait_commands(["start"])
        self.stop_all('{"stop":true,"by":"night shift"}')
        self.addCleanup(self.stop_all, b"", retain=True)
        self.wait_alarm("stop", True)
        self.assertIn("night shift", self.alarm("stop")["text"])
        self.do("start")
        self.wait_refusals(["stopped"])
        self.do("stop")
        self.wait_commands(["start", "hold", "stop"])
        self.agent.kill()
        self.launch(self.folder / "agent.json")
        self.wait_state("online", count=2)
        self.wait_live(2)
        self.stop_all(b"")
        self.stop_all('{"stop":0}')
        self.do("start")
        self.wait_refusals(["stopped", "stopped"])
        self.stop_all('{"stop":false}')
        self.wait_alarm("stop", False)
        self.do("start")
        self.wait_commands(["start", "hold", "stop", "hold", "start"])

    def test_a_stored_message_stops_but_never_lifts(self):
        self.observe()
        self.stop_all('{"stop":false}', retain=True)
        self.addCleanup(self.stop_all, b"", retain=True)
        self.start_act()
        self.stop_all('{"stop":true}')
        self.wait_alarm("stop", True)
        self.stop_agent()
        self.launch(self.folder / "agent.json")
        self.wait_state("online", count=2)
        self.wait_live(2)
        self.do("start")
        self.wait_refusals(["stopped"])

    def test_a_person_confirms_denies_or_is_too_late(self):
        answer = f"{self.space}/in/confirm"
        self.start_act(interlock={"confirm": {"actions": ["start"], "topic": answer,
                                              "timeout_s": 2}})

        def ask(count):
            self.do("start")
            return self.observer.wait_count(count, self.own("confirm/press"),
                                            processes=self.watched())[-1].json

        self.assertEqual(ask(1)["decision"], {"action": "start"})
        self.do("stop")  # asks nobody, and the start is not wanted any more
        self.wait_commands(["stop"])
        self.wait_refusals(["newer_acted"])
        denied = ask(2)
        self.observer.publish(answer, json.dumps({"id": denied["id"], "confirm": False}))
        self.wait_refusals(["newer_acted", "confirm_denied"])
        late = ask(3)
        self.wait_refusals(["newer_acted", "confirm_denied", "not_confirmed"])
        self.observer.publish(answer, json.dumps({"id": late["id"], "confirm": True}))
        good = ask(4)
        self.observer.publish(answer, json.dumps({"id": "another", "confirm": True}))
        self.observer.publish(answer, json.dumps({"id": good["id"], "confirm": True}))
        self.wait_commands(["stop", "hold", "hold", "start"])
        metrics = self.stop_agent()
        self.assertEqual(metrics["outcomes"]["REFUSED"], 2)
        self.assertEqual(metrics["outcomes"]["SUPERSEDED"], 1)

    def test_a_machine_that_does_not_answer_raises_an_alarm(self):
        ack = f"{self.space}/in/ack"
        self.start_act(interlock={"ack": {"topic": ack, "timeout_s": 1}})
        self.do("start")
        self.wait_commands(["start"])
        self.wait_alarm("ack_missing", True)
        self.do("stop")
        self.wait_commands(["start", "stop"])  # and nothing was repeated
        command = self.observer.of(f"{self.space}/out/press-cmd")[-1].json
        self.observer.publish(ack, json.dumps({"id": command["id"]}))
        self.wait_alarm("ack_missing", False)

    def test_what_was_queued_while_the_agent_was_away_does_not_act(self):
        self.start_act()
        self.agent.kill()
        self.do("start")
        self.launch(self.folder / "agent.json")
        self.wait_state("online", count=2)
        self.wait_live(2)
        self.wait_refusals(["queued_age_unknown"])
        self.do("stop")
        self.wait_commands(["stop"])
        self.assertEqual(self.stop_agent()["outcomes"]["EXPIRED"], 1)

    def test_a_route_that_is_not_precise_only_advises(self):
        self.start_act(rungs=["rule", "head", "model"])
        self.wait_alarm("act_suspended", True)
        self.send("press", '{"else":1}')
        self.assertEqual(self.wait_decisions(1, "press")[0].user["mode"], "advise")
        self.do("stop")
        self.wait_commands(["stop"])  # a rule is precise

    def test_silence_is_told_and_makes_safe(self):
        topic = f"{self.space}/in/press"
        self.start_act(silence_s=1, expect=[topic])
        self.wait_alarm("silent", True)
        self.assertIn(topic, self.alarm("silent")["text"])
        self.wait_commands(["hold"])
        silent = self.wait_decisions(1, "press")[0]
        self.assertEqual((silent.user["outcome"], silent.user["reason"]), ("ABSTAINED", "silent"))
        self.do("start")
        self.wait_alarm("silent", False)
        self.observer.wait(lambda _: "start" in self.commands(), what="start")

    def test_many_that_fall_silent_at_once_all_make_safe(self):
        topics = [f"{self.space}/in/press/{unit}" for unit in range(256)]
        self.start_act(silence_s=1, expect=topics, subscribe=f"{self.space}/in/press/{{unit}}")
        self.wait_commands(["hold"] * len(topics))

    def test_a_decision_like_the_last_is_not_published(self):
        self.start_act(publish_on="change")
        for action in ("start", "start", "start", "stop"):
            self.do(action)
        self.wait_commands(["start", "stop"])
        metrics = self.stop_agent()
        self.assertEqual(metrics["outcomes"]["UNCHANGED"], 2)
        self.assertEqual(len(self.observer.of(self.out("press"))), 2)


if __name__ == "__main__":
    case.main()
