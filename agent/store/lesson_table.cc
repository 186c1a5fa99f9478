#include "agent/store/lesson_table.h"

namespace agent {
namespace {

constexpr std::string_view kSelect =
    "SELECT id,route,schema_hash,text,payload,topic,expected,weight,source,input,time_ms,state "
    "FROM lessons ";

std::vector<StoredLesson> read(Statement* statement) {
  std::vector<StoredLesson> out;
  while (statement->step()) {
    StoredLesson lesson;
    lesson.id = statement->integer(0);
    lesson.route = statement->text(1);
    lesson.schema_hash = statement->text(2);
    lesson.text = statement->text(3);
    lesson.payload = statement->text(4);
    lesson.topic = statement->text(5);
    lesson.expected = statement->text(6);
    lesson.weight = statement->real(7);
    lesson.source = statement->text(8);
    lesson.input = statement->text(9);
    lesson.time_ms = statement->integer(10);
    lesson.state = statement->text(11);
    out.push_back(std::move(lesson));
  }
  return out;
}

}  // namespace

std::int64_t LessonTable::add(const StoredLesson& lesson) {
  Transaction transaction(database_);
  const std::int64_t id = insert(lesson);
  transaction.commit();
  return id;
}

std::vector<std::int64_t> LessonTable::add_all(std::span<const StoredLesson> lessons) {
  Transaction transaction(database_);
  std::vector<std::int64_t> ids;
  for (const StoredLesson& lesson : lessons) ids.push_back(insert(lesson));
  transaction.commit();
  return ids;
}

std::int64_t LessonTable::insert(const StoredLesson& lesson) {
  Statement replace(database_,
                    "UPDATE lessons SET state='forgotten' "
                    "WHERE route=? AND text=? AND state!='forgotten'");
  replace.bind(lesson.route).bind(lesson.text).step();
  Statement insert(database_,
                   "INSERT INTO lessons(route,schema_hash,text,payload,topic,expected,weight,"
                   "source,input,time_ms,state) VALUES(?,?,?,?,?,?,?,?,?,?,'active')");
  insert.bind(lesson.route).bind(lesson.schema_hash).bind(lesson.text).bind(lesson.payload);
  insert.bind(lesson.topic).bind(lesson.expected).bind(lesson.weight).bind(lesson.source);
  insert.bind(lesson.input).bind(lesson.time_ms).step();
  const std::int64_t id = database_->last_id();
  prune(lesson.route, lesson.source);
  return id;
}

void LessonTable::prune(std::string_view route, std::string_view source) {
  for (const std::int64_t forgotten : {0, 1}) {
    Statement statement(
        database_,
        "DELETE FROM lessons WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER w AS n, "
        "sum(length(CAST(payload AS BLOB))+length(CAST(text AS BLOB))+"
        "length(CAST(expected AS BLOB))) OVER w AS bytes FROM lessons "
        "WHERE route=? AND source=? AND (state='forgotten')=? WINDOW w AS (ORDER BY id DESC)) "
        "WHERE n>? OR bytes>?)");
    statement.bind(route).bind(source).bind(forgotten);
    statement.bind(source == "self" ? limits_.self_rows_max : limits_.rows_max);
    statement.bind(limits_.bytes_max).step();
  }
}

std::vector<StoredLesson> LessonTable::all(std::string_view route) {
  Statement statement(database_, std::string(kSelect) + "WHERE ?1='' OR route=?1 ORDER BY id");
  statement.bind(route);
  return read(&statement);
}

std::vector<StoredLesson> LessonTable::kept(std::string_view route) {
  Statement statement(database_, std::string(kSelect) +
                                     "WHERE (?1='' OR route=?1) AND state!='forgotten' "
                                     "ORDER BY id");
  statement.bind(route);
  return read(&statement);
}

void LessonTable::set_pending(std::string_view route, std::span<const std::int64_t> pending) {
  Transaction transaction(database_);
  Statement active(database_,
                   "UPDATE lessons SET state='active' WHERE route=? AND state='pending'");
  active.bind(route).step();
  Statement wait(database_,
                 "UPDATE lessons SET state='pending' WHERE id=? AND route=? AND state='active'");
  for (const std::int64_t id : pending) {
    wait.bind(id).bind(route).step();
    wait.reset();
  }
  transaction.commit();
}

std::int64_t LessonTable::forget(std::string_view route, std::optional<std::int64_t> id) {
  Statement statement(database_,
                      "UPDATE lessons SET state='forgotten' "
                      "WHERE route=? AND state!='forgotten' AND (?2<0 OR id=?2)");
  statement.bind(route).bind(id.value_or(-1)).step();
  return database_->changed_count();
}

void LessonTable::remove(std::int64_t id) {
  Statement statement(database_, "DELETE FROM lessons WHERE id=?");
  statement.bind(id).step();
}

}  // namespace agent
