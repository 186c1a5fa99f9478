#pragma once

// SQLite behind three small owners: a database, a prepared statement, a transaction. Write-ahead
// log, and a commit is on the disk when it returns (synchronous=FULL).
// Thread safety: unsafe; one thread a database. Other processes may use the file at the same time.

#include <chrono>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace agent {

// The one exception of the store. what() says where, what was found and what was wanted.
class StoreError : public std::runtime_error {
 public:
  enum class Kind : std::uint8_t {
    Failed,   // the disk is full, cannot be written, or another process holds the lock too long
    Damaged,  // the file is ours and its pages are not
    Foreign,  // the file is something else, or of a later version
  };
  StoreError(Kind kind, const std::string& what) : std::runtime_error(what), kind_(kind) {}
  Kind kind() const { return kind_; }

 private:
  Kind kind_;
};

class Database {
 public:
  enum class Access : std::uint8_t { Create, Existing };

  // Opens `path`, ":memory:" for one that lives as long as this object. A file that is made is
  // readable for its owner only. Waits at most `busy` for other processes. Throws StoreError.
  Database(const std::string& path, Access access, std::chrono::milliseconds busy);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Brings the tables to the version of `steps`: step i makes version i + 1 of version i, each in
  // a transaction of its own. Throws StoreError: Foreign if the file has tables and not our
  // mark (`application_id`) or is of a later version, Damaged if its pages do not agree.
  void migrate(std::span<const char* const> steps, std::int32_t application_id);

  // Statements without parameters or results. Throws StoreError.
  void execute(const std::string& sql);

  // Whether the next commits wait for the disk. Without, a power cut can lose them, but nothing
  // that was committed before and never the file.
  void wait_for_disk(bool wait);

  // Changes when another connection has committed something.
  std::int64_t data_version();

  std::int64_t last_id() const;        // of the latest row inserted
  std::int64_t changed_count() const;  // rows, by the latest statement
  const std::string& path() const { return path_; }

 private:
  friend class Statement;
  void check_pages();
  [[noreturn]] void fail(std::string_view doing) const;

  const std::string path_;
  sqlite3* handle_ = nullptr;
};

class Statement {
 public:
  // Throws StoreError. `database` outlives this object.
  Statement(Database* database, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // The next parameter, in order; after reset() the first again.
  Statement& bind(std::int64_t value);
  Statement& bind(double value);
  Statement& bind(std::string_view value);

  // True: a row is there to be read. False: it is done. Throws StoreError.
  bool step();
  void reset();

  // Columns of the present row, from 0.
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;

 private:
  Database* const database_;
  sqlite3_stmt* handle_ = nullptr;
  int bound_count_ = 0;
};

// Everything until commit(), or nothing.
class Transaction {
 public:
  // Takes the lock for writing at once. Throws StoreError.
  explicit Transaction(Database* database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database* const database_;
  bool open_ = true;
};

}  // namespace agent
