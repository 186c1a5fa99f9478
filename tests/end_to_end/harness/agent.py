"""picolm-agent as a user runs it."""

import json
import subprocess

from . import WAIT_S
from .places import binary
from .process import Process


class Agent(Process):
    def __init__(self, config, *options):
        super().__init__([binary("picolm-agent"), "run", "-c", config, *options])

    def wait_connected(self, *, after=0, timeout=WAIT_S):
        """After this line all subscriptions are acknowledged."""
        return self.wait_line("link.connected", after=after, timeout=timeout)


def run_command(command, *arguments, stdin="", timeout=WAIT_S, **options):
    """Runs one of our programs to its end; `stdin` is text or bytes."""
    data = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run([binary(command), *map(str, arguments)], input=data, timeout=timeout,
                          capture_output=True, check=False, **options)
    done.out = done.stdout.decode("utf-8", "backslashreplace")
    done.err = done.stderr.decode("utf-8", "backslashreplace")
    return done


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]
