// Small readers that eat a text from the left. A text has the format if nothing is left.

#include "schemas/format_check.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

namespace schemas {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

// Takes exactly `count` digits.
std::optional<int> take_number(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_digit(text[i])) return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, std::string_view wanted) {
  if (text.substr(0, wanted.size()) != wanted) return false;
  text.remove_prefix(wanted.size());
  return true;
}

bool take_date(std::string_view& text) {
  const auto year = take_number(text, 4);
  if (!year || !take(text, "-")) return false;
  const auto month = take_number(text, 2);
  if (!month || !take(text, "-")) return false;
  const auto day = take_number(text, 2);
  if (!day || *month < 1 || *month > 12 || *day < 1) return false;
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = *year % 4 == 0 && (*year % 100 != 0 || *year % 400 == 0);
  return *day <= kDays[*month - 1] + (*month == 2 && leap ? 1 : 0);
}

bool take_time(std::string_view& text) {
  const auto hour = take_number(text, 2);
  if (!hour || *hour > 23 || !take(text, ":")) return false;
  const auto minute = take_number(text, 2);
  if (!minute || *minute > 59 || !take(text, ":")) return false;
  const auto second = take_number(text, 2);
  if (!second || *second > 60) return false;
  if (take(text, ".")) {
    if (text.empty() || !is_digit(text.front())) return false;
    while (!text.empty() && is_digit(text.front())) text.remove_prefix(1);
  }
  int offset = 0;  // minutes east of Greenwich
  if (!take(text, "Z") && !take(text, "z")) {
    const bool east = take(text, "+");
    if (!east && !take(text, "-")) return false;
    const auto offset_hour = take_number(text, 2);
    if (!offset_hour || *offset_hour > 23 || !take(text, ":")) return false;
    const auto offset_minute = take_number(text, 2);
    if (!offset_minute || *offset_minute > 59) return false;
    offset = (east ? 1 : -1) * (*offset_hour * 60 + *offset_minute);
  }
  // A leap second is the last of a day in Greenwich.
  constexpr int kDay = 24 * 60;
  return *second < 60 || (*hour * 60 + *minute - offset + kDay) % kDay == kDay - 1;
}

bool is_date(std::string_view text) { return take_date(text) && text.empty(); }
bool is_time(std::string_view text) { return take_time(text) && text.empty(); }

bool is_date_time(std::string_view text) {
  return take_date(text) && (take(text, "T") || take(text, "t")) && take_time(text) && text.empty();
}

// Parts in the order of `units`, each unit at most once and none left out in between.
bool take_parts(std::string_view& text, std::string_view units) {
  std::size_t last = std::string_view::npos;
  while (!text.empty() && is_digit(text.front())) {
    while (!text.empty() && is_digit(text.front())) text.remove_prefix(1);
    if (text.empty()) return false;
    const std::size_t unit = units.find(text.front());
    if (unit == std::string_view::npos) return false;
    if (last != std::string_view::npos && unit != last + 1) return false;
    last = unit;
    text.remove_prefix(1);
  }
  return last != std::string_view::npos;
}

bool is_duration(std::string_view text) {
  if (!take(text, "P")) return false;
  if (!text.empty() && text.back() == 'W') return take_parts(text, "W") && text.empty();
  const bool has_date = !text.empty() && text.front() != 'T';
  if (has_date && !take_parts(text, "YMD")) return false;
  if (text.empty()) return has_date;
  return take(text, "T") && take_parts(text, "HMS") && text.empty();
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return true;
}

bool is_ipv4(std::string_view text) {
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && !take(text, ".")) return false;
    std::size_t digits = 0;
    int value = 0;
    for (; digits < 3 && digits < text.size() && is_digit(text[digits]); ++digits) {
      value = value * 10 + (text[digits] - '0');
    }
    if (digits == 0 || value > 255 || (digits > 1 && text.front() == '0')) return false;
    text.remove_prefix(digits);
  }
  return text.empty();
}

// Counts 16-bit groups; an IPv4 tail is two. A `::` stands for at least one group.
bool is_ipv6(std::string_view text) {
  int groups = 0;
  bool gap = false;
  if (take(text, "::")) {
    gap = true;
  }
  while (!text.empty()) {
    if (text.find(':') == std::string_view::npos && text.find('.') != std::string_view::npos) {
      if (!is_ipv4(text)) return false;
      groups += 2;
      text = {};
      break;
    }
    std::size_t digits = 0;
    while (digits < 4 && digits < text.size() && is_hex(text[digits])) ++digits;
    if (digits == 0) return false;
    text.remove_prefix(digits);
    ++groups;
    if (text.empty()) break;
    if (take(text, "::")) {
      if (gap) return false;
      gap = true;
    } else if (!take(text, ":") || text.empty()) {
      return false;
    }
  }
  return gap ? groups <= 7 : groups == 8;
}

