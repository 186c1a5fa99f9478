#include "inference/constrain/filler_keys.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

namespace inference {
namespace {

constexpr std::size_t kFillersMax = 1024;
constexpr std::size_t kTextsMax = 20'000;  // looked at in a table

std::uint32_t label_of(const schemas::StringAutomaton& table, const std::string& text) {
  std::uint32_t state = table.start;
  for (const char c : text) state = table.step(state, static_cast<std::uint8_t>(c));
  return table.label[state];
}

}  // namespace

std::vector<FillerKey> filler_keys(const schemas::SchemaSpec& spec,
                                   const schemas::ObjectNode& object) {
  const std::size_t wanted = std::min<std::size_t>(object.min_properties, kFillersMax);
  std::set<std::string> names;
  for (const schemas::Property& property : object.properties) names.insert(property.name);
  std::vector<FillerKey> out;
  const auto offer = [&](const std::string& name) {
    const std::uint32_t label = object.keys ? label_of(*object.keys, name) : 1;
    if (label == 0 || label > object.classes.size() || !names.insert(name).second) return;
    const schemas::NodeId node = object.classes[label - 1].node;
    if (!std::holds_alternative<schemas::NeverNode>(spec.nodes[node])) out.push_back({name, node});
  };
  for (std::size_t i = 0; i < wanted + object.properties.size() && out.size() < wanted; ++i) {
    offer("k" + std::to_string(i));
  }
  if (object.keys == nullptr) return out;
  std::vector<std::pair<std::uint32_t, std::string>> texts = {{object.keys->start, ""}};
  for (std::size_t i = 0; i < texts.size() && out.size() < wanted; ++i) {
    const auto [state, text] = texts[i];
    if (object.keys->label[state] != 0) offer(text);
    for (unsigned byte = 0x20; byte < 0x7F && texts.size() < kTextsMax; ++byte) {
      const std::uint32_t next = object.keys->step(state, static_cast<std::uint8_t>(byte));
      if (next != 0) texts.emplace_back(next, text + static_cast<char>(byte));
    }
  }
  return out;
}

}  // namespace inference
