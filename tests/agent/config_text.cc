#include "tests/agent/config_text.h"

namespace agent {

TestJson good_config() {
  return TestJson::parse(R"({
    "agent_id": "agent-1",
    "broker": {"uri": "mqtt://127.0.0.1:1883"},
    "model": {"path": "model.gguf"},
    "routes": [{
      "name": "press",
      "subscribe": "plant/{area}/press/{press}/telemetry",
      "payload": "json",
      "fields": [{"name": "oil", "from": "/t", "scale": 0.1, "unit": "°C", "min": -40, "max": 150}],
      "schema": {
        "type": "object",
        "properties": {
          "status": {"enum": ["ok", "error"]},
          "target": {"type": "string", "maxLength": 16}
        },
        "required": ["status", "target"],
        "additionalProperties": false
      },
      "bind": {"target": "press-{press}"},
      "publish": "plant/{area}/press/{press}/decision"
    }]
  })");
}

Config load(const TestJson& json) {
  const test_support::TempDir dir;
  return load_config(dir.write("agent.json", json.dump()));
}

std::string text_refusal(const std::string& text) {
  const test_support::TempDir dir;
  try {
    load_config(dir.write("agent.json", text));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return {};
}

std::string refusal(const TestJson& json) { return text_refusal(json.dump()); }

}  // namespace agent
