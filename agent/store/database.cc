#include "agent/store/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace agent {
namespace {

// What the agent as a whole may use is bounded, so SQLite gets little: half a MiB of pages, and a
// log that is folded back into the file at 256 pages (1 MiB).
constexpr const char* kSettings =
    "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA cache_size=-512;"
    "PRAGMA temp_store=MEMORY; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "PRAGMA wal_autocheckpoint=256; PRAGMA journal_size_limit=1048576;";

StoreError::Kind kind_of(int code) {
  switch (code & 0xFF) {
    case SQLITE_CORRUPT:
      return StoreError::Kind::Damaged;
    case SQLITE_NOTADB:
      return StoreError::Kind::Foreign;
    default:
      return StoreError::Kind::Failed;
  }
}

// SQLite would make a file that everybody may read.
void make_private(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    throw StoreError(StoreError::Kind::Failed,
                     path + ": cannot be written: " + std::strerror(errno));
  }
  ::close(fd);
}

}  // namespace

Database::Database(const std::string& path, Access access, std::chrono::milliseconds busy)
    : path_(path) {
  if (access == Access::Create && path != ":memory:") make_private(path);
  const int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (path == ":memory:" ? SQLITE_OPEN_CREATE : 0);
  try {
    if (sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr) != SQLITE_OK) fail("open");
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_timeout(handle_, static_cast<int>(busy.count()));
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    execute(kSettings);
  } catch (...) {
    sqlite3_close(handle_);
    throw;
  }
}

Database::~Database() { sqlite3_close(handle_); }

void Database::fail(std::string_view doing) const {
  const int code = handle_ == nullptr ? SQLITE_NOMEM : sqlite3_extended_errcode(handle_);
  const char* text = handle_ == nullptr ? "out of memory" : sqlite3_errmsg(handle_);
  throw StoreError(kind_of(code), path_ + ": " + std::string(doing.substr(0, 60)) + ": " + text +
                                      " (SQLite code " + std::to_string(code) + ")");
}

void Database::execute(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail(sql);
}

void Database::check_pages() {
  Statement check(this, "PRAGMA quick_check(1)");
  const std::string found = check.step() ? check.text(0) : "nothing";
  if (found != "ok") {
    throw StoreError(StoreError::Kind::Damaged,
                     path_ + ": found damaged pages (" + found + "), wanted none");
  }
}

void Database::migrate(std::span<const char* const> steps, std::int32_t application_id) {
  const auto number = [&](const char* sql) {
    Statement statement(this, sql);
    return statement.step() ? statement.integer(0) : 0;
  };
  const auto version = number("PRAGMA user_version");
  const auto latest = static_cast<std::int64_t>(steps.size());
  if (number("SELECT count(*) FROM sqlite_master") > 0 &&
      number("PRAGMA application_id") != application_id) {
    throw StoreError(StoreError::Kind::Foreign,
                     path_ + ": found a database of another program, wanted picolm's");
  }
  if (version < 0 || version > latest) {
    throw StoreError(StoreError::Kind::Foreign, path_ + ": found version " +
                                                    std::to_string(version) + ", wanted at most " +
                                                    std::to_string(latest));
  }
  check_pages();
  for (std::int64_t next = version; next < latest; ++next) {
    Transaction transaction(this);
    execute(steps[static_cast<std::size_t>(next)]);
    execute("PRAGMA application_id=" + std::to_string(application_id));
    execute("PRAGMA user_version=" + std::to_string(next + 1));
    transaction.commit();
  }
}

void Database::wait_for_disk(bool wait) {
  execute(wait ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
}

std::int64_t Database::data_version() {
  Statement statement(this, "PRAGMA data_version");
  return statement.step() ? statement.integer(0) : 0;
}

std::int64_t Database::last_id() const { return sqlite3_last_insert_rowid(handle_); }

std::int64_t Database::changed_count() const { return sqlite3_changes(handle_); }

Statement::Statement(Database* database, std::string_view sql) : database_(database) {
  const int code = sqlite3_prepare_v2(database->handle_, sql.data(), static_cast<int>(sql.size()),
                                      &handle_, nullptr);
  if (code != SQLITE_OK) database->fail(sql);
}

Statement::~Statement() { sqlite3_finalize(handle_); }

Statement& Statement::bind(std::int64_t value) {
  if (sqlite3_bind_int64(handle_, ++bound_count_, value) != SQLITE_OK) database_->fail("bind");
  return *this;
}

Statement& Statement::bind(double value) {
  if (sqlite3_bind_double(handle_, ++bound_count_, value) != SQLITE_OK) database_->fail("bind");
  return *this;
}

Statement& Statement::bind(std::string_view value) {
  const char* data = value.data() == nullptr ? "" : value.data();  // a null pointer would be NULL
  if (sqlite3_bind_text64(handle_, ++bound_count_, data, value.size(), SQLITE_TRANSIENT,
                          SQLITE_UTF8) != SQLITE_OK) {
    database_->fail("bind");
  }
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) database_->fail(sqlite3_sql(handle_));
  return false;
}

void Statement::reset() {
  sqlite3_reset(handle_);
  bound_count_ = 0;
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }

double Statement::real(int column) const { return sqlite3_column_double(handle_, column); }

std::string Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

Transaction::Transaction(Database* database) : database_(database) {
  database_->execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    database_->execute("ROLLBACK");
  } catch (const StoreError&) {  // SQLite has rolled back already, as after a full disk
  }
}

void Transaction::commit() {
  database_->execute("COMMIT");
  open_ = false;
}

}  // namespace agent
