#!/usr/bin/python3
"""Do check and try judge a configuration as run would, and do our own examples pass?

The JSON Schema that ships with the examples is compared with the agent, by python3-jsonschema.
"""

import json
import re
import shutil

from harness import case, decisions
from harness.agent import json_lines, run_command
from harness.case import tiny_model
from harness.certificates import Authority
from harness.places import ROOT

CONFIG = ROOT / "deploy" / "config"
UNBUILT = ["window", "deadline_ms"]


def without_comments(text):
    """JSON with comments to JSON; strings are left alone."""
    return re.sub(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', lambda m: m.group(1) or " ", text,
                  flags=re.DOTALL)


class Check(case.FolderCase):
    def check(self, path, *options):
        return run_command("picolm-agent", "check", "-c", path, *options)

    def assert_refused(self, config, *told):
        done = self.check(self.write_config(config), "--no-model")
        self.assertEqual((done.returncode, done.out), (1, ""), done.err)
        for word in told:
            self.assertIn(word, done.err)

    def test_the_example_configurations_pass(self):
        shutil.copytree(CONFIG, self.folder, dirs_exist_ok=True)
        shutil.copy(tiny_model(), self.folder / "model.gguf")
        secrets = self.folder / "secrets"
        secrets.mkdir()
        authority = Authority(secrets)
        authority.issue("agent")
        (secrets / "password").write_text("secret\n")
        (secrets / "password").chmod(0o600)
        names = [p.name for p in CONFIG.glob("*.json") if not p.name.endswith(".schema.json")]
        self.assertGreaterEqual(len(names), 3)
        for name in names:
            with self.subTest(name):
                done = self.check(self.folder / name)
                self.assertEqual(done.returncode, 0, done.err)
                self.assertIn(f"{name}: ok", done.out)

    def test_the_demo_configuration_passes(self):
        shutil.copytree(ROOT / "deploy" / "demo", self.folder, dirs_exist_ok=True)
        text = (self.folder / "agent.json").read_text()
        (self.folder / "agent.json").write_text(text.replace("@PORT@", "1883"))
        (self.folder / "model.gguf").symlink_to(tiny_model())
        done = self.check(self.folder / "agent.json")
        self.assertEqual(done.returncode, 0, done.err)
        self.assertIn("ok, 3 routes", done.out)

    def test_the_shipped_schema_agrees_with_the_agent(self):
        schema = json.loads((CONFIG / "picolm-agent.schema.json").read_text())
        shape = decisions.validator(schema)
        for path in CONFIG.glob("*.json"):
            if not path.name.endswith(".schema.json"):
                shape.validate(json.loads(without_comments(path.read_text())))
        good = self.config()
        shape.validate(good)
        self.assertEqual(self.check(self.write_config(good), "--no-model").returncode, 0)
        for change in ({"agent": "x"}, {"agent_id": ""}, {"agent_id": 7}, {"routes": []},
                       {"routes": [self.route(qos=3)]}, {"routes": [self.route(qos="1")]},
                       {"routes": [self.route(payload="xml")]}, {"routes": {}}, {"broker": {}},
                       {"routes": [self.route(min_confidence=1.5)]},
                       {"routes": [self.route(mode="acts")]},
                       {"routes": [self.route(rungs=["rules", "model"])]},
                       {"routes": [self.route(fields=[{"from": "/a"}])]},
                       {"routes": [{"name": "a"}]}, {"model": {"path": "x", "threads": -1}},
                       {"model": None}):
            with self.subTest(change=change):
                self.assertFalse(shape.is_valid(good | change))
                self.assert_refused(good | change)

    def test_an_unknown_key_is_refused_with_the_nearest_name(self):
        self.assert_refused(self.config([self.route(instruction="x")]), "instruction",
                            "instructions", "routes[0]")
        self.assert_refused(self.config(model_path="x"), "model_path")

    def test_a_key_that_is_not_built_is_refused_and_not_ignored(self):
        for key in UNBUILT:
            with self.subTest(key):
                self.assert_refused(self.config([self.route(**{key: {}})]), key)

    def test_what_keys_say_together_is_checked(self):
        machine = {"type": "object", "properties": {"target": {"type": "string"},
                                                    "x": {"enum": [1]}},
                   "required": ["target", "x"], "additionalProperties": False}
        for changes, told in [
                ({"fallback": {"status": "fine"}}, "fallback"),
                ({"publish": "a/{press}"}, "{press}"),
                ({"bind": {"nothing": "x"}}, "bind.nothing"),
                ({"bind": {"target": "{press}"}, "schema": machine}, "{press}"),
                ({"payload": "csv"}, "csv"),
                ({"max_age_s": 5}, "time"),
                ({"retained": "state"}, "retained"),
                ({"schema": {"type": "object", "properties": {"a": {"format": "colour"}}}}, "/a"),
                ({"schema": "none.json"}, "none.json"),
                ({"examples": [{"payload": "x", "expected": {"status": "fine"}}]}, "examples[0]"),
                ({"subscribe": "a/#/b"}, "a/#/b"),
                ({"subscribe": "a/b+"}, "a/b+"),
                ({"publish": "a/+"}, "a/+"),
                ({"fields": [{"name": "a", "scale": 0}]}, "scale"),
                ({"fields": [{"name": "a"}, {"name": "a"}]}, "twice"),
        ]:
            with self.subTest(told):
                self.assert_refused(self.config([self.route(**changes)]), told)
        for text in ("", "{", "[]", "\xff", '{"routes":1,"routes":2}', '{"a":' * 20_000):
            (self.folder / "bad.json").write_text(text)
            self.assertEqual(self.check(self.folder / "bad.json").returncode, 1)

    def test_warnings_do_not_refuse(self):
        route = self.route(subscribe="in/+", schema={"target": ["A", "B"]})
        done = self.check(self.write_config(self.config([route])))
        self.assertEqual(done.returncode, 0)
        self.assertIn("warning", done.err)
        self.assertIn("target", done.err)

    def test_a_model_that_cannot_be_loaded_is_refused(self):
        done = self.check(self.write_config(self.config(model=self.folder / "none.gguf")))
        self.assertEqual(done.returncode, 1)
        self.assertIn("none.gguf", done.err)


