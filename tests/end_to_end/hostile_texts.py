#!/usr/bin/python3
"""Does any of the texts that are known to break programs leave the schema or stop the agent?

Texts from the shared test data: the list of naughty strings, and prompt injections.
"""

import json

from harness import case, places

INJECTIONS_MAX = 200


class Texts(case.AgentCase):
    def decide_all(self, payloads):
        """Each is decided, or refused under a reason; returns the metrics."""
        self.start([self.route(payload="text"), self.route("auto")])
        for payload in payloads:
            for name in ("notes", "auto"):
                self.observer.publish_unacknowledged(f"{self.space}/in/{name}", payload)
        self.send("notes", "the last one", user={"id": "last"})
        self.observer.wait(lambda all_: any(m.user.get("input") == "last" for m in all_),
                           what="the last decision", processes=self.watched())
        metrics = self.stop_agent()
        self.assertEqual(metrics["received"], 2 * len(payloads) + 1)
        return metrics

    def test_naughty_strings(self):
        texts = json.loads(places.shared_data("blns.json").read_text(encoding="utf-8"))
        metrics = self.decide_all([text.encode("utf-8", "surrogatepass") for text in texts])
        self.assertGreater(metrics["outcomes"]["DECIDED"], len(texts))
        self.assertEqual(metrics["outcomes"]["QUARANTINED"], 0)
        self.assertEqual(metrics["outcomes"]["SHED"], 0)

    def test_prompt_injections(self):
        lines = places.shared_data("rows", "hostile.jsonl").read_text(encoding="utf-8").splitlines()
        texts = [json.loads(line)["text"].encode() for line in lines[:INJECTIONS_MAX]]
        metrics = self.decide_all(texts)
        self.assertGreater(metrics["outcomes"]["DECIDED"], 0)
        self.assertEqual(metrics["outcomes"]["QUARANTINED"], 0)


if __name__ == "__main__":
    case.main(needs=(lambda: places.shared_data("blns.json"),
                     lambda: places.shared_data("rows", "hostile.jsonl")))
