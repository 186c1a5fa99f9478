#!/usr/bin/python3
"""Does get_model.sh keep a good model from a file, without a network, and mend a damaged one?"""

import os
import subprocess

from harness import case, places


class Offline(case.FolderCase):
    def get(self, *arguments):
        # No proxy and no index: whatever asks the network fails at once.
        environment = os.environ | {"XDG_CACHE_HOME": str(self.folder / "cache"),
                                    "PIP_NO_INDEX": "1"}
        return subprocess.run([places.ROOT / "deploy" / "get_model.sh", *map(str, arguments)],
                              capture_output=True, text=True, check=False, env=environment)

    def test_from_a_file(self):
        model = places.default_model()
        kept = self.folder / "cache" / "picolm" / places.DEFAULT_MODEL
        done = self.get("--from", model)
        self.assertEqual((done.returncode, done.stdout), (0, f"{kept}\n"), done.stderr)
        self.assertEqual(kept.stat().st_size, model.stat().st_size)
        again = self.get()
        self.assertEqual((again.returncode, again.stdout, again.stderr), (0, f"{kept}\n", ""))
        self.assertEqual([p.name for p in kept.parent.iterdir() if p.name.startswith(".fetch")], [])
        # A damaged copy is noticed, is not handed out, and a good file replaces it.
        with kept.open("r+b") as file:
            file.seek(1_000_000)
            file.write(b"damage")
        broken = self.get()
        self.assertEqual((broken.returncode, broken.stdout), (1, ""))
        self.assertFalse(kept.exists())
        self.assertEqual(self.get("--from", model).returncode, 0)


if __name__ == "__main__":
    case.main(programs=("sha256sum",), modules=(), needs=(places.default_model,))
