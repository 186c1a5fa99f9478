#include "inference/cli/eval_metrics.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace picolm {
namespace {

using nlohmann::ordered_json;

constexpr double kThresholds[] = {0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99};

constexpr std::size_t kClassRowsMin = 10;  // of a class whose recall counts

double ratio(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
  return values[std::max<std::size_t>(rank, 1) - 1];
}

double balanced_accuracy(const std::vector<const EvalRow*>& rows) {
  std::map<std::string, std::pair<std::size_t, std::size_t>> classes;  // right, all
  for (const EvalRow* row : rows) {
    auto& [right, all] = classes[row->expected_class];
    right += row->all_right();
    ++all;
  }
  for (const std::size_t rows_min : {kClassRowsMin, std::size_t{1}}) {
    double sum = 0;
    std::size_t count = 0;
    for (const auto& [name, counts] : classes) {
      if (counts.second < rows_min) continue;
      sum += ratio(counts.first, counts.second);
      ++count;
    }
    // The recall of one class alone would say nothing.
    if (count > 1 || rows_min == 1)
      return sum / static_cast<double>(std::max<std::size_t>(count, 1));
  }
  return 0;
}

double accuracy(const std::vector<const EvalRow*>& rows) {
  const auto right =
      std::count_if(rows.begin(), rows.end(), [](const EvalRow* row) { return row->all_right(); });
  return ratio(static_cast<std::size_t>(right), rows.size());
}

// Mean over the splits.
double mean_of_splits(const std::vector<EvalRow>& rows,
                      double (*share)(const std::vector<const EvalRow*>&)) {
  std::map<std::uint32_t, std::vector<const EvalRow*>> splits;
  for (const EvalRow& row : rows) splits[row.split].push_back(&row);
  double sum = 0;
  for (const auto& [split, members] : splits) sum += share(members);
  return splits.empty() ? 0 : sum / static_cast<double>(splits.size());
}

// The largest share of rows that the surest decisions can cover while `precision` of them are
// right. Rows without confidence are never covered.
double coverage_at_precision(std::vector<EvalRow> rows, double precision) {
  std::stable_sort(rows.begin(), rows.end(),
                   [](const EvalRow& a, const EvalRow& b) { return a.confidence > b.confidence; });
  std::size_t right = 0;
  std::size_t covered = 0;
  for (std::size_t i = 0; i < rows.size() && rows[i].confidence > 0; ++i) {
    right += rows[i].all_right();
    const bool ties = i + 1 < rows.size() && rows[i + 1].confidence == rows[i].confidence;
    if (!ties && ratio(right, i + 1) >= precision) covered = i + 1;
  }
  return ratio(covered, rows.size());
}

ordered_json rung_figures(const std::vector<EvalRow>& rows) {
  std::map<std::string, std::vector<double>> ms;
  std::map<std::string, std::size_t> right;
  for (const EvalRow& row : rows) {
    ms[row.rung].push_back(row.ms);
    right[row.rung] += row.all_right();
  }
  ordered_json out = ordered_json::object();
  for (const auto& [rung, values] : ms) {
    out[rung] = {{"n", values.size()},
                 {"accuracy", ratio(right[rung], values.size())},
                 {"p50_ms", percentile(values, 0.5)},
                 {"p99_ms", percentile(values, 0.99)}};
  }
  return out;
}

double expected_calibration_error(std::vector<EvalRow> rows, double EvalRow::*confidence) {
  constexpr std::size_t kBins = 10;
  std::erase_if(rows, [](const EvalRow& row) { return !row.doubt.empty(); });
  std::sort(rows.begin(), rows.end(),
            [&](const EvalRow& a, const EvalRow& b) { return a.*confidence < b.*confidence; });
  double error = 0;
  for (std::size_t bin = 0; bin < kBins; ++bin) {
    const std::size_t begin = rows.size() * bin / kBins;
    const std::size_t end = rows.size() * (bin + 1) / kBins;
    double gap = 0;
    for (std::size_t i = begin; i < end; ++i)
      gap += rows[i].*confidence - (rows[i].whole_right ? 1 : 0);
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
  std::vector<double> ms;
  std::map<std::string, std::pair<std::size_t, std::size_t>> fields;
  std::map<std::string, std::size_t> doubts;
  for (const EvalRow& row : rows) {
    ms.push_back(row.ms);
    if (!row.doubt.empty()) ++doubts[row.doubt];
    for (const auto& [field, is_right] : row.right) {
      fields[field].first += is_right;
      ++fields[field].second;
    }
  }
  out["n"] = rows.size();
  out["accuracy"] = mean_of_splits(rows, accuracy);
  out["balanced_accuracy"] = mean_of_splits(rows, balanced_accuracy);
  std::size_t fields_right = 0;
  std::size_t fields_all = 0;
  for (const auto& [field, counts] : fields) {
    fields_right += counts.first;
    fields_all += counts.second;
  }
  out["field_accuracy"] = ratio(fields_right, fields_all);
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
  out["coverage_at_precision_95"] = coverage_at_precision(rows, 0.95);
  out["ece"] = expected_calibration_error(rows, &EvalRow::confidence);
  out["ece_before"] = expected_calibration_error(rows, &EvalRow::raw_confidence);
  out["p50_ms"] = percentile(ms, 0.5);
  out["p99_ms"] = percentile(ms, 0.99);
  out["rungs"] = rung_figures(rows);
  out["doubts"] = ordered_json::object();
  for (const auto& [doubt, count] : doubts) out["doubts"][doubt] = count;
  return out;
}

}  // namespace picolm
