// The files in deploy/config that describe the configuration are written from the parser's own
// table of keys. After a change of the table this writes them anew:
//   PICOLM_UPDATE=1 bin/agent_test --gtest_filter='ConfigDocs.*'

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "agent/config_keys.h"

namespace agent {
namespace {

const std::string kFolder = PICOLM_SOURCE_DIR "/deploy/config/";
constexpr std::string_view kTableBegin = "<!-- keys: written from the table in agent/ -->\n";

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

bool updating() { return std::getenv("PICOLM_UPDATE") != nullptr; }

TEST(ConfigDocs, SchemaFileIsWrittenFromTheTable) {
  const std::string path = kFolder + "picolm-agent.schema.json";
  if (updating()) std::ofstream(path, std::ios::binary) << config_json_schema();
  EXPECT_EQ(read(path), config_json_schema());
}

TEST(ConfigDocs, ReadmeHoldsTheTable) {
  const std::string path = kFolder + "README.md";
  std::string text = read(path);
  const std::size_t begin = text.find(kTableBegin);
  ASSERT_NE(begin, std::string::npos);
  const std::string wanted = text.substr(0, begin) + std::string(kTableBegin) + config_key_table();
  if (updating()) {
    std::ofstream(path, std::ios::binary) << wanted;
    text = wanted;
  }
  EXPECT_EQ(text, wanted);
}

// Every key of the JSON Schema, as a path of the table.
void collect(const nlohmann::json& schema, const std::string& path, std::set<std::string>* keys) {
  if (!schema.is_object()) return;
  if (schema.contains("properties")) {
    for (const auto& [name, child] : schema["properties"].items()) {
      const std::string at = path.empty() ? name : path + "." + name;
      keys->insert(at);
      collect(child, at, keys);
    }
  }
  if (schema.contains("items")) collect(schema["items"], path + "[]", keys);
}

TEST(ConfigDocs, SchemaHasExactlyTheKeysOfTheParser) {
  std::set<std::string> in_schema;
  collect(nlohmann::json::parse(read(kFolder + "picolm-agent.schema.json")), "", &in_schema);
  std::set<std::string> in_table;
  for (const KeySpec& key : config_keys()) in_table.emplace(key.path);
  EXPECT_EQ(in_schema, in_table);
}

TEST(ConfigDocs, NoUnbuiltKeyIsInTheTable) {
  for (const std::string_view key : unbuilt_keys()) EXPECT_EQ(find_key(key), nullptr) << key;
}

}  // namespace
}  // namespace agent