// Stands for a name in other letters, whose rules are not known here.
bool is_encoded(std::string_view label) {
  return label.size() >= 4 && (label[0] | 32) == 'x' && (label[1] | 32) == 'n' &&
         label.substr(2, 2) == "--";
}

bool has_encoded_label(std::string_view host) {
  for (std::size_t begin = 0; begin <= host.size();) {
    const std::size_t end = std::min(host.find('.', begin), host.size());
    if (is_encoded(host.substr(begin, end - begin))) return true;
    begin = end + 1;
  }
  return false;
}

bool is_hostname(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  while (true) {
    const std::size_t end = std::min(text.find('.'), text.size());
    const std::string_view label = text.substr(0, end);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') {
      return false;
    }
    for (const char c : label) {
      if (!is_letter(c) && !is_digit(c) && c != '-') return false;
    }
    if (end == text.size()) return true;
    text.remove_prefix(end + 1);
  }
}

bool is_local_part(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\\') ++i;
      if (i >= text.size() || text[i] < ' ' || text[i] > '~') return false;
      if (text[i] == '"' && (i == 0 || text[i - 1] != '\\')) return false;
    }
    return true;
  }
  bool atom = false;
  for (const char c : text) {
    if (c == '.' && !atom) return false;
    atom = c != '.';
    if (atom && !is_letter(c) && !is_digit(c) && !is_one_of(c, "!#$%&'*+/=?^_`{|}~-")) return false;
  }
  return atom;
}

bool is_email(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || !is_local_part(text.substr(0, at))) return false;
  std::string_view host = text.substr(at + 1);
  if (take(host, "[")) {
    if (host.empty() || host.back() != ']') return false;
    host.remove_suffix(1);
    return take(host, "IPv6:") ? is_ipv6(host) : is_ipv4(host);
  }
  return is_hostname(host);
}

// Only characters of `extra`, unreserved ones, sub-delimiters and whole percent escapes.
bool is_uri_text(std::string_view text, std::string_view extra) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
      i += 2;
    } else if (!is_letter(c) && !is_digit(c) && !is_one_of(c, "-._~!$&'()*+,;=") &&
               !is_one_of(c, extra)) {
      return false;
    }
  }
  return true;
}

bool is_authority(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at != std::string_view::npos) {
    if (!is_uri_text(text.substr(0, at), ":")) return false;
    text.remove_prefix(at + 1);
  }
  if (take(text, "[")) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    std::string_view address = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (take(address, "v") || take(address, "V")) {
      const std::size_t dot = address.find('.');
      if (dot == 0 || dot == std::string_view::npos || dot + 1 == address.size()) return false;
      for (const char c : address.substr(0, dot)) {
        if (!is_hex(c)) return false;
      }
      address.remove_prefix(dot + 1);
      if (address.find('%') != std::string_view::npos || !is_uri_text(address, ":")) return false;
    } else if (!is_ipv6(address)) {
      return false;
    }
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    if (!is_uri_text(text.substr(0, colon), "")) return false;
    text.remove_prefix(colon);
  }
  if (text.empty()) return true;
  if (!take(text, ":")) return false;
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

// What follows the scheme, or a reference without one.
bool is_uri_rest(std::string_view text, bool has_scheme) {
  const std::size_t hash = text.find('#');
  if (hash != std::string_view::npos) {
    if (!is_uri_text(text.substr(hash + 1), ":@/?")) return false;
    text = text.substr(0, hash);
  }
  const std::size_t query = text.find('?');
  if (query != std::string_view::npos) {
    if (!is_uri_text(text.substr(query + 1), ":@/?")) return false;
    text = text.substr(0, query);
  }
  if (take(text, "//")) {
    const std::size_t end = std::min(text.find('/'), text.size());
    return is_authority(text.substr(0, end)) && is_uri_text(text.substr(end), ":@/");
  }
  if (!has_scheme && text.substr(0, text.find('/')).find(':') != std::string_view::npos) {
    return false;
  }
  return is_uri_text(text, ":@/");
}

bool is_uri(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || !is_letter(text.front())) return false;
  for (const char c : text.substr(0, colon)) {
    if (!is_letter(c) && !is_digit(c) && !is_one_of(c, "+-.")) return false;
  }
  return is_uri_rest(text.substr(colon + 1), true);
}

}  // namespace

bool has_format(std::string_view format, std::string_view text) {
  if (format == "date-time") return is_date_time(text);
  if (format == "date") return is_date(text);
  if (format == "time") return is_time(text);
  if (format == "duration") return is_duration(text);
  if (format == "uuid") return is_uuid(text);
  if (format == "ipv4") return is_ipv4(text);
  if (format == "ipv6") return is_ipv6(text);
  if (format == "hostname") return is_hostname(text) && !has_encoded_label(text);
  if (format == "email") return is_email(text);
  if (format == "uri") return is_uri(text);
  if (format == "uri-reference") return is_uri(text) || is_uri_rest(text, false);
  return false;
}

}  // namespace schemas
