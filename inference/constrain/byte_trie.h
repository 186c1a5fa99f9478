#pragma once

// A trie over a few byte strings: the values of an enum, or the keys of an object.
// Thread safety: constant after construction.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace inference {

class ByteTrie {
 public:
  ByteTrie() = default;

  // REQUIRES: `strings` holds no empty string and no string twice, less than 2^32 bytes in total.
  explicit ByteTrie(const std::vector<std::string>& strings);

  static constexpr std::uint32_t kRoot = 0;

  // The node after `byte`, if a string continues so. O(log of the edges).
  std::optional<std::uint32_t> child(std::uint32_t node, std::uint8_t byte) const;

  bool is_leaf(std::uint32_t node) const { return nodes_[node].edge_count == 0; }
  bool ends_string(std::uint32_t node) const { return nodes_[node].distance == 0; }
  std::uint32_t depth(std::uint32_t node) const { return nodes_[node].depth; }

  // Indices into the constructor's list: the strings that pass through `node`, sorted by bytes, so
  // that a string that ends at `node` comes first.
  std::span<const std::uint32_t> strings_below(std::uint32_t node) const;

  // Bytes to the nearest end of a string, and those bytes.
  std::uint32_t shortest_bytes(std::uint32_t node) const { return nodes_[node].distance; }
  void append_shortest(std::uint32_t node, std::string* out) const;

 private:
  struct Node {
    std::uint32_t depth = 0;
    std::uint32_t first_string = 0;  // range of order_
    std::uint32_t end_string = 0;
    std::uint32_t first_edge = 0;  // range of edges_, sorted by byte
    std::uint32_t edge_count = 0;
    std::uint32_t distance = 0;
  };
  struct Edge {
    std::uint8_t byte = 0;
    std::uint32_t target = 0;
  };

  std::vector<Node> nodes_;  // parents before children
  std::vector<Edge> edges_;
  std::vector<std::uint32_t> order_;
};

}  // namespace inference
