"""A broker that knows MQTT 3.1.1 only: a gate in front of a real one.

A CONNECT of version 5 is answered as a 3.1.1 broker answers it (return code 1, unacceptable
protocol version) and cut; everything else passes unchanged.
"""

import socket
import threading

CONNECT = 0x10
REFUSED = bytes([0x20, 2, 0, 1])
VERSION_OFFSET = 6  # behind the name "MQTT" with its two bytes of length


def _version(packet):
    """The protocol version in the first bytes of a connection, or None if it is no CONNECT."""
    if not packet or packet[0] != CONNECT:
        return None
    start = 1
    while packet[start] & 0x80:  # the remaining length has one to four bytes
        start += 1
    return packet[start + 1 + VERSION_OFFSET]


class VersionGate:
    host = "127.0.0.1"

    def __init__(self, broker):
        self._broker = (broker.host, broker.port)
        self.versions = []  # of the CONNECTs seen
        self._server = socket.create_server((self.host, 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def uri(self):
        return f"mqtt://{self.host}:{self.port}"

    def _accept(self):
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client:
            try:
                first = client.recv(65536)
                version = _version(first)
                if version is None:
                    return
                self.versions.append(version)
                if version != 4:
                    client.sendall(REFUSED)
                    return
                with socket.create_connection(self._broker) as broker:
                    broker.sendall(first)
                    back = threading.Thread(target=self._copy, args=(broker, client), daemon=True)
                    back.start()
                    self._copy(client, broker)
                    back.join()
            except OSError:
                return

    @staticmethod
    def _copy(source, target):
        """Until `source` closes or is cut, which `target` is then told."""
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            pass
        try:
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it is gone already

    def close(self):
        self._server.close()
