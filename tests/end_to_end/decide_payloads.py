#!/usr/bin/python3
"""Is every kind of payload read as the route says, and decided within the route's schema?

Every decision seen here is judged by jsonschema when the scenario ends, and the books must show
each refused input under its reason.
"""

import json
import time

from harness import case

MACHINE = {"type": "object",
           "properties": {"action": {"enum": ["start", "stop", "hold"]},
                          "target": {"type": "string", "maxLength": 12}},
           "required": ["action", "target"], "additionalProperties": False}
OPEN = {"type": "object",
        "properties": {"level": {"type": "integer", "minimum": -3, "maximum": 300},
                       "share": {"type": "number", "minimum": 0, "maximum": 1},
                       "stop": {"type": "boolean"},
                       "why": {"type": "string", "minLength": 1, "maxLength": 8},
                       "parts": {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 2},
                       "deep": {"type": "object", "properties": {"x": {"const": None}},
                                "required": ["x"], "additionalProperties": False}},
        "required": ["level", "share", "stop", "why", "parts", "deep"],
        "additionalProperties": False}


class Payloads(case.AgentCase):
    def test_json_with_fields(self):
        fields = [{"name": "oil_temp", "from": "/t1", "scale": 0.1, "unit": "°C", "min": -40,
                   "max": 150},
                  {"name": "guard", "from": "/guard/closed"}]
        self.start([self.route(payload="json", fields=fields)])
        inputs = [
            ({"t1": 950, "guard": {"closed": True}, "more": [1, 2]}, None),
            ({"t1": 1500, "guard": {"closed": "no"}}, None),  # 150 is still in range
            ({"t1": 1501, "guard": {"closed": 1}}, "sensor_fault"),
            ({"t1": -401, "guard": {"closed": 1}}, "sensor_fault"),
            ({"t1": "950", "guard": {"closed": 1}}, "sensor_fault"),
            ({"t1": 950}, "sensor_fault"),
            ({"t1": 950, "guard": {"closed": None}}, "sensor_fault"),
        ]
        for payload, _ in inputs:
            self.send("notes", json.dumps(payload))
        self.decide("notes", '{"t1":0,"guard":{"closed":false}}')
        self.assert_books(self.stop_agent(), decided=3, reasons={
            "sensor_fault": 5})

    def test_text_number_csv_and_auto(self):
        csv = {"separator": ";", "decimal": ",", "columns": ["good", "bad", "speed"]}
        self.start([
            self.route("text", payload="text"),
            self.route("number", payload="number", fields=[{"name": "t", "from": "", "max": 99}]),
            self.route("csv", payload="csv", csv=csv, fields=[{"name": "speed", "max": 10}]),
            self.route("auto"),
        ])
        for name, payload in [("text", "press 4 leaks oil"), ("text", '{"not": "parsed"'),
                              ("number", " 21.50\n"), ("csv", "12;3;9,5\r\n"), ("csv", '"a;b";;1'),
                              ("auto", "start the pump"), ("auto", "17"), ("auto", '[{"a":1}]')]:
            self.decide(name, payload)
        for name, payload in [("number", "warm"), ("number", "100"), ("csv", "12;3"),
                              ("csv", "1;2;10,5"), ("csv", '1;"2;3'), ("auto", '{"a":1')]:
            self.send(name, payload)
        self.decide("auto", "last")
        self.assert_books(self.stop_agent(), decided=9, reasons={
            "payload_not_a_number": 1, "sensor_fault": 2, "payload_wrong_column_count": 1,
            "payload_not_csv": 1, "payload_not_json": 1})

    def test_open_values_end_and_validate(self):
        self.start([self.route("open", schema=OPEN)])
        for text in ("so warm", "98", '{"a":[1,2,3]}'):
            self.decide("open", text)
        self.assert_books(self.stop_agent(), decided=3)

    def test_named_levels_fill_publish_and_bind(self):
        self.start([self.route("press", schema=MACHINE, bind={"target": "press-{press}"},
                               subscribe=f"{self.space}/in/{{hall}}/press/{{press}}",
                               publish=f"{self.space}/out/{{hall}}/{{press}}")])
        self.observer.publish(f"{self.space}/in/h1/press/7", "too loud")
        decision = self.observer.wait_count(1, f"{self.space}/out/h1/7")[0]
        self.assertEqual(decision.json["target"], "press-7")
        self.observer.publish(f"{self.space}/in/h2/press/{'9' * 7}", "too long for the schema")
        self.observer.publish(f"{self.space}/in/h2/press/8", "still there")
        decision = self.observer.wait_count(1, f"{self.space}/out/h2/8")[0]
        self.assertEqual(decision.json["target"], "press-8")
        self.assert_books(self.stop_agent(), decided=2, reasons={"bind_not_allowed": 1})

    def test_split_makes_each_element_an_input(self):
        self.start([self.route("list", payload="json", split="/values", id="/batch",
                               fields=[{"name": "t", "max": 100}])])
        self.send("list", '{"batch":"b7","values":[{"t":1},{"t":200},{"t":3}]}')
        inputs = [m.user["input"] for m in self.wait_decisions(2, "list")]
        self.assertEqual(inputs, ["b7#0", "b7#2"])
        for payload in ('{"values":[]}', '{"values":4}', '{"value":[{"t":1}]}'):
            self.send("list", payload)
        self.decide("list", '{"batch":1,"values":[{"t":1}]}')
        metrics = self.stop_agent()
        self.assert_books(metrics, decided=3, reasons={
            "sensor_fault": 1, "split_empty": 1, "split_missing": 2})
        self.assertEqual(metrics["received"], 7)

    def test_old_and_future_messages(self):
        self.start([self.route("aged", payload="json", max_age_s=30,
                               time={"pointer": "/ts", "format": "s"})])
        now = time.time()
        for ts in (now - 3600, now + 3600, "yesterday", None):
            self.send("aged", json.dumps({"ts": ts}))
        self.send("aged", "{}")
        self.decide("aged", json.dumps({"ts": now - 1}))
        metrics = self.stop_agent()
        self.assert_books(metrics, decided=1, reasons={
            "too_old": 1, "time_in_future": 1, "time_invalid": 2, "time_missing": 1})
        self.assertEqual(metrics["outcomes"]["EXPIRED"], 1)


if __name__ == "__main__":
    case.main()
