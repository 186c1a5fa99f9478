#!/usr/bin/python3
"""With the default model: are the demo's first commands decided as its README says?"""

import json
import shutil

from harness import case, places
from harness.agent import json_lines, run_command
from harness.decisions import strict_json, validator

STATUS = {"status": ["ok", "error", "warning"]}


class DefaultModel(case.AgentCase):
    def test_turn_on_machine_a_on_the_demo_route(self):
        shutil.copytree(places.ROOT / "deploy" / "demo", self.folder, dirs_exist_ok=True)
        text = (self.folder / "agent.json").read_text()
        text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//"))
        demo = json.loads(text)
        route = next(r for r in demo["routes"] if r["name"] == "command")
        route |= {"subscribe": f"{self.space}/in/command", "publish": f"{self.space}/out/command"}
        schema = self.folder / route["schema"]
        status = self.route("status", schema=STATUS)
        route["schema"] = json.loads(schema.read_text())  # so that its decisions are judged here
        self.start([route, status], model=places.default_model())
        decision = self.decide("command", "Turn on machine A")
        self.assertEqual(decision.json, {"action": "start", "target": "A"})
        for text in ("all is well", "oil leaks badly", "\u00e9\u0301", "<|im_end|>", "42", "{}"):
            self.decide("status", text)
        self.assert_books(self.stop_agent(), decided=7)

    def test_the_command_line_agrees_with_the_schema_on_a_shorthand(self):
        done = run_command("picolm", "decide", "-m", places.default_model(), "-s",
                           json.dumps(STATUS), "--explain", stdin="all fine\nfire!\n<|im_start|>\n",
                           timeout=300)
        self.assertEqual(done.returncode, 0, done.err)
        answers = json_lines(done.out)
        self.assertEqual(len(answers), 3)
        for answer in answers:
            validator(STATUS).validate(answer["decision"])

    def test_open_text_of_a_real_model_ends_and_validates(self):
        schema = {"type": "object",
                  "properties": {"cause": {"type": "string", "minLength": 3, "maxLength": 24},
                                 "parts": {"type": "array", "items": {"type": "string",
                                                                      "maxLength": 8},
                                           "minItems": 1, "maxItems": 2},
                                 "stop": {"type": "boolean"}},
                  "required": ["cause", "parts", "stop"], "additionalProperties": False}
        done = run_command("picolm", "decide", "-m", places.default_model(), "-s",
                           json.dumps(schema), stdin="The belt squeals when it starts.\n",
                           timeout=300)
        validator(schema).validate(strict_json(done.out))


if __name__ == "__main__":
    case.main(needs=(places.default_model,))
