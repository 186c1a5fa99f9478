"""A child process with its log, stopped by its pid."""

import collections
import re
import signal
import subprocess
import threading
import time

from . import WAIT_S
from .places import program

LOG_LINES_MAX = 20000
SHOWN_LINES = 30


class Process:
    """Runs `command`; both of its outputs are one log. Killed when this test dies."""

    def __init__(self, command, **options):
        self.name = str(command[0]).rsplit("/", 1)[-1]
        self.lines = collections.deque(maxlen=LOG_LINES_MAX)
        self._line_count = 0
        self._changed = threading.Condition()
        self._ended = False
        guarded = [program("setpriv"), "--pdeathsig", "KILL", *map(str, command)]
        self._child = subprocess.Popen(guarded, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, **options)
        self.pid = self._child.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._child.stdout:
            with self._changed:
                self.lines.append(line.decode("utf-8", "backslashreplace").rstrip("\n"))
                self._line_count += 1
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def log(self):
        return "\n".join(list(self.lines)[-SHOWN_LINES:])

    def whole_log(self):
        return "\n".join(list(self.lines))

    def mark(self):
        """How many lines there are now; wait_line(..., after=mark) looks at later ones only."""
        with self._changed:
            return self._line_count

    def wait_line(self, pattern, *, after=0, timeout=WAIT_S):
        """The first line that `pattern` is found in."""
        wanted = re.compile(pattern)
        deadline = time.monotonic() + timeout

        def find():
            skip = max(0, after - (self._line_count - len(self.lines)))
            return next((line for line in list(self.lines)[skip:] if wanted.search(line)), None)

        with self._changed:
            while (found := find()) is None:
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    why = "ended" if self._ended else f"is silent for {timeout} s"
                    raise AssertionError(
                        f"{self.name} {why}; no line with {pattern!r}:\n{self.log()}")
                self._changed.wait(left)
            return found

    def running(self):
        return self._child.poll() is None

    def signal(self, number):
        self._child.send_signal(number)

    def wait_exit(self, timeout=WAIT_S):
        """The exit code; negative for a signal."""
        try:
            code = self._child.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"{self.name} still runs after {timeout} s:\n{self.log()}") from None
        self._reader.join(timeout)
        return code

    def kill(self):
        """SIGKILL, and waits until it is gone. Harmless when it is."""
        if self.running():
            self._child.kill()
        self._child.wait()
        self._reader.join()
        self._child.stdout.close()

    def terminate(self, timeout=WAIT_S):
        self.signal(signal.SIGTERM)
        return self.wait_exit(timeout)
