#include "inference/cli/eval_split.h"

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>
#include <set>

#include "inference/cli/sha256.h"

namespace picolm {
namespace {

constexpr std::size_t kTestsMin = 40;
constexpr std::size_t kExamplesMin = 8;

std::size_t example_count_of(std::size_t wanted, std::size_t distinct) {
  if (wanted + kTestsMin <= distinct) return wanted;
  const std::size_t most = distinct > kTestsMin ? distinct - kTestsMin : 0;
  const std::size_t fits = std::bit_floor(most);
  return fits < kExamplesMin ? 0 : std::min(fits, wanted);
}

// How many examples each class gives: its share, the largest remainders rounded up.
std::map<std::string, std::size_t> quotas(const std::map<std::string, std::size_t>& counts,
                                          std::size_t wanted, std::size_t total) {
  std::map<std::string, std::size_t> out;
  std::vector<std::pair<std::size_t, std::string>> remainders;
  std::size_t given = 0;
  for (const auto& [name, count] : counts) {
    out[name] = wanted * count / total;
    given += out[name];
    remainders.emplace_back(wanted * count % total, name);
  }
  std::stable_sort(remainders.begin(), remainders.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (std::size_t i = 0; given < wanted; ++i, ++given) ++out[remainders[i].second];
  return out;
}

}  // namespace

std::string row_class(const Row& row) {
  nlohmann::ordered_json out = nlohmann::ordered_json::object();
  for (const std::string& field : row.score) {
    if (row.expected.contains(field)) out[field] = row.expected[field];
  }
  return out.dump();
}

Split split_rows(const std::vector<Row>& rows, std::size_t example_count, std::uint32_t seed) {
  std::vector<std::pair<std::array<std::uint8_t, 32>, std::size_t>> order;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    order.emplace_back(sha256(std::to_string(seed) + ":" + rows[i].id), i);
  }
  std::sort(order.begin(), order.end());
  std::set<std::string> seen;
  std::vector<std::size_t> distinct;
  std::map<std::string, std::size_t> counts;
  for (const auto& [hash, i] : order) {
    if (!seen.insert(rows[i].payload).second) continue;
    distinct.push_back(i);
    ++counts[row_class(rows[i])];
  }
  const std::size_t wanted = example_count_of(example_count, distinct.size());
  std::map<std::string, std::size_t> left = quotas(counts, wanted, distinct.size());
  Split out;
  std::set<std::string> taught;
  for (const std::size_t i : distinct) {
    std::size_t& quota = left[row_class(rows[i])];
    if (quota == 0) continue;
    --quota;
    out.examples.push_back(i);
    taught.insert(rows[i].payload);
  }
  for (const auto& [hash, i] : order) {
    if (!taught.contains(rows[i].payload)) out.tests.push_back(i);
  }
  return out;
}

}  // namespace picolm
