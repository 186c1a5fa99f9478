#!/usr/bin/env python3
"""The JSON Schema of the configuration, judged by a validator that is not ours.

Accepts every example in deploy/config and refuses changed ones. Exits 77 (skipped) without the
Python module jsonschema (Debian: python3-jsonschema).
"""

import copy
import json
import pathlib
import re
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "config"

# Key to change (None removes it) and what to put there, all of which the schema must refuse.
BAD = [
    (["agentid"], "x"),
    (["agent_id"], 7),
    (["agent_id"], ""),
    (["broker"], None),
    (["broker", "uri"], None),
    (["broker", "port"], 1883),
    (["broker", "keep_alive_s"], 0),
    (["broker", "keep_alive_s"], "10"),
    (["broker", "reply_to"], "a/#"),
    (["broker", "tls"], {"cafile": "x"}),
    (["model", "memory"], "256MB"),
    (["model", "threads"], -1),
    (["routes"], []),
    (["routes"], {}),
    (["routes", 0, "name"], None),
    (["routes", 0, "subscribe"], []),
    (["routes", 0, "qos"], 3),
    (["routes", 0, "class"], "alarm"),
    (["routes", 0, "retained"], True),
    (["routes", 0, "payload"], "xml"),
    (["routes", 0, "rungs"], ["rules"]),
    (["routes", 0, "mode"], "acts"),
    (["routes", 0, "window"], {}),
    (["routes", 0, "rules"], [{"decide": {}}]),
    (["routes", 0, "interlock"], {"allows": {}}),
    (["routes", 0, "deadline_ms"], 100),
    (["routes", 0, "min_confidence"], 1.5),
    (["routes", 0, "envelope"], "half"),
    (["routes", 0, "bind"], {"target": 1}),
    (["routes", 1, "fields", 0, "unt"], "x"),
    (["routes", 1, "time", "format"], "minutes"),
    (["routes", 1, "time", "pointer"], None),
    (["routes", 2, "csv", "columns"], []),
    (["routes", 2, "csv", "separator"], ";;"),
]


def without_comments(text):
    """Drops // and /* */ outside of strings."""
    return re.sub(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', lambda m: m.group(1) or "", text,
                  flags=re.DOTALL)


def changed(document, path, value):
    out = copy.deepcopy(document)
    place = out
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return out


def main():
    schema = json.loads((FOLDER / "picolm-agent.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    wrong = []
    examples = ["minimal.json", "plant.json", "tls.json"]
    for name in examples:
        document = json.loads(without_comments((FOLDER / name).read_text()))
        wrong += [f"{name}: {error.message}" for error in validator.iter_errors(document)]
    plant = json.loads(without_comments((FOLDER / "plant.json").read_text()))
    for path, value in BAD:
        if validator.is_valid(changed(plant, path, value)):
            wrong.append(f"accepted: {path} = {value!r}")
    for line in wrong:
        print(line)
    print(f"{len(examples)} examples, {len(BAD)} bad changes, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
