"""What every published decision must look like.

The schema is judged by python3-jsonschema, which shares no code with the product.
"""

import datetime
import json
import re

try:
    import jsonschema
    SchemaMismatch = jsonschema.ValidationError
except ImportError:  # case.main says so and skips
    SchemaMismatch = AssertionError

CLOUD_EVENTS = ["specversion", "id", "source", "type", "subject", "time"]
OURS = ["confidence", "rung", "mode", "outcome", "fallback", "expires", "model", "input"]
OUTCOMES = {"DECIDED", "ABSTAINED", "REFUSED", "REJECTED", "DUPLICATE", "EXPIRED", "SUPERSEDED",
            "CONFLATED", "UNCHANGED", "SHED", "QUARANTINED"}
ENVELOPE = ["v", "id", "time", "expires", "route", "outcome", "reason", "mode", "fallback",
            "replayed", "confidence", "rung", "input", "decision"]


def as_json_schema(schema):
    """A schema of a configuration as JSON Schema; the shorthand becomes its equivalent."""
    if "type" in schema and isinstance(schema["type"], str) or "enum" in schema:
        return schema
    members = {name: as_json_schema(value) if isinstance(value, dict) else {"enum": value}
               for name, value in schema.items()}
    return {"type": "object", "properties": members, "required": list(members),
            "additionalProperties": False}


def validator(schema):
    schema = as_json_schema(schema)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def strict_json(text):
    """json.loads, but a name that stands twice or NaN is an error."""

    def pairs(items):
        names = [name for name, _ in items]
        if len(set(names)) != len(names):
            raise ValueError(f"a name stands twice: {names}")
        return dict(items)

    def refuse(constant):
        raise ValueError(f"{constant} is not JSON")

    return json.loads(text, object_pairs_hook=pairs, parse_constant=refuse)


def timestamp(text):
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text):
        raise AssertionError(f"not a time in UTC: {text!r}")
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def filter_matches(pattern, topic):
    """`pattern` is a route's `subscribe`: named levels are single-level wildcards."""
    parts = re.sub(r"\{[^}]*\}", "+", pattern).split("/")
    if parts[0] == "$share":
        parts = parts[2:]
    levels = topic.split("/")
    for i, part in enumerate(parts):
        if part == "#":
            return True
        if i >= len(levels) or (part != "+" and part != levels[i]):
            return False
    return len(parts) == len(levels)


def listens(route, topic):
    filters = route["subscribe"]
    filters = [filters] if isinstance(filters, str) else filters
    return any(filter_matches(f, topic) for f in filters)


def route_of(config, subject, topic):
    """The route that decided an input on `subject` and published on `topic`.

    A reply's topic names no route; then the input's must.
    """
    listening = [route for route in config["routes"] if listens(route, subject)]
    assert listening, f"no route listens to {subject}"
    publishing = [route for route in listening
                  if any(filter_matches(route[key], topic) for key in ("publish", "command")
                         if key in route)]
    return (publishing or listening)[0]


def check_properties(message, config):
    """User properties and MQTT properties of one decision; returns its route."""
    user = message.user
    wanted = CLOUD_EVENTS + OURS
    absent = [name for name in wanted if not user.get(name)]
    assert not absent, f"missing or empty: {absent} in {user}"
    assert len(set(message.user_names)) == len(message.user_names), message.user_names
    assert user["specversion"] == "1.0", user
    source = f"{config.get('topic_root', 'picolm')}/{config['agent_id']}"
    assert user["source"] == source, user
    assert 0 <= float(user["confidence"]) <= 1, user
    assert user["outcome"] in OUTCOMES, user
    assert user["fallback"] in ("true", "false"), user
    assert user["rung"] in ("rule", "cache", "head", "model", "abstain"), user
    assert timestamp(user["expires"]) > timestamp(user["time"]), user
    assert message.content_type == "application/json", message
    assert 0 < message.expiry_s <= 60, message
    route = route_of(config, user["subject"], message.topic)
    assert user["mode"] in ("advise", route.get("mode", "advise")), user
    return route


def check_envelope(document, user=None):
    assert list(document) == ENVELOPE, list(document)
    assert document["v"] == 1 and document["replayed"] is False, document
    assert 0 <= document["confidence"] <= 1 and document["outcome"] in OUTCOMES, document
    assert timestamp(document["expires"]) > timestamp(document["time"]), document
    for name in ("id", "time", "expires", "outcome", "mode", "rung", "input") if user else ():
        assert document[name] == user[name], f"{name}: {document[name]} and {user[name]}"
    return document["decision"]


def check_decision(message, config):
    """Judges one decision, wherever it was published; returns it, or None where it abstained.

    Raises AssertionError or jsonschema.ValidationError.
    """
    if message.user:
        route = check_properties(message, config)
        decision = strict_json(message.payload)
        if route.get("envelope") == "full" or is_command(route, message):
            decision = check_envelope(decision, message.user)
        outcome = message.user["outcome"]
    else:  # MQTT 3.1.1 has no properties, so everything is in the envelope
        document = strict_json(message.payload)
        decision = check_envelope(document)
        route = next(r for r in config["routes"] if r["name"] == document["route"])
        outcome = document["outcome"]
    if decision is None:
        assert outcome != "DECIDED", message
        return None
    validator(route["schema"]).validate(decision)
    return decision


def is_command(route, message):
    """Commands are always in the full envelope, allowed by the interlock and act."""
    if "command" not in route or not filter_matches(route["command"], message.topic):
        return False
    document = strict_json(message.payload)
    assert document["mode"] == "act" and route["mode"] == "act", message
    allowed = route["interlock"]["allow"]
    assert all(document["decision"][name] in values for name, values in allowed.items()), message
    return True


def check_alarm(document):
    assert list(document) == ["active", "since", "severity", "text"], document
    assert document["severity"] in ("warning", "error", "critical"), document
    assert document["active"] is bool(document["text"]), document
    assert document["since"] is None or timestamp(document["since"]), document


def check_metrics(document):
    """received = sum of outcomes + pending, and nothing is counted under an unknown name."""
    assert set(document["outcomes"]) == OUTCOMES, document["outcomes"]
    finished = sum(document["outcomes"].values())
    assert document["received"] == finished + document["pending"], document
    feedback = document["feedback"]
    assert feedback["received"] >= feedback["accepted"] + feedback["refused"], feedback
    assert sum(feedback["reasons"].values()) == feedback["refused"], feedback
    not_reasons = document["outcomes"]["DECIDED"]
    assert sum(document["reasons"].values()) == finished - not_reasons, document
