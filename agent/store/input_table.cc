#include "agent/store/input_table.h"

#include <algorithm>
#include <map>
#include <set>

namespace agent {

bool InputTable::add(RecentInput input) {
  waiting_bytes_ += input.text.size() + input.payload.size() + input.topic.size();
  waiting_.push_back(std::move(input));
  return waiting_.size() >= limits_.waiting_rows_max || waiting_bytes_ >= limits_.waiting_bytes_max;
}

std::vector<RecentInput> InputTable::newest() {
  std::map<std::string, std::int64_t> counts;
  std::vector<RecentInput> rows;
  for (auto row = waiting_.rbegin(); row != waiting_.rend(); ++row) {
    if (++counts[row->route] <= limits_.rows_max) rows.push_back(std::move(*row));
  }
  std::reverse(rows.begin(), rows.end());
  return rows;
}

void InputTable::flush() {
  if (waiting_.empty()) return;
  const std::vector<RecentInput> rows = newest();
  waiting_.clear();
  waiting_bytes_ = 0;
  database_->wait_for_disk(false);
  {
    Transaction transaction(database_);
    Statement insert(database_,
                     "INSERT INTO recent_inputs(route,input,topic,text,payload) "
                     "VALUES(?,?,?,?,?)");
    std::set<std::string_view> routes;
    for (const RecentInput& row : rows) {
      insert.bind(row.route).bind(row.input).bind(row.topic).bind(row.text).bind(row.payload);
      insert.step();
      insert.reset();
      routes.insert(row.route);
    }
    Statement prune(database_,
                    "DELETE FROM recent_inputs WHERE id IN (SELECT id FROM (SELECT id, "
                    "row_number() OVER w AS n, sum(length(CAST(text AS BLOB))+"
                    "length(CAST(payload AS BLOB))) OVER w AS bytes FROM recent_inputs "
                    "WHERE ?1='' OR route=?1 WINDOW w AS (ORDER BY id DESC)) "
                    "WHERE n>?2 OR bytes>?3)");
    for (const std::string_view route : routes) {
      prune.bind(route).bind(limits_.rows_max).bind(limits_.bytes_max).step();
      prune.reset();
    }
    prune.bind(std::string_view()).bind(INT64_MAX).bind(limits_.bytes_total_max).step();
    transaction.commit();
  }
  database_->wait_for_disk(true);
}

std::optional<RecentInput> InputTable::find(std::string_view column, std::string_view route,
                                            std::string_view value) {
  for (auto row = waiting_.rbegin(); row != waiting_.rend(); ++row) {
    if (row->route == route && (column == "input" ? row->input : row->topic) == value) return *row;
  }
  Statement select(database_,
                   "SELECT route,input,topic,text,payload FROM recent_inputs WHERE route=? AND " +
                       std::string(column) + "=? ORDER BY id DESC LIMIT 1");
  select.bind(route).bind(value);
  if (!select.step()) return std::nullopt;
  return RecentInput{select.text(0), select.text(1), select.text(2), select.text(3),
                     select.text(4)};
}

std::optional<RecentInput> InputTable::by_id(std::string_view route, std::string_view id) {
  return find("input", route, id);
}

std::optional<RecentInput> InputTable::latest(std::string_view route, std::string_view topic) {
  return find("topic", route, topic);
}

}  // namespace agent
