#!/usr/bin/env python3
"""Plays a recording to the agent and shows what it decides.

  play.py --port N --rows FILE --agent PID
  play.py --check --rows FILE

FILE holds JSON lines {"topic", "payload"[, "expected"]}; a payload that is not a string is sent as
JSON. Each message is sent when the decision of the one before has come, so that the milliseconds
shown are those of one message: from its publish to its decision, through the broker both ways.
"""

import argparse
import json
import os
import pathlib
import queue
import re
import shutil
import sys
import time

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

ANSWER_WAIT_S = 15
START_WAIT_S = 60


def is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Plant:
    """The broker's other side: publishes messages, collects what comes back by input id."""

    def __init__(self, port):
        self.answers = queue.Queue()
        self.status = queue.Queue()
        self.client = mqtt.Client(client_id="demo-plant", protocol=mqtt.MQTTv5)
        self.client.on_connect = self.on_connect
        self.client.on_message = self.on_message
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def on_connect(self, client, *_):
        client.subscribe([("plant/#", 1), ("picolm/#", 1)])

    def on_message(self, _client, _userdata, message):
        if message.topic.endswith("/status"):
            self.status.put(json.loads(message.payload))
            return
        properties = dict(getattr(message.properties, "UserProperty", []))
        if "/abstained/" in message.topic:
            note = json.loads(message.payload)
            properties = {"input": note["input"], "reason": note["reason"],
                          "confidence": note["confidence"], "outcome": "ABSTAINED"}
        if "input" in properties:
            self.answers.put(
                (time.monotonic(), message.topic, message.payload.decode(), properties))

    def wait_online(self, agent):
        """Until the agent says that it is online; gives up as soon as its process has ended."""
        deadline = time.monotonic() + START_WAIT_S
        while time.monotonic() < deadline and is_running(agent):
            try:
                if self.status.get(timeout=1).get("state") == "online":
                    return
            except queue.Empty:
                pass
        sys.exit("the agent did not come online")

    def ask(self, number, topic, payload):
        """Sends one message; returns (milliseconds, payload, properties) of its decision, or of the
        note that the agent abstains, which follows a fallback if the route has one."""
        properties = Properties(PacketTypes.PUBLISH)
        properties.UserProperty = [("id", f"demo-{number}")]
        sent = time.monotonic()
        self.client.publish(topic, payload, qos=1, properties=properties)
        while True:
            try:
                at, answer_topic, answer, found = self.answers.get(timeout=ANSWER_WAIT_S)
            except queue.Empty:
                return None
            ends = answer_topic.endswith("/decision") or "/abstained/" in answer_topic
            if found["input"] == f"demo-{number}" and ends:
                if "/abstained/" in answer_topic:
                    answer = "{}"  # no fallback came before the note: nothing was decided
                return (at - sent) * 1000, answer, found


def route_filters():
    """The demo's subscriptions, with + for each named level."""
    text = (pathlib.Path(__file__).parent / "agent.json").read_text(encoding="utf-8")
    patterns = re.findall(r'"subscribe": "([^"]+)"', text)
    return [re.sub(r"\{[^}]*\}", "+", pattern) for pattern in patterns]


def clip(text, width):
    text = text.replace("\n", " ")
    return text if len(text) <= width else text[: width - 1] + "…"


class Table:
    def __init__(self):
        columns = max(100, min(shutil.get_terminal_size((140, 24)).columns, 180))
        self.topic, self.decision = 30, 40
        self.payload = columns - self.topic - self.decision - 26
        self.row("topic", "payload", "decision", "conf", "ms", "")
        print("-" * (columns - 1))

    def row(self, topic, payload, decision, confidence, ms, mark):
        print(f"{clip(topic, self.topic):{self.topic}} "
              f"{clip(payload, self.payload):{self.payload}} "
              f"{clip(decision, self.decision):{self.decision}} {confidence:>5} {ms:>6} {mark}",
              flush=True)


def is_right(decision, expected):
    return all(decision.get(key) == value for key, value in expected.items())


def read_rows(path):
    """The recording, checked line by line before anything starts."""
    filters = route_filters()
    rows = []
    try:
        lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"{path}: {error}")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            sys.exit(f"{path}:{number}: found no JSON ({error}), wanted {{\"topic\",\"payload\"}}")
        topic = row.get("topic") if isinstance(row, dict) else None
        if not isinstance(topic, str) or "payload" not in row:
            sys.exit(f"{path}:{number}: wanted {{\"topic\",\"payload\"[,\"expected\"]}}")
        if set("+#") & set(topic) or not any(mqtt.topic_matches_sub(f, topic) for f in filters):
            sys.exit(f"{path}:{number}: found topic {topic!r}, wanted one of {', '.join(filters)}")
        if "expected" in row and not (isinstance(row["expected"], dict) and row["expected"]):
            sys.exit(f"{path}:{number}: found an empty \"expected\", wanted the fields to compare")
        rows.append(row)
    if not rows:
        sys.exit(f"{path}: found no rows")
    return rows


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--check", action="store_true", help="only read the recording")
    arguments.add_argument("--port", type=int)
    arguments.add_argument("--agent", type=int, help="process that answers")
    arguments.add_argument("--rows", required=True)
    arguments = arguments.parse_args()
    rows = read_rows(arguments.rows)
    if arguments.check:
        return 0

    plant = Plant(arguments.port)
    plant.wait_online(arguments.agent)
    table = Table()
    routes, times, silent = {}, [], 0
    for number, row in enumerate(rows):
        payload = row["payload"]
        if not isinstance(payload, str):
            payload = json.dumps(payload)
        answer = plant.ask(number, row["topic"], payload)
        if answer is None:
            table.row(row["topic"], payload, "(no decision)", "", "", "?")
            silent += 1
            continue
        ms, text, properties = answer
        times.append(ms)
        mark = "abstained" if properties.get("outcome") == "ABSTAINED" else ""
        if "expected" in row:
            right = is_right(json.loads(text), row["expected"])
            count = routes.setdefault(row["topic"].rsplit("/", 1)[-1], [0, 0, 0])
            count[0] += right
            count[1] += 1
            count[2] += mark != ""
            mark = ("right " if right else "wrong ") + mark
        confidence = f"{float(properties.get('confidence', 'nan')):.2f}"
        decision = text if text != "{}" else f"({properties['reason']})"
        table.row(row["topic"], payload, decision, confidence, f"{ms:.0f}", mark)

    print()
    for name, (right, all_rows, abstained) in routes.items():
        note = f", {abstained} abstained" if abstained else ""
        print(f"{name:10} {right} of {all_rows} right ({100 * right / all_rows:.0f} %){note}")
    if times:
        times.sort()
        print(f"{len(times)} decisions, "
              f"median {times[len(times) // 2]:.0f} ms from message to decision"
              + (f", {silent} messages without one" if silent else ""))
    plant.client.disconnect()
    plant.client.loop_stop()
    return 1 if silent else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
