#!/usr/bin/python3
"""Does the demo play its plant to the end, right often enough, and leave nothing behind?"""

import os
import re
import subprocess

from harness import case, places

COMMANDS_RIGHT_MIN = 0.6


class Demo(case.FolderCase):
    def play(self, *arguments):
        # The model is where the demo looks for it; the programs are those under test.
        environment = os.environ | {"TMPDIR": str(self.folder)}
        return subprocess.run([places.ROOT / "deploy" / "demo.sh", *map(str, arguments)],
                              capture_output=True, text=True, check=False, env=environment,
                              timeout=300)

    def test_the_plant(self):
        done = self.play()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        right, rows = map(int, re.search(r"command +(\d+) of (\d+) right", done.stdout).groups())
        self.assertGreaterEqual(right / rows, COMMANDS_RIGHT_MIN, done.stdout)
        self.assertRegex(done.stdout, r'Turn on machine A +\{"action":"start","target":"A"\}')
        self.assertIn("mosquitto_pub", done.stdout)
        self.assertEqual(list(self.folder.iterdir()), [], "files are left behind")

    def test_a_bad_recording_is_named_by_line(self):
        rows = self.folder / "rows.jsonl"
        rows.write_text('{"topic":"plant/x/notes","payload":"a"}\nnot json\n')
        done = self.play("--rows", rows)
        self.assertEqual(done.returncode, 1)
        self.assertIn("rows.jsonl:2", done.stderr)


if __name__ == "__main__":
    case.main(programs=("mosquitto", "setsid"), needs=(places.default_model,))
