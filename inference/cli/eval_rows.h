#pragma once

// Labelled rows of a file, by source and route.
// Thread safety: free functions that read files.

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace picolm {

struct Row {
  std::string id;  // the payload where a row has none
  std::string payload;
  nlohmann::ordered_json expected;
  std::vector<std::string> score;
  nlohmann::ordered_json schema;
};

// Rows that share schema and instructions share a route.
struct Group {
  std::string schema_text;
  std::string instructions;
  std::vector<Row> rows;
};

struct Source {
  std::vector<Group> groups;
  std::size_t row_count = 0;
  std::size_t skipped = 0;
  std::map<std::string, std::size_t> refused;  // reason -> rows
};

struct RowArguments {
  std::string rows;                // path of JSON lines
  std::string instructions;        // path of {SOURCE: TEXT}, or empty
  std::vector<std::string> where;  // "key=value" each
  std::size_t limit = 0;           // rows a source at most; 0: all
  bool copy = false;  // every number and open string of the schemas is copied from the message
};

// By source. Throws std::runtime_error that says where, what was found and what was wanted.
std::map<std::string, Source> read_rows(const RowArguments& arguments);

}  // namespace picolm
