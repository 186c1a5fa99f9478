#!/usr/bin/python3
"""Do the programs keep to their exit codes: 0 done, 1 refused input, 2 wrong usage?

A refusal says on stderr what, where, found and wanted; nothing goes to stdout.
"""

import json
import subprocess

from harness import case
from harness.agent import run_command
from harness.case import tiny_model
from harness.places import binary

STATUS = '{"status":["ok"]}'


class Usage(case.FolderCase):
    def assert_code(self, code, program, *arguments, told="", stdin=""):
        with self.subTest(program=program, arguments=arguments):
            done = run_command(program, *arguments, stdin=stdin)
            self.assertEqual(done.returncode, code, done.err)
            self.assertIn(told, done.err)
            self.assertEqual(done.out if code else "", "")

    def test_help_and_version(self):
        for program in ("picolm", "picolm-agent", "synth_model"):
            for option in ("--help", "--version"):
                done = run_command(program, option)
                self.assertEqual((done.returncode, done.err), (0, ""))
                self.assertTrue(done.out.strip())
            version = run_command(program, "--version").out
            self.assertRegex(version, rf"^{program} \d+\.\d+\.\d+$")
        for command in ("inspect", "tokenize", "logits", "generate", "decide", "eval", "bench",
                        "schema", "schema check", "schema validate"):
            self.assertEqual(run_command("picolm", *command.split(), "--help").returncode, 0)
        for command in ("run", "check", "try"):
            self.assertEqual(run_command("picolm-agent", command, "--help").returncode, 0)

    def test_wrong_usage_is_2(self):
        model = tiny_model()
        for arguments in (
                (), ("bogus",), ("--bogus",), ("decide",), ("decide", "-m", model),
                ("decide", "-s", STATUS), ("decide", "-m", model, "-s", STATUS, "--bogus"),
                ("decide", "-m", model, "-s", STATUS, "--threads", "0"),
                ("decide", "-m", model, "-s", STATUS, "--memory", "5Q"),
                ("decide", "-m", model, "-s", STATUS, "--memory", "-1"),
                *(("decide", "-m", model, "-s", STATUS, "--memory", size)
                  for size in (" 64M", "+64M", "64M ", "99999999999999999999")),
                *(("logits", "-m", model, "--ids", ids)
                  for ids in ("one", "1,,2", ",1", "1,", "-1", "4294967296")),
                ("logits", "-m", model),
                ("generate", "-m", model), ("tokenize",), ("inspect",), ("bench",),
                ("eval", "-m", model), ("eval", "-m", model, "x", "--where", "no-equals"),
                ("schema",), ("schema", "check"), ("schema", "bogus")):
            self.assert_code(2, "picolm", *arguments)
        for arguments in ((), ("bogus",), ("run",), ("check",), ("try",), ("run", "-c"),
                          ("run", "-c", "x", "--bogus"), ("try", "-c", "x", "--payload", "p"),
                          ("try", "-c", "x", "--topic", "t"),
                          ("run", "-c", "x", "--log-level", "loud")):
            self.assert_code(2, "picolm-agent", *arguments)
        for arguments in ((), ("--shape", "round", "--quant", "f32", "x"),
                          ("--shape", "tiny", "--quant", "q9", "x"),
                          ("--shape", "tiny", "--quant", "f32")):
            self.assert_code(2, "synth_model", *arguments)

    def test_refused_input_is_1(self):
        model = tiny_model()
        absent = self.folder / "absent"
        broken = self.folder / "broken.gguf"
        broken.write_bytes(model.read_bytes()[:5000])
        text = self.folder / "text.gguf"
        text.write_text("this is no model\n" * 9)
        for path, told in ((absent, "absent"), (broken, "broken.gguf"), (text, "text.gguf"),
                           (self.folder, self.folder.name)):
            self.assert_code(1, "picolm", "inspect", path, told=told)
            self.assert_code(1, "picolm", "tokenize", "-m", path, told=told)
            self.assert_code(1, "picolm", "logits", "-m", path, "--ids", "1", told=told)
            self.assert_code(1, "picolm", "decide", "-m", path, "-s", STATUS, told=told)
        self.assert_code(1, "picolm", "logits", "-m", model, "--ids", "99999999", told="99999999")
        self.assert_code(1, "picolm", "decide", "-m", model, "-s", absent, told="absent")
        self.assert_code(1, "picolm", "decide", "-m", model, "-s", "{", told="")
        self.assert_code(1, "picolm", "decide", "-m", model, "-s",
                         '{"type":"string","pattern":"(a)\\\\1"}', told="/pattern")
        self.assert_code(1, "picolm", "decide", "-m", model, "-s", STATUS, "--memory", "1K",
                         told="1024")
        self.assert_code(1, "picolm", "decide", "-m", model, "-s", STATUS, "--kernels", "abacus",
                         told="abacus")
        for command in (("inspect", model), ("tokenize", "-m", model),
                        ("schema", "check", STATUS), ("schema", "validate", STATUS)):
            self.assert_code(0, "picolm", *command, "--memory", "256M", "--threads", 1)
            self.assert_code(1, "picolm", *command, "--memory", "1K", told="1024")
            self.assert_code(1, "picolm", *command, "--kernels", "abacus", told="abacus")
        self.assert_code(1, "picolm", "eval", "-m", model, absent, told="absent")
        self.assert_code(1, "picolm-agent", "check", "-c", absent, told="absent")
        self.assert_code(1, "picolm-agent", "run", "-c", absent, told="absent")
        self.assert_code(1, "picolm-agent", "try", "-c", absent, "--topic", "t", "--payload", "p",
                         told="absent")
        self.assert_code(1, "synth_model", "--shape", "tiny", "--quant", "f32",
                         self.folder / "no" / "such.gguf", told="such.gguf")


