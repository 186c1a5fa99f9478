"""An independent MQTT 5 client that remembers all it sees."""

import dataclasses
import json
import threading
import time

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from . import WAIT_S

SHOWN_MESSAGES = 20
POLL_S = 0.5  # for the end of a process, which notifies nobody


@dataclasses.dataclass
class Received:
    topic: str
    payload: bytes
    qos: int
    retained: bool
    user: dict       # user properties; the last of a name wins
    user_names: list  # in order, with repetitions
    content_type: str
    correlation: bytes
    expiry_s: int

    @property
    def json(self):
        return json.loads(self.payload)


def properties(**values):
    """Publish properties; keys as paho spells them, `user` as a dict."""
    out = Properties(PacketTypes.PUBLISH)
    for name, value in values.items():
        if name == "user":
            out.UserProperty = list(value.items())
        else:
            setattr(out, name, value)
    return out


class Observer:
    """Subscribes to `filters` and comes back by itself after a broker's restart."""

    def __init__(self, broker, filters, *, tls=None, login=None):
        self.received = []
        self._changed = threading.Condition()
        self._subscribed = 0
        self._filters = list(filters)
        self._client = mqtt.Client(protocol=mqtt.MQTTv5)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)
        if tls:
            self._client.tls_set(**tls)
        if login:
            self._client.username_pw_set(*login)
        self._client.connect(broker.host, broker.port, keepalive=30)
        self._client.loop_start()
        self.wait_subscribed(1)

    def _on_connect(self, client, *_):
        if self._filters:
            client.subscribe([(name, mqtt.SubscribeOptions(qos=1)) for name in self._filters])
        else:
            self._on_subscribe()

    def _on_subscribe(self, *_):
        with self._changed:
            self._subscribed += 1
            self._changed.notify_all()

    def _on_message(self, _client, _userdata, message):
        extra = message.properties
        pairs = getattr(extra, "UserProperty", [])
        received = Received(message.topic, message.payload, message.qos, bool(message.retain),
                            dict(pairs), [name for name, _ in pairs],
                            getattr(extra, "ContentType", ""),
                            getattr(extra, "CorrelationData", b""),
                            getattr(extra, "MessageExpiryInterval", 0))
        with self._changed:
            self.received.append(received)
            self._changed.notify_all()

    def subscriptions(self):
        """How often the filters were acknowledged, once a connection."""
        with self._changed:
            return self._subscribed

    def wait_subscribed(self, count, timeout=WAIT_S):
        self._wait(lambda: self._subscribed >= count, "a subscription", timeout, ())

    def publish(self, topic, payload=b"", *, qos=1, retain=False, **extra):
        """Returns when the broker has it."""
        sent = self._client.publish(topic, payload, qos=qos, retain=retain,
                                    properties=properties(**extra))
        sent.wait_for_publish(WAIT_S)
        if not sent.is_published():
            raise AssertionError(f"the broker does not take a message to {topic}")

    def publish_unacknowledged(self, topic, payload):
        """Hands it over and returns; a broker that goes away may lose it."""
        self._client.publish(topic, payload, qos=1)

    def _wait(self, ready, what, timeout, processes):
        deadline = time.monotonic() + timeout
        with self._changed:
            while not (found := ready()):
                left = deadline - time.monotonic()
                dead = [process for process in processes if not process.running()]
                if left <= 0 or dead:
                    logs = "\n".join(process.log() for process in processes)
                    seen = "\n".join(f"  {m.topic} {m.payload[:200]!r}"
                                     for m in self.received[-SHOWN_MESSAGES:])
                    raise AssertionError(f"no {what} within {timeout} s; seen:\n{seen}\n{logs}")
                self._changed.wait(min(left, POLL_S))
            return found

    def wait(self, ready, *, what="message", timeout=WAIT_S, processes=()):
        """What `ready` (a function of the list of messages) returns once it is not empty.

        Fails early when one of `processes` has ended.
        """
        return self._wait(lambda: ready(self.received), what, timeout, processes)

    def wait_count(self, count, topic, *, timeout=WAIT_S, processes=()):
        """The first `count` messages or more of `topic`."""

        def ready(messages):
            matching = [m for m in messages if m.topic == topic]
            return matching if len(matching) >= count else None

        return self.wait(ready, what=f"{count} messages of {topic}", timeout=timeout,
                         processes=processes)

    def of(self, topic):
        with self._changed:
            return [m for m in self.received if m.topic == topic]

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()
