#!/usr/bin/python3
"""Does picolm decide as its help says: one line in, one decision out, whatever the line holds?"""

import json

from harness import case
from harness.agent import json_lines, run_command
from harness.case import tiny_model
from harness.decisions import strict_json, validator

SCHEMA = {"action": ["start", "stop"], "target": ["A", "B", "C"]}
OPEN = {"type": "object",
        "properties": {"kind": {"enum": ["oil", "air"]},
                       "note": {"type": "string", "maxLength": 6},
                       "count": {"type": "integer", "minimum": 0, "maximum": 99999}},
        "required": ["kind", "note", "count"], "additionalProperties": False}
STATS = ["ms", "prompt_tokens", "fresh_tokens", "trie_nodes", "sweeps", "bytes_read", "rung"]


def decide(stdin, *arguments, schema=SCHEMA):
    return run_command("picolm", "decide", "-m", tiny_model(), "-s", json.dumps(schema),
                       *arguments, stdin=stdin)


class Decide(case.FolderCase):
    def test_one_line_each_in_order_and_null_for_what_is_refused(self):
        lines = [b"Turn on machine A", b"", b'{"a":1,"a":2}', b"\xff\xfe", b"a\x00b",
                 b"[" * 100_000, b"oil " * 5000, b"stop B\r"]
        done = decide(b"\n".join(lines) + b"\n")
        self.assertEqual(done.returncode, 0, done.err)
        answers = json_lines(done.out)
        self.assertEqual([answer is None for answer in answers], [0, 1, 1, 1, 1, 1, 1, 0])
        for answer in (answers[0], answers[-1]):
            validator(SCHEMA).validate(answer)
        reasons = [line.split(": ")[1] for line in done.err.splitlines()]
        self.assertEqual(reasons, ["payload_empty", "payload_duplicate_key", "payload_invalid_utf8",
                                   "payload_contains_nul", "payload_too_large",
                                   "message_too_long"])
        self.assertTrue(done.err.startswith("line 2: "))

    def test_no_input_is_no_output(self):
        done = decide("")
        self.assertEqual((done.returncode, done.out, done.err), (0, "", ""))

    def test_the_last_line_needs_no_line_end(self):
        self.assertEqual(len(json_lines(decide("one\ntwo").out)), 2)

    def test_explain_names_fields_by_pointer_and_adds_up(self):
        for answer in json_lines(decide("start A\nstop C\n", "--explain").out):
            self.assertEqual(list(answer), ["decision", "confidence", "fields", "rung"])
            validator(SCHEMA).validate(answer["decision"])
            self.assertEqual(list(answer["fields"]), ["/action", "/target"])
            product = 1
            for pointer, values in answer["fields"].items():
                self.assertEqual(sorted(values), sorted(SCHEMA[pointer[1:]]))
                self.assertAlmostEqual(sum(values.values()), 1, places=5)
                chosen = values[answer["decision"][pointer[1:]]]
                self.assertEqual(chosen, max(values.values()))
                product *= chosen
            self.assertAlmostEqual(answer["confidence"], product, places=5)
            self.assertEqual(answer["rung"], "model")

    def test_explain_tells_options_of_the_same_text_apart(self):
        schema = {"type": "object", "properties": {"a": {"enum": ["1", 1, "x"]}},
                  "required": ["a"], "additionalProperties": False}
        for answer in json_lines(decide("one\n", "--explain", schema=schema).out):
            self.assertEqual(list(answer["fields"]["/a"]), ['"1"', "1", '"x"'])

    def test_a_line_of_any_length_is_one_line(self):
        fits = b"x" * 65536
        done = decide(b"\n".join([b"x" * 3_000_000, fits + b"\r", fits + b"\rmore", b"start A"]))
        reasons = [line.split(": ")[1] for line in done.err.splitlines()]
        self.assertEqual(reasons, ["payload_too_large", "message_too_long", "payload_too_large"])
        self.assertEqual([answer is None for answer in json_lines(done.out)], [1, 1, 1, 0])

    def test_stats_are_one_line_a_decision(self):
        done = decide("start A\n\nstop C\n", "--stats")
        lines = [strict_json(line) for line in done.err.splitlines() if line.startswith("{")]
        self.assertEqual(len(lines), 2)
        for stats in lines:
            self.assertEqual(list(stats), STATS)
            self.assertGreater(stats["ms"], 0)
            self.assertEqual(stats["sweeps"], 1)
            self.assertGreaterEqual(stats["prompt_tokens"], stats["fresh_tokens"])

    def test_open_fields_end_and_validate(self):
        done = decide("oil\nair pressure low\n98\n", schema=OPEN)
        for line in done.out.splitlines():
            validator(OPEN).validate(strict_json(line))
        self.assertEqual(len(done.out.splitlines()), 3)

    def test_same_bytes_for_any_threads_and_kernels(self):
        lines = "start A\nstop C, it leaks\n{\"a\":1}\n"
        expected = decide(lines, "--explain").out
        for options in (("--threads", 1), ("--threads", 3), ("--kernels", "scalar")):
            self.assertEqual(decide(lines, "--explain", *options).out, expected)

    def test_instructions_and_a_schema_file(self):
        path = self.folder / "schema.json"
        path.write_text(json.dumps(OPEN))
        done = run_command("picolm", "decide", "-m", tiny_model(), "-s", path, "-i",
                           "Notes of a <|im_end|> crew.", stdin="oil\n")
        validator(OPEN).validate(strict_json(done.out))


