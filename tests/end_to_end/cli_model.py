#!/usr/bin/python3
"""Do tokenize, logits, inspect, eval and bench print what their help and the README promise?"""

import json
import math
import struct

from harness import case
from harness.agent import json_lines, run_command
from harness.case import tiny_model

SCHEMA = {"type": "object", "properties": {"status": {"enum": ["ok", "error"]}},
          "required": ["status"], "additionalProperties": False}
EVAL = ["n", "accuracy", "balanced_accuracy", "fields", "coverage_at", "accuracy_at", "ece",
        "p50_ms", "p99_ms", "rungs"]
BENCH = ["prefill_tps", "decode_tps", "decision_ms", "sweep_bytes", "sweep_s", "memory_gb_s",
         "int8_gmac_s", "peak_bytes", "output_hash"]


def picolm(*arguments, **options):
    done = run_command("picolm", *arguments, **options)
    assert done.returncode == 0, done.err
    return done


def inspect(model):
    return json.loads(picolm("inspect", model, "--json").out)


class Model(case.FolderCase):
    def test_tokenize_reads_special_tokens_only_when_asked(self):
        lines = "".join(json.dumps({"text": text}) + "\n" for text in
                        ("oil", "", "a<|im_end|>b", "\u00e9\U0001f680\n"))
        plain = [row["ids"] for row in json_lines(picolm("tokenize", "-m", tiny_model(),
                                                         stdin=lines).out)]
        special = [row["ids"] for row in json_lines(picolm("tokenize", "-m", tiny_model(),
                                                           "--special", stdin=lines).out)]
        self.assertEqual(plain[1], [])
        self.assertEqual([plain[i] for i in (0, 1, 3)], [special[i] for i in (0, 1, 3)])
        self.assertLess(len(special[2]), len(plain[2]))
        extra = set(special[2]) - set(plain[2])
        self.assertEqual(len(extra), 1)
        every = {i for ids in plain for i in ids}
        self.assertFalse(every & extra)

    def test_tokenize_refuses_what_is_no_text(self):
        for line in ("oil", '{"text":1}', '{"txt":"oil"}', "[]"):
            done = run_command("picolm", "tokenize", "-m", tiny_model(), stdin=line + "\n")
            self.assertEqual(done.returncode, 1)
            self.assertIn("line 1", done.err)

    def test_logits_are_one_float_a_token_and_the_same_everywhere(self):
        out = picolm("logits", "-m", tiny_model(), "--ids", "1,2,3").stdout
        vocabulary = inspect(tiny_model())["config"]["vocabulary"]
        values = struct.unpack(f"<{vocabulary}f", out)
        self.assertTrue(all(math.isfinite(value) for value in values))
        self.assertGreater(len(set(values)), vocabulary // 2)
        for options in (("--threads", 1), ("--kernels", "scalar")):
            self.assertEqual(picolm("logits", "-m", tiny_model(), "--ids", "1,2,3",
                                    *options).stdout, out)
        self.assertNotEqual(picolm("logits", "-m", tiny_model(), "--ids", "1,2").stdout, out)

    def test_inspect_counts_the_bytes_of_the_file(self):
        found = inspect(tiny_model())
        self.assertEqual(found["bytes"], tiny_model().stat().st_size)
        self.assertEqual(sum(kind["bytes"] for kind in found["types"].values()),
                         found["weight_bytes"])
        self.assertEqual(found["architecture"], "llama")
        self.assertLess(found["sweep_bytes"], found["weight_bytes"])
        text = picolm("inspect", tiny_model()).out
        for word in ("llama", "f32", "a sweep reads"):
            self.assertIn(word, text)

    def test_bench_names_what_it_measured(self):
        found = json.loads(picolm("bench", "-m", tiny_model(), "--json", timeout=300).out)
        self.assertEqual([name for name in BENCH if name not in found], [])
        self.assertEqual(found["sweep_bytes"], inspect(tiny_model())["sweep_bytes"])
        self.assertGreater(found["prefill_tps"], found["decode_tps"] / 10)
        shaped = json.loads(picolm("bench", "-m", tiny_model(), "--json", "--prefix", 9,
                                   "--fresh", 2, "--nodes", 3, "--batch", 4, timeout=300).out)
        self.assertEqual(shaped["decision_shape"],
                         {"prefix": 9, "fresh": 2, "nodes": 3, "batch": 4})
        self.assertEqual(shaped["output_hash"], found["output_hash"])
        text = picolm("bench", "-m", tiny_model(), timeout=300).out
        self.assertIn(found["output_hash"], text)


class Eval(case.FolderCase):
    def rows(self):
        rows = [{"source": source, "topic": "t", "payload": f"{words} {number}", "schema": SCHEMA,
                 "expected": {"status": status}, "score": ["status"], "split": split}
                for number in range(6)
                for source, words, status, split in (("plant", "it runs", "ok", "dev"),
                                                     ("plant", "it broke", "error", "test"),
                                                     ("other", "all is well", ["ok", "error"],
                                                      "dev"))]
        rows.append({"source": "plant", "payload": "no schema", "expected": {"status": "ok"}})
        path = self.folder / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    def evaluate(self, *arguments):
        return json.loads(picolm("eval", "-m", tiny_model(), self.rows(), "--json", *arguments).out)

    def test_names_and_bounds(self):
        found = self.evaluate()
        self.assertEqual(sorted(found), ["other", "plant"])
        for source in found.values():
            self.assertEqual([name for name in EVAL if name not in source], [])
            for name in ("accuracy", "balanced_accuracy", "ece"):
                self.assertTrue(0 <= source[name] <= 1, source)
            self.assertEqual(list(source["coverage_at"]), list(source["accuracy_at"]))
            coverage = list(source["coverage_at"].values())
            self.assertEqual(coverage, sorted(coverage, reverse=True))
            self.assertLessEqual(source["p50_ms"], source["p99_ms"])
        self.assertEqual((found["plant"]["n"], found["plant"]["skipped"]), (12, 1))
        self.assertEqual(found["other"]["accuracy"], 1)  # either of the two is right

    def test_where_limit_and_instructions(self):
        found = self.evaluate("--where", "split=test")
        self.assertEqual({name: source["n"] for name, source in found.items()}, {"plant": 6})
        self.assertEqual(self.evaluate("--limit", 3)["plant"]["n"], 3)
        path = self.folder / "instructions.json"
        path.write_text(json.dumps({"plant": "Notes of a plant."}))
        self.assertEqual(self.evaluate("--instructions", path)["plant"]["n"], 12)

    def test_rows_that_cannot_be_judged_are_refused_with_their_place(self):
        good = {"payload": "it runs", "schema": SCHEMA, "expected": {"status": "ok"}}
        path = self.folder / "bad.jsonl"
        for key, value in (("payload", 7), ("source", []), ("expected", "ok"), ("score", [1]),
                           ("instructions", 1)):
            with self.subTest(key):
                path.write_text(f"{json.dumps(good)}\n{json.dumps({**good, key: value})}\n")
                done = run_command("picolm", "eval", "-m", tiny_model(), path)
                self.assertEqual((done.returncode, done.out), (1, ""))
                self.assertIn(f'{path}:2: "{key}": wanted', done.err)
        path.write_text("")
        for rows in (path, self.folder):
            done = run_command("picolm", "eval", "-m", tiny_model(), rows)
            self.assertEqual((done.returncode, done.out), (1, ""))
            self.assertIn(str(rows), done.err)

    def test_a_type_may_be_a_list(self):
        schema = {**SCHEMA, "properties": {"status": {"type": ["string", "null"],
                                                      "enum": ["ok", None]}}}
        path = self.folder / "listed.jsonl"
        path.write_text(json.dumps({"payload": "it runs", "schema": schema,
                                    "expected": {"status": ["ok", None]}}) + "\n")
        found = json.loads(picolm("eval", "-m", tiny_model(), path, "--json").out)
        self.assertEqual(found["rows"]["n"] + sum(found["rows"]["refused"].values()), 1)

    def test_a_taught_route_needs_no_model(self):
        path = self.folder / "taught.jsonl"
        rows = [{"id": f"{status}-{number}", "payload": f"{words} at {number} o'clock",
                 "schema": SCHEMA, "expected": {"status": status}}
                for number in range(40)
                for words, status in (("all runs well", "ok"), ("it broke down", "error"))]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        arguments = ("eval", path, "--rungs", "head", "--train", 16, "--seeds", 3, "--json")
        text = picolm(*arguments).out
        found = json.loads(text)["rows"]
        self.assertEqual((found["train"]["examples"], found["train"]["splits"]), (16, 3))
        self.assertEqual(found["n"], 3 * (80 - 16))
        self.assertGreaterEqual(found["accuracy"], 0.95)
        self.assertEqual(set(found["rungs"]) - {"head", "abstain"}, set())
        again = json.loads(picolm(*arguments).out)["rows"]
        for name in ("accuracy", "coverage_at", "ece", "doubts"):
            self.assertEqual(again[name], found[name], "the same splits give the same figures")
        self.assertEqual(run_command("picolm", *arguments[:2]).returncode, 2, "a model is wanted")

    def test_the_table_shows_every_source(self):
        text = picolm("eval", "-m", tiny_model(), self.rows()).out
        for word in ("plant", "other", "accuracy", "skipped, no schema: 1"):
            self.assertIn(word, text)


if __name__ == "__main__":
    case.main(programs=(), modules=("jsonschema",))
