"""One scenario: folder, broker, observer, agent; judges all output at its end."""

import atexit
import functools
import json
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from . import decisions, places
from .agent import Agent
from .broker import open_broker

SKIPPED = 77  # what ctest and automake take for "skipped"


@functools.lru_cache(maxsize=None)
def tiny_model():
    """A model of two layers with random weights: quick, and the same in every run."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="picolm-e2e-model-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "tiny.gguf"
    subprocess.run([places.binary("synth_model"), "--shape", "tiny", "--quant", "f32", path],
                   check=True)
    return path


class FolderCase(unittest.TestCase):
    """A scenario without broker: a folder of its own."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="picolm-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.space = "e2e-" + secrets.token_hex(4)  # agent's name and first topic level

    def route(self, name="notes", **changes):
        """A route that listens to SPACE/in/NAME and publishes to SPACE/out/NAME."""
        return {"name": name, "subscribe": f"{self.space}/in/{name}", "class": "command",
                "schema": {"status": ["ok", "error", "warning"]},
                "publish": f"{self.space}/out/{name}"} | changes

    def config(self, routes=None, *, uri="mqtt://127.0.0.1:1", model=None, broker=(), **top):
        return {"agent_id": self.space, "topic_root": self.space,
                "broker": {"uri": uri, "keep_alive_s": 5, "session_expiry_s": 120} | dict(broker),
                "model": {"path": str(model or tiny_model()), "threads": 1},
                "routes": routes or [self.route()]} | top

    def write_config(self, config, name="agent.json"):
        path = self.folder / name
        path.write_text(json.dumps(config, indent=1, ensure_ascii=False))
        return path