EXAMPLES = [("%s %s" % (way, target), {"action": action, "target": target})
            for target in "ABC"
            for action, ways in (("start", ("fire up", "get going with", "wake up")),
                                 ("stop", ("kill", "put to sleep", "shut down")))
            for way in ways]


class Taught(case.FolderCase):
    def write(self, rows):
        path = self.folder / "examples.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    def examples(self):
        return self.write({"payload": payload, "expected": expected}
                          for payload, expected in EXAMPLES)

    def test_examples_train_the_head(self):
        done = decide("please fire up A\nshut down C now\n", "-e", self.examples(), "--explain")
        for answer, wanted in zip(json_lines(done.out), (("start", "A"), ("stop", "C")),
                                  strict=True):
            self.assertEqual(answer["decision"], dict(zip(("action", "target"), wanted)))
            self.assertIn(answer["rung"], ("head", "model"))

    def test_what_examples_do_not_cover_is_null_and_explained(self):
        lines = "do not shut down C\nkill C\n"
        examples = self.examples()
        done = decide(lines, "-e", examples)
        self.assertEqual([answer is None for answer in json_lines(done.out)], [1, 0])
        answer = json_lines(decide(lines, "-e", examples, "--explain").out)[0]
        self.assertEqual((answer["decision"], answer["confidence"], answer["rung"],
                          answer["doubt"]), (None, 0, "abstain", "unlike_examples"))
        validator(SCHEMA).validate(answer["guess"])

    def test_a_broken_reading_is_null(self):
        rows = [{"payload": {"t": value, "n": "x"},
                 "expected": {"action": "start" if value < 20 else "stop", "target": "A"}}
                for value in (n * 14 % 41 for n in range(20))]
        lines = '{"t":11,"n":"x"}\n{"t":-9999,"n":"x"}\n{"t":null,"n":"x"}\n'
        done = decide(lines, "-e", self.write(rows), "--explain")
        self.assertEqual([(answer.get("doubt"), answer.get("at")) for answer in
                          json_lines(done.out)],
                         [(None, None), ("sensor_fault", "/t"), ("sensor_fault", "/t")])

    def test_examples_that_cannot_teach_are_refused_with_their_line(self):
        good = {"payload": "kill A", "expected": {"action": "stop", "target": "A"}}
        for bad in ({"payload": "kill A"}, {"payload": "kill A", "expected": "stop"},
                    {"payload": "kill A", "expected": {"action": "burn", "target": "A"}}):
            done = decide("kill A\n", "-e", self.write([good, bad]))
            self.assertEqual((done.returncode, done.out), (1, ""), done.err)
            self.assertIn("examples.jsonl:2: ", done.err)
        for path in (self.write([]), self.folder / "absent"):
            self.assertEqual(decide("kill A\n", "-e", path).returncode, 1)


class Copied(case.FolderCase):
    SCHEMA = {"type": "object",
              "properties": {"kind": {"enum": ["oil", "air"]},
                             "to": {"type": "number", "maximum": 90, "x-picolm-copy": True}},
              "required": ["kind", "to"], "additionalProperties": False}

    def test_no_set_point_is_invented(self):
        done = decide("oil to 85.5 or 40, not 120\nair to 120\n", "--explain", schema=self.SCHEMA)
        copied, absent = json_lines(done.out)
        self.assertIn(copied["decision"]["to"], (85.5, 40))
        self.assertEqual((absent["decision"], absent["doubt"], absent["at"]),
                         (None, "not_in_message", "/to"))


class Generate(case.FolderCase):
    def test_free_and_constrained(self):
        free = run_command("picolm", "generate", "-m", tiny_model(), "-p", "oil", "-n", 4)
        again = run_command("picolm", "generate", "-m", tiny_model(), "-p", "oil", "-n", 4)
        self.assertEqual((free.returncode, free.stdout), (0, again.stdout))
        done = run_command("picolm", "generate", "-m", tiny_model(), "-p", "oil", "-s",
                           json.dumps(OPEN))
        validator(OPEN).validate(strict_json(done.out))


if __name__ == "__main__":
    case.main(programs=(), modules=("jsonschema",))
