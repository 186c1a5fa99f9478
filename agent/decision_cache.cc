#include "agent/decision_cache.h"

#include <iterator>

namespace agent {
namespace {

void append_part(std::string_view part, std::string* out) {
  *out += std::to_string(part.size());
  *out += ':';
  *out += part;
}

std::string key_text(const CacheKey& key) {
  return std::to_string(key.route) + "," + std::to_string(key.lesson_count) + "," + key.values;
}

std::size_t size_of(const DecisionCache::Entry& entry) {
  std::size_t bytes = sizeof entry + entry.decision.json.size() + entry.input_id.size();
  for (const inference::FieldResult& field : entry.decision.fields) {
    bytes += sizeof field + field.pointer.size();
    for (const auto& probability : field.probabilities) {
      bytes += sizeof probability + probability.first.size();
    }
  }
  return bytes;
}

}  // namespace

std::string cache_values(const RouteConfig& route, const Values& values) {
  const auto is_own = [&](const std::string& name) {
    return route.fields.empty() && !name.empty() &&
           (name == route.id || (route.time && name == route.time->pointer));
  };
  std::string out;
  for (const auto& [name, value] : values) {
    if (is_own(name)) continue;
    append_part(name, &out);
    out += static_cast<char>('0' + value.index());
    if (const bool* flag = std::get_if<bool>(&value)) {
      out += *flag ? '1' : '0';
    } else if (const auto* number = std::get_if<schemas::Number>(&value)) {
      append_part(number->text, &out);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      append_part(name.empty() ? normal_text(*text) : *text, &out);
    }
  }
  return out;
}

void DecisionCache::drop(Nodes::iterator node) {
  bytes_ -= node->bytes;
  index_.erase(node->key);
  entries_.erase(node);
}

const DecisionCache::Entry* DecisionCache::find(const CacheKey& key) {
  const auto found = index_.find(key_text(key));
  if (found == index_.end()) return nullptr;
  const Nodes::iterator node = found->second;
  if (!node->taught && node->uses >= limits_.untaught_uses_max) {
    drop(node);
    return nullptr;
  }
  ++node->uses;
  entries_.splice(entries_.begin(), entries_, node);
  return &node->entry;
}

void DecisionCache::put(const CacheKey& key, Entry entry) {
  Node node;
  node.key = key_text(key);
  node.route = key.route;
  node.taught = key.lesson_count > 0;
  node.bytes = sizeof node + 2 * node.key.size() + size_of(entry);
  node.entry = std::move(entry);
  if (node.bytes > limits_.bytes_max || limits_.entries_max == 0) return;
  if (const auto found = index_.find(node.key); found != index_.end()) drop(found->second);
  while (entries_.size() >= limits_.entries_max || bytes_ + node.bytes > limits_.bytes_max) {
    drop(std::prev(entries_.end()));
  }
  bytes_ += node.bytes;
  entries_.push_front(std::move(node));
  index_.emplace(entries_.front().key, entries_.begin());
}

void DecisionCache::forget(RouteHandle route) {
  for (auto node = entries_.begin(); node != entries_.end();) {
    const auto next = std::next(node);
    if (node->route == route) drop(node);
    node = next;
  }
}

void DecisionCache::clear() {
  entries_.clear();
  index_.clear();
  bytes_ = 0;
}

}  // namespace agent
