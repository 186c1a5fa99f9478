#!/usr/bin/python3
"""Does SIGTERM end the agent in order, within five seconds, whatever it is doing?"""

import signal
import subprocess

from harness import case, places

STOP_S = 5


class Stop(case.AgentCase):
    def stop_idle(self, number):
        self.start()
        self.agent.signal(number)
        self.assertEqual(self.agent.wait_exit(STOP_S), 0)
        self.wait_state("offline")
        self.assertEqual(self.states(), ["online", "offline"])

    def test_idle(self):
        self.stop_idle(signal.SIGTERM)

    def test_idle_with_ctrl_c(self):
        self.stop_idle(signal.SIGINT)

    def test_under_load_all_that_was_received_is_accounted_for(self):
        self.start()
        for number in range(400):
            self.observer.publish_unacknowledged(f"{self.space}/in/notes", f"note {number} " * 8)
        self.wait_decisions(5)
        self.agent.signal(signal.SIGTERM)
        self.assertEqual(self.agent.wait_exit(STOP_S), 0)
        self.wait_state("offline")
        metrics = self.observer.of(self.own("metrics"))[-1].json
        outcomes = metrics["outcomes"]
        self.assertEqual(metrics["pending"], 0)
        self.assertEqual(outcomes["DECIDED"] + outcomes["SHED"], metrics["received"])
        self.assertEqual(metrics["reasons"].get("shutdown", 0) +
                         metrics["reasons"].get("command_queue_full", 0), outcomes["SHED"])
        # What was counted as decided is on the broker.
        self.wait_decisions(outcomes["DECIDED"])
        self.assertEqual(len(self.observer.of(self.out())), outcomes["DECIDED"])

    def test_a_second_signal_while_it_drains_does_no_harm(self):
        self.start()
        for number in range(100):
            self.observer.publish_unacknowledged(f"{self.space}/in/notes", f"note {number}")
        self.wait_decisions(1)
        self.agent.signal(signal.SIGTERM)
        self.agent.wait_line("agent.stopping")
        self.agent.signal(signal.SIGTERM)
        self.assertEqual(self.agent.wait_exit(STOP_S), 0)

    def test_while_the_broker_is_gone(self):
        self.start()
        self.decide("notes", "oil")
        self.broker.kill()
        self.agent.wait_line("link.down")
        self.agent.signal(signal.SIGTERM)
        self.assertEqual(self.agent.wait_exit(STOP_S), 0)
        self.broker.start()  # a named broker is used by others too

    def test_while_the_model_is_loaded(self):
        model = self.folder / "large.gguf"
        subprocess.run([places.binary("synth_model"), "--shape", "smollm2-135m", "--quant", "q8_0",
                        model], check=True)
        self.launch(self.use(self.config(uri=self.broker.uri, model=model)))
        self.agent.wait_line("agent.starting")
        self.agent.signal(signal.SIGTERM)
        self.assertEqual(self.agent.wait_exit(STOP_S), 0)


class Start(case.AgentCase):
    def test_two_agents_cannot_share_a_state_folder(self):
        self.start(state_dir=str(self.folder / "state"))
        second = self.launch(self.folder / "agent.json")
        self.assertEqual(second.wait_exit(), 1)
        self.assertIn("another agent runs", second.log())

    def test_a_model_that_cannot_be_loaded_ends_the_start(self):
        bad = self.folder / "bad.gguf"
        bad.write_bytes(b"GGUF\x03\x00\x00\x00" + b"\xff" * 64)
        for model, told in ((bad, "bad.gguf"), (self.folder / "none.gguf", "none.gguf")):
            agent = self.launch(self.write_config(self.config(uri=self.broker.uri, model=model)))
            self.assertEqual(agent.wait_exit(), 1)
            self.assertIn(told, agent.log())

    def test_a_model_with_another_hash_is_refused(self):
        config = self.config(uri=self.broker.uri)
        config["model"]["sha256"] = "0" * 64
        agent = self.launch(self.write_config(config))
        self.assertEqual(agent.wait_exit(), 1)
        self.assertIn("0" * 64, agent.log())


if __name__ == "__main__":
    case.main()
