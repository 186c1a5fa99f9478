// The values are the compact texts that `schemas` writes, so the reader below is for those only. A
// text that it does not understand is left as it was: then only that spelling is accepted.

#include "inference/constrain/unfold_values.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace inference {
namespace {

// Nodes that values may become.
constexpr std::size_t kNodesAddedMax = 20'000;
constexpr int kDepthMax = 64;

bool is_composite(std::string_view text) {
  return !text.empty() && (text.front() == '[' || text.front() == '{');
}

class Unfolder {
 public:
  explicit Unfolder(schemas::SchemaSpec* spec)
      : spec_(*spec), nodes_max_(spec->nodes.size() + kNodesAddedMax) {}

  // The node of the value `text`; nothing, and no node added, if it is not understood.
  std::optional<schemas::NodeId> unfold(std::string_view text) {
    const std::size_t nodes = spec_.nodes.size();
    text_ = text;
    const auto node = read_value(0);
    if (node && text_.empty()) return node;
    spec_.nodes.resize(nodes);
    return std::nullopt;
  }

 private:
  bool take(char wanted) {
    if (text_.empty() || text_.front() != wanted) return false;
    text_.remove_prefix(1);
    return true;
  }

  std::optional<schemas::NodeId> add(schemas::Node node) {
    if (spec_.nodes.size() >= nodes_max_) return std::nullopt;
    spec_.nodes.push_back(std::move(node));
    return static_cast<schemas::NodeId>(spec_.nodes.size() - 1);
  }

  std::optional<schemas::NodeId> read_value(int depth) {
    if (text_.empty() || depth > kDepthMax) return std::nullopt;
    if (text_.front() == '[') return read_array(depth);
    if (text_.front() == '{') return read_object(depth);
    const std::size_t length = text_.front() == '"' ? string_length() : scalar_length();
    if (length == 0) return std::nullopt;
    const std::string value(text_.substr(0, length));
    text_.remove_prefix(length);
    return add(schemas::EnumNode{{value}});
  }

  std::optional<schemas::NodeId> read_array(int depth) {
    schemas::ArrayNode array;
    take('[');
    while (!take(']')) {
      if (!array.prefix.empty() && !take(',')) return std::nullopt;
      const auto item = read_value(depth + 1);
      if (!item) return std::nullopt;
      array.prefix.push_back(*item);
    }
    array.min_items = array.max_items = static_cast<std::uint32_t>(array.prefix.size());
    return add(std::move(array));
  }

  std::optional<schemas::NodeId> read_object(int depth) {
    schemas::ObjectNode object;
    take('{');
    while (!take('}')) {
      if (!object.properties.empty() && !take(',')) return std::nullopt;
      const auto name = read_name();
      if (!name || !take(':')) return std::nullopt;
      const auto value = read_value(depth + 1);
      if (!value) return std::nullopt;
      object.properties.push_back({*name, *value, true});
    }
    return add(std::move(object));
  }

  std::size_t scalar_length() const { return std::min(text_.find_first_of(",]}"), text_.size()); }

  // With its quotes; 0 if it does not end.
  std::size_t string_length() const {
    for (std::size_t i = 1; i < text_.size(); ++i) {
      if (text_[i] == '\\') {
        ++i;
      } else if (text_[i] == '"') {
        return i + 1;
      }
    }
    return 0;
  }

  // A string, unescaped. Of \u only what control characters need.
  std::optional<std::string> read_name() {
    constexpr std::string_view kLetters = "\"\\/bfnrt";
    constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    constexpr std::string_view kHex = "0123456789abcdef";
    const std::size_t length = text_.empty() || text_.front() != '"' ? 0 : string_length();
    if (length == 0) return std::nullopt;
    const std::string_view inside = text_.substr(1, length - 2);
    text_.remove_prefix(length);
    std::string name;
    for (std::size_t i = 0; i < inside.size(); ++i) {
      if (inside[i] != '\\') {
        name.push_back(inside[i]);
        continue;
      }
      const char letter = inside[++i];
      const std::size_t at = kLetters.find(letter);
      if (at != std::string_view::npos) {
        name.push_back(kMeanings[at]);
        continue;
      }
      if (letter != 'u' || inside.substr(i + 1, 2) != "00" || i + 4 >= inside.size()) {
        return std::nullopt;
      }
      const std::size_t high = kHex.find(inside[i + 3]);
      const std::size_t low = kHex.find(inside[i + 4]);
      if (high > 1 || low > 15) return std::nullopt;
      name.push_back(static_cast<char>(high * 16 + low));
      i += 4;
    }
    return name;
  }

  schemas::SchemaSpec& spec_;
  std::size_t nodes_max_;
  std::string_view text_;  // what is left
};

}  // namespace

schemas::SchemaSpec unfold_values(schemas::SchemaSpec spec) {
  Unfolder unfolder(&spec);
  const std::size_t count = spec.nodes.size();
  for (std::size_t id = 0; id < count; ++id) {
    const auto* values = std::get_if<schemas::EnumNode>(&spec.nodes[id]);
    if (values == nullptr || std::none_of(values->values.begin(), values->values.end(),
                                          [](const auto& text) { return is_composite(text); })) {
      continue;
    }
    schemas::AnyOfNode any;
    schemas::EnumNode kept;
    const std::vector<std::string> texts = values->values;  // adding nodes moves them
    for (const std::string& text : texts) {
      const auto node = is_composite(text) ? unfolder.unfold(text) : std::nullopt;
      if (node) {
        any.branches.push_back(*node);
      } else {
        kept.values.push_back(text);
      }
    }
    if (any.branches.empty()) continue;
    if (!kept.values.empty()) {
      any.branches.push_back(static_cast<schemas::NodeId>(spec.nodes.size()));
      spec.nodes.emplace_back(std::move(kept));
    }
    spec.nodes[id] = std::move(any);
  }
  return spec;
}

}  // namespace inference