class AgentCase(FolderCase):
    """A scenario with a broker, an observer of all topics of the scenario, and an agent."""

    broker_options = {}

    def setUp(self):
        super().setUp()
        self.broker = self.open_broker(**self.broker_options)
        self.observer = None
        self.agent = None
        self.settings = []  # configurations that the agent was given, the latest first

    def open_broker(self, **options):
        broker = open_broker(self.folder, **options)
        self.addCleanup(broker.close)
        return broker

    def observe(self, **options):
        # A late import: scenarios without paho must be able to say so.
        from .observer import Observer
        self.observer = Observer(self.broker, [f"{self.space}/#"], **options)
        self.addCleanup(self.observer.close)
        return self.observer

    def start(self, routes=None, *, options=(), **config):
        """Observer first, then the agent; returns when the agent is online."""
        if self.observer is None:
            self.observe()
        self.launch(self.use(self.config(routes, **{"uri": self.broker.uri} | config)), *options)
        self.wait_state("online")

    def use(self, config):
        """Writes `config` to the agent's file; output is judged by the configurations in use."""
        self.settings.insert(0, config)
        return self.write_config(config)

    def launch(self, config_path, *options):
        self.agent = Agent(config_path, *options)
        self.addCleanup(self.agent.kill)
        return self.agent

    # --- what the agent says of itself

    def own(self, leaf):
        return f"{self.space}/{self.space}/{leaf}"

    def states(self):
        return [m.json["state"] for m in self.observer.of(self.own("status"))]

    def last_status(self):
        return self.observer.of(self.own("status"))[-1].json

    def wait_state(self, state, *, count=1):
        """Until the agent's status has been `state` for the `count`th time."""
        self.observer.wait(lambda _: self.states().count(state) >= count,
                           what=f"status {state} number {count}", processes=self.watched())

    def watched(self):
        return (self.agent,) if self.agent is not None and self.agent.running() else ()

    # --- inputs and decisions

    def send(self, name, payload, **options):
        self.observer.publish(f"{self.space}/in/{name}", payload, **options)

    def out(self, name="notes"):
        return f"{self.space}/out/{name}"

    def wait_decisions(self, count, name="notes"):
        return self.observer.wait_count(count, self.out(name), processes=self.watched())

    def decide(self, name, payload, *, user=None, **options):
        """Sends one message with an id of its own and returns its decision."""
        user = {"id": f"message {len(self.observer.received)}"} | (user or {})
        before = len(self.observer.of(self.out(name)))
        self.send(name, payload, user=user, **options)
        return self.observer.wait(
            lambda _: [m for m in self.observer.of(self.out(name))[before:]
                       if m.user["input"] == user["id"]],
            what=f"decision on {payload[:100]!r}", processes=self.watched())[0]

    def decide_unmarked(self, name, payload, **options):
        """The same without an id; nothing else may be on its way to this route."""
        before = len(self.observer.of(self.out(name)))
        self.send(name, payload, **options)
        return self.wait_decisions(before + 1, name)[before]

    def stop_agent(self):
        """SIGTERM; returns the last metrics, which close the books."""
        offline = self.states().count("offline")
        code = self.agent.terminate()
        self.assertEqual(code, 0, self.agent.log())
        self.wait_state("offline", count=offline + 1)
        metrics = self.observer.of(self.own("metrics"))[-1].json
        self.assertEqual(metrics["pending"], 0)
        return metrics

    def assert_books(self, metrics, *, decided, reasons=None):
        """All inputs of this agent: `decided` of them, the others by reason."""
        self.assertEqual(metrics["reasons"], reasons or {})
        self.assertEqual(metrics["outcomes"]["DECIDED"], decided, metrics)

    # --- what holds in every scenario

    def tearDown(self):
        if self.observer is not None and self.settings:
            for message in list(self.observer.received):
                self.judge(message)

    def judge(self, message):
        """Whatever the agent published is of a known kind and well formed."""
        parts = message.topic.split("/")
        if message.topic == self.own("status"):
            self.assertIn(message.json["state"], ("online", "degraded", "offline"))
            self.assertEqual(list(message.json), ["state", "since", "version", "config_hash",
                                                  "model_hash", "routes"])
        elif message.topic == self.own("metrics"):
            decisions.check_metrics(message.json)
        elif message.topic.startswith(self.own("feedback")):
            pass  # ours, to the agent
        elif parts[2] == "stop" and parts[1] in (self.space, "all"):
            pass  # ours too
        elif message.topic == self.own("fence"):
            self.assertRegex(message.payload, rb"^\d+-")
        elif message.topic.startswith(self.own("alarm/")):
            decisions.check_alarm(message.json)
        elif message.topic.startswith(self.own("confirm/")):
            self.assertEqual(list(message.json), ["id", "topic", "decision", "confidence",
                                                  "answer", "until"])
        elif message.topic.startswith(self.own("")):
            self.assertIn(parts[2], ("abstained", "refused"), message.topic)
            self.assertTrue({"input", "best_guess", "confidence", "reason"} <= set(message.json))
        elif parts[1] in ("out", "reply"):
            self.judge_decision(message)
        else:
            self.assertEqual(parts[1], "in", f"an unexpected topic: {message.topic}")

    def judge_decision(self, message):
        """Right under one of the configurations."""
        for config in self.settings[:-1]:
            try:
                return decisions.check_decision(message, config)
            except (AssertionError, ValueError, decisions.SchemaMismatch):
                continue
        return decisions.check_decision(message, self.settings[-1])


def main(*, programs=("mosquitto",), modules=("paho.mqtt", "jsonschema"), needs=()):
    """Runs the scenarios of the calling file; says what is missing and exits with 77.

    `needs` are functions that raise unittest.SkipTest.
    """
    absent = places.missing(programs=(*programs, "setpriv"), modules=modules)
    for need in needs:
        try:
            need()
        except unittest.SkipTest as reason:
            absent.append(str(reason))
    if absent:
        print("skipped: " + "; ".join(absent))
        sys.exit(SKIPPED)
    # A scenario that is stopped cleans up like one that fails.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    result = unittest.main(exit=False, verbosity=2).result
    if result.wasSuccessful() and result.testsRun == len(result.skipped):
        for _, reason in result.skipped[:1]:
            print(f"skipped: {reason}")
        sys.exit(SKIPPED)
    sys.exit(0 if result.wasSuccessful() else 1)
