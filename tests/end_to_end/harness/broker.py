"""A Mosquitto on a free loopback port, or the broker that PICOLM_E2E_BROKER names.

PICOLM_E2E_BROKER=HOST:PORT        scenarios use this broker, which takes anonymous clients
PICOLM_E2E_BROKER_KILL=COMMAND     ends it at once, as a power cut would
PICOLM_E2E_BROKER_START=COMMAND    starts it again on the same port
Scenarios that need more of a broker than its address or these commands are skipped there.
"""

import os
import shlex
import signal
import socket
import subprocess
import time
import unittest

from . import WAIT_S
from .places import program
from .process import Process

POLL_S = 0.01


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts(host, port):
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_accepting(host, port, process=None):
    """Until somebody listens; False if `process` ended first."""
    deadline = time.monotonic() + WAIT_S
    while not accepts(host, port):
        if process is not None and not process.running():
            return False
        if time.monotonic() > deadline:
            raise AssertionError(f"nobody listens on {host}:{port}")
        time.sleep(POLL_S)
    return process is None or process.running()


class Broker:
    """Mosquitto in `folder`, with the listener's port chosen here and kept over restarts.

    settings     lines for its configuration, such as a password file
    persistent   keeps sessions and retained messages over a kill (saved after every change)
    started      False: only the port is chosen
    """

    host = "127.0.0.1"

    def __init__(self, folder, *, settings=(), anonymous=True, persistent=False, started=True):
        self.folder = folder
        self.process = None
        self._settings = list(settings)
        self._anonymous = anonymous
        self._persistent = persistent
        self.port = free_port()
        if not started:
            return
        # Another test may take the port between the look and the start; then try another one.
        for _ in range(5):
            if self._start():
                return
            self.port = free_port()
        raise AssertionError("mosquitto does not start:\n" + self.process.log())

    @property
    def uri(self):
        return f"mqtt://{self.host}:{self.port}"

    def configure(self, settings):
        """Other settings, for the next start or SIGHUP."""
        self._settings = list(settings)
        self._write()

    def _write(self):
        lines = [f"listener {self.port} {self.host}",
                 f"allow_anonymous {'true' if self._anonymous else 'false'}",
                 f"persistence {'true' if self._persistent else 'false'}",
                 f"persistence_location {self.folder}/", "log_type all"]
        if self._persistent:
            lines += ["autosave_interval 1", "autosave_on_changes true"]
        if os.geteuid() == 0:
            lines.insert(0, "user root")  # else it could not read the folder
        path = self.folder / "mosquitto.conf"
        path.write_text("\n".join(lines + self._settings) + "\n")
        return path

    def _start(self):
        self.process = Process([program("mosquitto"), "-c", self._write()])
        return wait_accepting(self.host, self.port, self.process)

    def start(self):
        if not self._start():
            raise AssertionError("mosquitto does not start:\n" + self.process.log())

    def kill(self):
        self.process.kill()

    def freeze(self):
        self.process.signal(signal.SIGSTOP)

    def thaw(self):
        self.process.signal(signal.SIGCONT)

    def close(self):
        if self.process is not None:
            self.process.kill()


class NamedBroker:
    """The broker of PICOLM_E2E_BROKER. Others may use it too, so nothing is wiped."""

    def __init__(self, address):
        self.host, _, port = address.rpartition(":")
        self.port = int(port)
        wait_accepting(self.host, self.port)

    @property
    def uri(self):
        return f"mqtt://{self.host}:{self.port}"

    @staticmethod
    def _command(name):
        command = os.environ.get(name)
        if not command:
            raise unittest.SkipTest(f"PICOLM_E2E_BROKER without {name}")
        subprocess.run(shlex.split(command), check=True, timeout=WAIT_S,
                       stdout=subprocess.DEVNULL)

    def kill(self):
        self._command("PICOLM_E2E_BROKER_KILL")

    def start(self):
        self._command("PICOLM_E2E_BROKER_START")
        wait_accepting(self.host, self.port)

    def close(self):
        pass


def named_broker():
    return os.environ.get("PICOLM_E2E_BROKER", "")


def open_broker(folder, *, own=False, **options):
    """A broker for one scenario. `own`: it must be ours, so skip where one is named.

    Options other than `started` ask for more than a named broker can promise.
    """
    address = named_broker()
    if not address:
        return Broker(folder, **options)
    if own or options:
        raise unittest.SkipTest("needs a broker of its own, and PICOLM_E2E_BROKER names one")
    return NamedBroker(address)
