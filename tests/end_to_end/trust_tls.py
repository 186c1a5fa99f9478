#!/usr/bin/python3
"""Is TLS used only with a broker that proves its name, and mutual TLS only with our certificate?

The observer uses a plain listener of the same broker.
"""

from harness import case
from harness.agent import run_command
from harness.broker import free_port
from harness.certificates import Authority


class Tls(case.AgentCase):
    def setUp(self):
        self.tls_port = free_port()
        super().setUp()

    def open_broker(self, **options):
        return super().open_broker(own=True, started=False)

    def listener(self, authority, server, *more):
        certificate, key = server
        return [f"listener {self.tls_port} 127.0.0.1", f"cafile {authority.certificate}",
                f"certfile {certificate}", f"keyfile {key}", *more]

    def serve(self, *settings):
        self.broker.configure(settings)
        self.broker.start()
        self.observe()

    def tls_config(self, authority, pair=None, **top):
        tls = {"ca": str(authority.certificate)}
        if pair:
            tls |= {"cert": str(pair[0]), "key": str(pair[1])}
        broker = {"uri": f"mqtts://localhost:{self.tls_port}", "tls": tls}
        return self.config(broker=broker, **top)

    def assert_connects(self, config):
        self.launch(self.use(config))
        self.wait_state("online")
        self.decide("notes", "oil")
        self.assert_books(self.stop_agent(), decided=1)

    def assert_kept_out(self, config):
        """It does not connect, says so, and tries again."""
        self.launch(self.use(config))
        line = self.agent.wait_line("link.down.*attempts=2")
        self.assertEqual(self.states(), [])
        self.assertTrue(self.agent.running())
        return line

    def test_the_right_authority_and_name(self):
        authority = Authority(self.folder)
        self.serve(*self.listener(authority, authority.issue("server", "DNS:localhost")))
        self.assert_connects(self.tls_config(authority))

    def test_another_authority_with_the_right_name(self):
        real, other = Authority(self.folder), Authority(self.folder, "other")
        self.serve(*self.listener(other, other.issue("server", "DNS:localhost")))
        self.assert_kept_out(self.tls_config(real))

    def test_the_right_authority_with_another_name_until_it_is_mended(self):
        authority = Authority(self.folder)
        wrong = authority.issue("wrong", "DNS:broker.example")
        self.serve(*self.listener(authority, wrong))
        self.assert_kept_out(self.tls_config(authority))
        mark = self.agent.mark()
        subscribed = self.observer.subscriptions()
        self.broker.kill()
        self.broker.configure(self.listener(authority, authority.issue("server", "DNS:localhost")))
        self.broker.start()
        self.observer.wait_subscribed(subscribed + 1)
        self.agent.wait_connected(after=mark)
        self.decide("notes", "oil")

    def test_a_name_in_the_subject_only_does_not_hide_another_one(self):
        authority = Authority(self.folder)
        self.serve(*self.listener(authority, authority.issue("localhost", "DNS:broker.example")))
        self.assert_kept_out(self.tls_config(authority))

    def test_mutual_tls(self):
        authority = Authority(self.folder)
        server = authority.issue("server", "DNS:localhost")
        self.serve(*self.listener(authority, server, "require_certificate true"))
        self.assert_connects(self.tls_config(authority, authority.issue("agent")))

    def test_mutual_tls_without_or_with_a_foreign_certificate(self):
        authority, other = Authority(self.folder), Authority(self.folder, "other")
        server = authority.issue("server", "DNS:localhost")
        self.serve(*self.listener(authority, server, "require_certificate true"))
        for config in (self.tls_config(authority),
                       self.tls_config(authority, other.issue("stranger"))):
            self.assert_kept_out(config)
            self.agent.kill()

    def test_a_plain_port_behind_mqtts_is_no_broker(self):
        authority = Authority(self.folder)
        self.serve()
        config = self.tls_config(authority)
        config["broker"]["uri"] = f"mqtts://localhost:{self.broker.port}"
        self.assert_kept_out(config)

    def test_check_refuses_settings_that_contradict_each_other(self):
        authority = Authority(self.folder)
        certificate, key = map(str, authority.issue("agent"))
        ca = str(authority.certificate)
        secure, plain = "mqtts://localhost:8883", "mqtt://localhost:1883"
        for uri, tls, told in [
            (plain, {"ca": ca}, "mqtts://"),
            (secure, {}, "broker.tls.ca"),
            (secure, {"ca": ca, "cert": certificate}, "key"),
            (secure, {"ca": ca, "key": key}, "cert"),
            (secure, {"ca": str(self.folder / "none.pem")}, "none.pem"),
            (secure, {"ca": ca, "insecure": True}, "insecure"),
        ]:
            with self.subTest(tls=tls):
                path = self.write_config(self.config(broker={"uri": uri, "tls": tls}))
                checked = run_command("picolm-agent", "check", "-c", path, "--no-model")
                self.assertEqual(checked.returncode, 1)
                self.assertIn(told, checked.err)


if __name__ == "__main__":
    case.main(programs=("mosquitto", "openssl"))
