// Sorted strings that share a prefix are neighbours, so a node is a range of the sorted list and a
// depth. Nodes are made breadth first: a node's edges lie together, and children have higher
// indices than their parent, which lets distances be computed by one pass from the back.

#include "inference/constrain/byte_trie.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "inference/check.h"

namespace inference {

ByteTrie::ByteTrie(const std::vector<std::string>& strings) {
  order_.resize(strings.size());
  std::iota(order_.begin(), order_.end(), 0u);
  std::sort(order_.begin(), order_.end(),
            [&](std::uint32_t a, std::uint32_t b) { return strings[a] < strings[b]; });
  nodes_.push_back({0, 0, static_cast<std::uint32_t>(order_.size()), 0, 0, 0});
  for (std::uint32_t index = 0; index < nodes_.size(); ++index) {
    const Node node = nodes_[index];
    std::uint32_t begin = node.first_string;
    bool ends_here = false;
    if (begin < node.end_string && strings[order_[begin]].size() == node.depth) {
      ends_here = true;
      ++begin;
    }
    const auto first_edge = static_cast<std::uint32_t>(edges_.size());
    while (begin < node.end_string) {
      const char byte = strings[order_[begin]][node.depth];
      std::uint32_t end = begin + 1;
      while (end < node.end_string && strings[order_[end]][node.depth] == byte) ++end;
      edges_.push_back(
          {static_cast<std::uint8_t>(byte), static_cast<std::uint32_t>(nodes_.size())});
      nodes_.push_back({node.depth + 1, begin, end, 0, 0, 0});
      begin = end;
    }
    nodes_[index].first_edge = first_edge;
    nodes_[index].edge_count = static_cast<std::uint32_t>(edges_.size()) - first_edge;
    nodes_[index].distance = ends_here ? 0 : std::numeric_limits<std::uint32_t>::max();
  }
  for (std::size_t index = nodes_.size(); index-- > 0;) {
    Node& node = nodes_[index];
    if (node.distance == 0) continue;
    for (std::uint32_t i = 0; i < node.edge_count; ++i) {
      const std::uint32_t below = nodes_[edges_[node.first_edge + i].target].distance;
      node.distance = std::min(node.distance, below + 1);
    }
  }
}

std::optional<std::uint32_t> ByteTrie::child(std::uint32_t node, std::uint8_t byte) const {
  const Edge* first = edges_.data() + nodes_[node].first_edge;
  const Edge* last = first + nodes_[node].edge_count;
  const Edge* found =
      std::lower_bound(first, last, byte, [](const Edge& e, std::uint8_t b) { return e.byte < b; });
  if (found == last || found->byte != byte) return std::nullopt;
  return found->target;
}

std::span<const std::uint32_t> ByteTrie::strings_below(std::uint32_t node) const {
  const Node& entry = nodes_[node];
  return {order_.data() + entry.first_string, entry.end_string - entry.first_string};
}

void ByteTrie::append_shortest(std::uint32_t node, std::string* out) const {
  while (nodes_[node].distance > 0) {
    const Node& entry = nodes_[node];
    std::uint32_t next = 0;
    for (std::uint32_t i = 0; i < entry.edge_count && next == 0; ++i) {
      const Edge& edge = edges_[entry.first_edge + i];
      if (nodes_[edge.target].distance + 1 == entry.distance) {
        out->push_back(static_cast<char>(edge.byte));
        next = edge.target;
      }
    }
    PICOLM_CHECK(next != 0);
    node = next;
  }
}

}  // namespace inference
