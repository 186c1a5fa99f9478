"""A Mosquitto on a free loopback port, or the broker that PICOLM_E2E_BROKER names.

PICOLM_E2E_BROKER=HOST:PORT        scenarios use this broker, which takes anonymous clients
PICOLM_E2E_BROKER_KILL=COMMAND     ends it at once, as a power cut would
PICOLM_E2E_BROKER_START=COMMAND    starts it again on the same port
Scenarios that need more of a broker than its address or these commands are skipped there.
"""

import os
import random
import shlex
import signal
import socket
import subprocess
import unittest

from . import WAIT_S
from .places import program
from .process import Process

PORTS = (15000, 32000)
PORT_ATTEMPTS = 5
RUNNING = "mosquitto version .* running"  # logged once its listeners are open


def free_port():
    """A port of loopback that nobody has, outside the range that outgoing connections take theirs
    from: a client that keeps trying a port of that range can end up connected to itself."""
    while True:
        port = random.randrange(*PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


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
        for attempt in range(PORT_ATTEMPTS):
            try:
                return self.start()
            except AssertionError:
                # Another test may have taken the port between the look and the start.
                if attempt + 1 == PORT_ATTEMPTS or "in use" not in self.process.log():
                    raise
                self.port = free_port()

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

    def start(self):
        """Returns when it listens."""
        self.process = Process([program("mosquitto"), "-c", self._write()])
        self.process.wait_line(RUNNING)

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
        self._command("PICOLM_E2E_BROKER_START")  # agent and observer come back when it listens

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