class Try(case.FolderCase):
    def attempt(self, config, *options, stdin=""):
        done = run_command("picolm-agent", "try", "-c", self.write_config(config), *options,
                           stdin=stdin)
        self.assertEqual(done.returncode, 0, done.err)
        return json_lines(done.out)

    def one(self, message, **changes):
        config = self.config([self.route(**changes)])
        return self.attempt(config, "--topic", f"{self.space}/in/notes", "--payload", message)[0]

    def test_it_explains_and_publishes_nothing(self):
        answer = self.one("oil on the floor")
        decisions.validator(self.route()["schema"]).validate(answer["decision"])
        self.assertEqual(answer["outcome"], "DECIDED")
        self.assertEqual(answer["publish"], f"{self.space}/out/notes")
        self.assertAlmostEqual(sum(answer["fields"]["/status"].values()), 1, places=3)

    def test_only_configured_fields_reach_the_model(self):
        fields = [{"name": "t", "from": "/t1", "scale": 0.5}, {"name": "on", "from": "/s/on"}]
        route = {"payload": "json", "fields": fields}
        first = self.one('{"t1":4,"s":{"on":true},"more":"x"}', **route)
        same = self.one('{"other":[1,{"y":2}],"s":{"off":1,"on":true},"t1":4.0}', **route)
        other = self.one('{"t1":5,"s":{"on":true}}', **route)
        self.assertEqual(first["fields"], same["fields"])
        self.assertNotEqual(first["fields"], other["fields"])
        unscaled = [{"name": "t", "from": "/t1"}, {"name": "on", "from": "/s/on"}]
        scaled = self.one('{"t1":2,"s":{"on":true}}', payload="json", fields=unscaled)
        self.assertEqual(first["fields"], scaled["fields"])

    def test_lines_of_a_recording_in_order_with_their_own_time(self):
        config = self.config([self.route("aged", payload="json", max_age_s=30,
                                         time={"pointer": "/ts", "format": "s"})])
        topic = f"{self.space}/in/aged"
        lines = [{"ts": 1_700_000_000, "topic": topic, "payload": {"ts": 1_699_999_990}},
                 {"ts": 1_700_000_000, "topic": topic, "payload": {"ts": 1_699_999_000}},
                 {"topic": "elsewhere", "payload": "x"}, {"payload": "no topic"}]
        stdin = "".join(json.dumps(line) + "\n" for line in lines) + "no JSON\n"
        answers = self.attempt(config, stdin=stdin)
        self.assertEqual([answer["outcome"] for answer in answers],
                         ["DECIDED", "EXPIRED", "REJECTED", "REJECTED", "REJECTED"])
        self.assertEqual([answer["reason"] for answer in answers[1:]],
                         ["too_old", "no_route", "line_invalid", "line_invalid"])


if __name__ == "__main__":
    case.main(programs=("openssl",), modules=("jsonschema",))