class Schema(case.FolderCase):
    def check(self, schema):
        text = schema if isinstance(schema, str) else json.dumps(schema)
        done = run_command("picolm", "schema", "check", text)
        return done.returncode, json.loads(done.out)

    def test_check_prints_what_it_cannot_enforce(self):
        self.assertEqual(self.check(STATUS), (0, {"ok": True}))
        path = self.folder / "schema.json"
        path.write_text(json.dumps({"type": "object", "properties": {
            "a": {"type": "array", "items": {"type": "string", "format": "colour"}}}}))
        self.assertEqual(run_command("picolm", "schema", "check", path).returncode, 1)
        for schema, pointer, keyword in (
                ({"type": "string", "pattern": "(a)\\1"}, "/pattern", "pattern"),
                ({"type": "object", "properties": {"a~/b": {"type": "string", "format": "colour"}}},
                 "/properties/a~0~1b/format", "format"),
                ({"type": "array", "uniqueItems": True, "items": {"type": "integer"}},
                 "/uniqueItems", "uniqueItems")):
            with self.subTest(keyword):
                code, answer = self.check(schema)
                self.assertEqual(code, 1)
                self.assertEqual(list(answer), ["ok", "pointer", "keyword", "reason"])
                self.assertEqual((answer["ok"], answer["pointer"], answer["keyword"]),
                                 (False, pointer, keyword))
        for text in ("{", '{"status":[]}', '{"type":"objekt"}', '{"a":' * 20_000):
            with self.subTest(text[:20]):
                code, answer = self.check(text)
                self.assertEqual((code, answer["ok"]), (1, False))

    def test_validate_judges_a_line_each(self):
        lines = ['{"status":"ok"}', '{"status":"bad"}', '{"status":"ok","x":1}', "{", ""]
        done = run_command("picolm", "schema", "validate", STATUS, stdin="\n".join(lines) + "\n")
        self.assertEqual(done.returncode, 0)
        verdicts = [line.split(" ")[0] for line in done.out.splitlines()]
        self.assertEqual(verdicts, ["valid"] + ["invalid"] * 4)
        self.assertTrue(done.out.splitlines()[1].startswith("invalid /status "))

    def test_validate_stays_on_its_line(self):
        line = '{"status":"ok","a\\n\\u001b[2J\\u009b":1}'
        done = run_command("picolm", "schema", "validate", STATUS, stdin=line + "\n")
        self.assertEqual(len(done.out.splitlines()), 1)
        self.assertFalse([c for c in done.out[:-1] if ord(c) < 32 or 127 <= ord(c) < 160])

    def test_a_full_output_is_an_error(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([binary("picolm"), "schema", "check", STATUS], stdout=full,
                                  stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"stdout: could not write", done.stderr)


if __name__ == "__main__":
    case.main(programs=(), modules=("jsonschema",))
