#include "inference/cli/eval_metrics.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace picolm {
namespace {

using nlohmann::ordered_json;

constexpr double kThresholds[] = {0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99};

double ratio(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  return values[std::max<std::size_t>(rank, 1) - 1];
}

double balanced_accuracy(const std::vector<EvalRow>& rows) {
  std::map<std::string, std::pair<std::size_t, std::size_t>> classes;  // right, all
  for (const EvalRow& row : rows) {
    auto& [right, all] = classes[row.expected_class];
    right += row.all_right();
    ++all;
  }
  double sum = 0;
  for (const auto& [name, counts] : classes) sum += ratio(counts.first, counts.second);
  return classes.empty() ? 0 : sum / static_cast<double>(classes.size());
}

double expected_calibration_error(std::vector<EvalRow> rows) {
  constexpr std::size_t kBins = 10;
  std::sort(rows.begin(), rows.end(),
            [](const EvalRow& a, const EvalRow& b) { return a.confidence < b.confidence; });
  double error = 0;
  for (std::size_t bin = 0; bin < kBins; ++bin) {
    const std::size_t begin = rows.size() * bin / kBins;
    const std::size_t end = rows.size() * (bin + 1) / kBins;
    double gap = 0;
    for (std::size_t i = begin; i < end; ++i)
      gap += rows[i].confidence - (rows[i].all_right() ? 1 : 0);
    error += std::abs(gap);
  }
  return rows.empty() ? 0 : error / static_cast<double>(rows.size());
}

std::string threshold_name(double threshold) {
  std::string text = std::to_string(threshold);
  while (text.back() == '0') text.pop_back();
  return text;
}

}  // namespace

bool EvalRow::all_right() const {
  return std::all_of(right.begin(), right.end(), [](const auto& field) { return field.second; });
}

bool field_matches(const ordered_json& expected, const ordered_json& decision,
                   const std::string& field, bool list_is_any_of) {
  const bool present = decision.contains(field);
  if (!expected.contains(field)) return !present;
  const ordered_json& wanted = expected[field];
  if (!wanted.is_array() || !list_is_any_of) return present && decision[field] == wanted;
  if (!present) return std::find(wanted.begin(), wanted.end(), "") != wanted.end();
  return std::find(wanted.begin(), wanted.end(), decision[field]) != wanted.end();
}

ordered_json summarise(const std::vector<EvalRow>& rows) {
  ordered_json out;
  std::size_t right = 0;
  std::vector<double> ms;
  std::map<std::string, std::pair<std::size_t, std::size_t>> fields;
  for (const EvalRow& row : rows) {
    right += row.all_right();
    ms.push_back(row.ms);
    for (const auto& [field, is_right] : row.right) {
      fields[field].first += is_right;
      ++fields[field].second;
    }
  }
  out["n"] = rows.size();
  out["accuracy"] = ratio(right, rows.size());
  out["balanced_accuracy"] = balanced_accuracy(rows);
  out["fields"] = ordered_json::object();
  for (const auto& [field, counts] : fields)
    out["fields"][field] = ratio(counts.first, counts.second);
  for (const double threshold : kThresholds) {
    std::size_t covered = 0;
    std::size_t covered_right = 0;
    for (const EvalRow& row : rows) {
      if (row.confidence < threshold) continue;
      ++covered;
      covered_right += row.all_right();
    }
    out["coverage_at"][threshold_name(threshold)] = ratio(covered, rows.size());
    ordered_json& accuracy = out["accuracy_at"][threshold_name(threshold)];
    if (covered > 0)
      accuracy = ratio(covered_right, covered);  // else null: there is nothing to say
  }
  out["ece"] = expected_calibration_error(rows);
  out["p50_ms"] = percentile(ms, 0.5);
  out["p99_ms"] = percentile(ms, 0.99);
  out["rungs"]["model"] = {
      {"n", rows.size()}, {"p50_ms", percentile(ms, 0.5)}, {"p99_ms", percentile(ms, 0.99)}};
  return out;
}

}  // namespace picolm
