#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "inference/cli/schema_bench.h"

namespace picolm {
namespace {

using nlohmann::ordered_json;

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

// The refusals, most frequent first.
std::vector<std::pair<std::uint64_t, std::string>> ranked(const SchemaCounts& counts) {
  std::vector<std::pair<std::uint64_t, std::string>> out;
  for (const auto& [keyword, count] : counts.refused) out.emplace_back(count, keyword);
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  return out;
}

ordered_json json_of(const SchemaCounts& counts) {
  ordered_json refused = ordered_json::object();
  for (const auto& [count, keyword] : ranked(counts)) refused[keyword] = count;
  return ordered_json{{"schemas", counts.schemas},
                      {"untested", counts.untested},
                      {"compiled", counts.compiled},
                      {"untested_compiled", counts.untested_compiled},
                      {"right", counts.right},
                      {"valid_accepted", counts.valid_accepted},
                      {"valid_rejected", counts.valid_rejected},
                      {"invalid_rejected", counts.invalid_rejected},
                      {"invalid_accepted", counts.invalid_accepted},
                      {"refused", std::move(refused)}};
}

std::string line(const char* format, auto... values) {
  char buffer[512];
  std::snprintf(buffer, sizeof buffer, format, values...);
  return std::string(buffer) + "\n";
}

std::string row_of(const std::string& name, const SchemaCounts& c) {
  const auto count = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  return line(
      "%-20.20s %8llu %8llu %8llu %8llu %6.1f%% %8llu %8llu %8llu %8llu",
      name.empty() ? "(none)" : name.c_str(), count(c.schemas), count(c.untested),
      count(c.compiled), count(c.right),
      c.schemas == 0 ? 0.0 : 100.0 * static_cast<double>(c.right) / static_cast<double>(c.schemas),
      count(c.valid_accepted), count(c.valid_rejected), count(c.invalid_rejected),
      count(c.invalid_accepted));
}

}  // namespace

std::string report_text(const BenchReport& report) {
  const std::string head =
      line("%-20s %8s %8s %8s %8s %7s %8s %8s %8s %8s", "", "schemas", "untested", "compiled",
           "right", "share", "valid+", "valid-", "invalid-", "invalid+");
  std::string out = head + row_of("all", report.all);
  out += line("of the untested, %llu compiled",
              static_cast<unsigned long long>(report.all.untested_compiled));
  out += line("compile ms: mean %.3f p50 %.3f p99 %.3f", mean(report.compile_ms),
              percentile(report.compile_ms, 0.5), percentile(report.compile_ms, 0.99));
  if (report.has_outputs) {
    out += line("mask us: mean %.1f p50 %.1f p99 %.1f of %zu", mean(report.outputs.mask_us),
                percentile(report.outputs.mask_us, 0.5), percentile(report.outputs.mask_us, 0.99),
                report.outputs.mask_us.size());
    out += line("random outputs: %llu valid of %llu",
                static_cast<unsigned long long>(report.outputs.valid),
                static_cast<unsigned long long>(report.outputs.written));
  }
  out += "\nrefused by keyword\n";
  for (const auto& [count, keyword] : ranked(report.all)) {
    out += line("%8llu %s", static_cast<unsigned long long>(count), keyword.c_str());
  }
  out += "\n" + head;
  for (const auto& [name, counts] : report.groups) out += row_of(name, counts);
  out.pop_back();
  return out;
}

std::string report_json(const BenchReport& report) {
  ordered_json out = json_of(report.all);
  out["compile_ms"] = {{"mean", mean(report.compile_ms)},
                       {"p50", percentile(report.compile_ms, 0.5)},
                       {"p99", percentile(report.compile_ms, 0.99)}};
  if (report.has_outputs) {
    out["mask_us"] = {{"mean", mean(report.outputs.mask_us)},
                      {"p50", percentile(report.outputs.mask_us, 0.5)},
                      {"p99", percentile(report.outputs.mask_us, 0.99)}};
    out["outputs"] = report.outputs.written;
    out["outputs_valid"] = report.outputs.valid;
  }
  ordered_json groups = ordered_json::object();
  for (const auto& [name, counts] : report.groups) groups[name] = json_of(counts);
  out["groups"] = std::move(groups);
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace picolm
