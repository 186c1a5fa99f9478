#!/usr/bin/python3
"""Does the agent log in with a password from a file, and wait where the broker refuses it?"""

import signal
import subprocess

from harness import case, places
from harness.agent import run_command

SECRET = "correct horse 7"


class Password(case.AgentCase):
    def open_broker(self, **options):
        self.passwords = self.folder / "passwords"
        self.passwords.touch(mode=0o600)
        self.set_password("observer", "eyes")
        return super().open_broker(own=True, anonymous=False,
                                   settings=[f"password_file {self.passwords}"])

    def set_password(self, user, password):
        subprocess.run([places.program("mosquitto_passwd"), "-b", self.passwords, user, password],
                       check=True, capture_output=True)

    def setUp(self):
        super().setUp()
        self.observe(login=("observer", "eyes"))

    def login_config(self, password, mode=0o600):
        secret = self.folder / "secret"
        secret.write_text(password + "\nsecond line\n")
        secret.chmod(mode)
        return self.config(broker={"uri": self.broker.uri, "username": "press-line",
                                   "password_file": "secret"})

    def test_the_right_password(self):
        self.set_password("press-line", SECRET)
        self.broker.process.signal(signal.SIGHUP)
        self.launch(self.use(self.login_config(SECRET)))
        self.wait_state("online")
        self.decide("notes", "oil")
        self.assert_books(self.stop_agent(), decided=1)
        self.assertNotIn(SECRET, self.agent.whole_log())

    def test_a_wrong_password_until_the_broker_is_mended(self):
        self.set_password("press-line", "another")
        self.broker.process.signal(signal.SIGHUP)
        self.launch(self.use(self.login_config(SECRET)))
        down = self.agent.wait_line("link.down.*attempts=2")
        self.assertIn("reason_code=135", down)  # not authorised
        self.assertEqual(self.states(), [])
        self.set_password("press-line", SECRET)
        self.broker.process.signal(signal.SIGHUP)
        self.wait_state("online")
        self.decide("notes", "oil")
        self.assertNotIn(SECRET, self.agent.whole_log())

    def test_a_password_that_everybody_can_read_is_refused(self):
        path = self.write_config(self.login_config(SECRET, mode=0o644))
        checked = run_command("picolm-agent", "check", "-c", path, "--no-model")
        self.assertEqual(checked.returncode, 1)
        self.assertIn("secret", checked.err)
        self.assertNotIn(SECRET, checked.err)

    def test_a_denied_publish_is_counted_and_harms_nothing(self):
        self.set_password("press-line", SECRET)
        rules = self.folder / "acl"
        rules.write_text(f"user observer\ntopic readwrite {self.space}/#\n"
                         f"user press-line\ntopic read {self.space}/in/#\n"
                         f"topic write {self.space}/out/notes\n"
                         f"topic write {self.space}/{self.space}/#\n")
        self.broker.kill()
        self.broker.configure([f"password_file {self.passwords}", f"acl_file {rules}"])
        self.broker.start()
        self.observer.wait_subscribed(2)
        config = self.login_config(SECRET)
        config["routes"] = [self.route(), self.route("denied")]
        self.launch(self.use(config))
        self.wait_state("online")
        self.send("denied", "oil")
        self.decide("notes", "oil")
        metrics = self.stop_agent()
        self.assertEqual(metrics["outcomes"]["DECIDED"], 2)
        self.assertEqual(self.observer.of(self.out("denied")), [])
        self.assertEqual(metrics["outbox"]["refused"], 1)


if __name__ == "__main__":
    case.main(programs=("mosquitto", "mosquitto_passwd"))
