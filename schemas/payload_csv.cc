// One CSV record, as RFC 4180 writes it:
//
//   record = cell *(SEPARATOR cell) [CR] [LF]
//   cell   = plain *(any byte but SEPARATOR, quote, CR, LF)
//          | quote *(any byte but quote | quote quote) quote
//
// A message is one record. Bytes above 7F never equal a separator, so UTF-8 passes through whole.

#include <string>

#include "schemas/json_value.h"
#include "schemas/payload_formats.h"

namespace schemas {
namespace {

constexpr char kQuote = '"';

struct Cell {
  std::string text;
  bool quoted = false;
};

class RecordReader {
 public:
  RecordReader(std::string_view record, char separator) : rest_(record), separator_(separator) {}

  // The next cell. Returns false if its quotes are wrong.
  bool take_cell(Cell& cell) {
    const bool quoted = !rest_.empty() && rest_[0] == kQuote;
    return quoted ? take_quoted(cell) : take_plain(cell);
  }

  // Steps over a separator. Returns false at the end of the record.
  bool take_separator() {
    if (rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }

 private:
  bool take_plain(Cell& cell) {
    cell.text = rest_.substr(0, rest_.find(separator_));
    rest_.remove_prefix(cell.text.size());
    return cell.text.find_first_of("\"\r\n") == std::string::npos;
  }

  bool take_quoted(Cell& cell) {
    cell.quoted = true;
    rest_.remove_prefix(1);
    while (!rest_.empty()) {
      const char c = rest_[0];
      rest_.remove_prefix(1);
      if (c != kQuote) {
        cell.text += c;
      } else if (!rest_.empty() && rest_[0] == kQuote) {
        cell.text += kQuote;
        rest_.remove_prefix(1);
      } else {
        return rest_.empty() || rest_[0] == separator_;
      }
    }
    return false;  // not closed
  }

  std::string_view rest_;
  const char separator_;
};

// A number, null or text. Both kinds of cell may hold a number: a decimal comma beside a comma
// as the separator has to be quoted.
PayloadError scalar_of(const Cell& cell, const PayloadOptions& options, Scalar& scalar) {
  if (cell.text.size() > options.limits.string_bytes_max) return PayloadError::StringTooLong;
  if (cell.text.empty() && !cell.quoted) {
    scalar = nullptr;
    return PayloadError::None;
  }
  std::string text(trim(cell.text));
  const bool has_foreign_point = options.csv.decimal != '.' && text.find('.') != std::string::npos;
  for (char& c : text) {
    if (c == options.csv.decimal) c = '.';
  }
  Number number;
  const PayloadError error =
      has_foreign_point ? PayloadError::NotANumber : read_number(text, options.limits, number);
  if (error == PayloadError::NotANumber) {
    scalar = cell.text;
    return PayloadError::None;
  }
  if (error == PayloadError::None) scalar = std::move(number);
  return error;
}

std::string_view without_line_end(std::string_view bytes) {
  if (!bytes.empty() && bytes.back() == '\n') bytes.remove_suffix(1);
  if (!bytes.empty() && bytes.back() == '\r') bytes.remove_suffix(1);
  return bytes;
}

}  // namespace

PayloadError read_csv_payload(std::string_view bytes, const PayloadOptions& options,
                              PayloadFields& fields) {
  const std::vector<std::string>& columns = options.csv.columns;
  const std::size_t columns_max = columns.empty() ? options.limits.keys_max : columns.size();
  RecordReader reader(without_line_end(bytes), options.csv.separator);
  do {
    Cell cell;
    if (!reader.take_cell(cell)) return PayloadError::NotCsv;
    const std::size_t index = fields.size();
    if (index >= columns_max) {
      return columns.empty() ? PayloadError::TooManyKeys : PayloadError::WrongColumnCount;
    }
    PayloadField field;
    field.pointer = columns.empty() ? pointer_to("", index) : pointer_to("", columns[index]);
    const PayloadError error = scalar_of(cell, options, field.value);
    if (error != PayloadError::None) return error;
    fields.push_back(std::move(field));
  } while (reader.take_separator());
  if (!columns.empty() && fields.size() != columns.size()) return PayloadError::WrongColumnCount;
  return PayloadError::None;
}

}  // namespace schemas
