// The formats as patterns. What RFC 3339, 1123, 2673, 4122, 4291, 5321 and 3986 define, within
// ASCII; the days of each month and the leap years of the Gregorian calendar are spelled out.

#include <algorithm>
#include <iterator>

#include "schemas/text_tables.h"

namespace schemas {
namespace {

#define PICOLM_YEARS_LEAP \
  "(?:[0-9][0-9](?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
#define PICOLM_DATE                                                                       \
  "(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|"                         \
  "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))|" PICOLM_YEARS_LEAP \
  "-02-29)"
#define PICOLM_TIME_OF(second)              \
  "(?:[01][0-9]|2[0-3]):[0-5][0-9]:" second \
  "(?:\\.[0-9]+)?"                          \
  "(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
// Without leap seconds: which minute may have one depends on the offset behind it.
#define PICOLM_TIME PICOLM_TIME_OF("[0-5][0-9]")
#define PICOLM_TIME_WITH_LEAP PICOLM_TIME_OF("(?:[0-5][0-9]|60)")
#define PICOLM_BYTE "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
#define PICOLM_IPV4 PICOLM_BYTE "(?:\\." PICOLM_BYTE "){3}"
#define PICOLM_LABEL "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
#define PICOLM_HOST PICOLM_LABEL "(?:\\." PICOLM_LABEL ")*"
// Labels that begin with xn-- stand for others, and whether those may be is more than a pattern can
// say: they are left out. The count stands once, or the automaton would hold it for every branch.
#define PICOLM_PLAIN_LABEL                                                   \
  "(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,2}[A-Za-z0-9])?|"                         \
  "(?:[A-Za-z0-9][A-Za-z0-9-]{2}[A-Za-z0-9]|"                                \
  "(?:[A-WYZa-wyz0-9][A-Za-z0-9-]{2}|[Xx](?:[A-MO-Za-mo-z0-9-][A-Za-z0-9-]|" \
  "[Nn][A-Za-z0-9]))-)[A-Za-z0-9-]{0,58}[A-Za-z0-9])"
#define PICOLM_H16 "[0-9A-Fa-f]{1,4}"
#define PICOLM_LS32 "(?:" PICOLM_H16 ":" PICOLM_H16 "|" PICOLM_IPV4 ")"
#define PICOLM_IPV6                                                                                \
  "(?:(?:" PICOLM_H16 ":){6}" PICOLM_LS32 "|::(?:" PICOLM_H16 ":){5}" PICOLM_LS32                  \
  "|(?:" PICOLM_H16 ")?::(?:" PICOLM_H16 ":){4}" PICOLM_LS32 "|(?:(?:" PICOLM_H16                  \
  ":){0,1}" PICOLM_H16 ")?::(?:" PICOLM_H16 ":){3}" PICOLM_LS32 "|(?:(?:" PICOLM_H16               \
  ":){0,2}" PICOLM_H16 ")?::(?:" PICOLM_H16 ":){2}" PICOLM_LS32 "|(?:(?:" PICOLM_H16               \
  ":){0,3}" PICOLM_H16 ")?::" PICOLM_H16 ":" PICOLM_LS32 "|(?:(?:" PICOLM_H16 ":){0,4}" PICOLM_H16 \
  ")?::" PICOLM_LS32 "|(?:(?:" PICOLM_H16 ":){0,5}" PICOLM_H16 ")?::" PICOLM_H16                   \
  "|(?:(?:" PICOLM_H16 ":){0,6}" PICOLM_H16 ")?::)"
#define PICOLM_PCHAR "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
#define PICOLM_USER "(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*"
#define PICOLM_NAME "(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*"
#define PICOLM_AUTHORITY                       \
  "(?:" PICOLM_USER "@)?(?:\\[(?:" PICOLM_IPV6 \
  "|[vV][0-9A-Fa-f]+\\.[A-Za-z0-9._~!$&'()*+,;=:-]+)\\]|" PICOLM_NAME ")(?::[0-9]*)?"
#define PICOLM_TAIL "(?:\\?(?:" PICOLM_PCHAR "|[/?])*)?(?:#(?:" PICOLM_PCHAR "|[/?])*)?"
#define PICOLM_URI                                                                     \
  "[A-Za-z][A-Za-z0-9+.-]*:(?://" PICOLM_AUTHORITY "(?:/" PICOLM_PCHAR                 \
  "*)*"                                                                                \
  "|/(?:" PICOLM_PCHAR "+(?:/" PICOLM_PCHAR "*)*)?|" PICOLM_PCHAR "+(?:/" PICOLM_PCHAR \
  "*)*|)" PICOLM_TAIL
#define PICOLM_RELATIVE                                                                     \
  "(?://" PICOLM_AUTHORITY "(?:/" PICOLM_PCHAR "*)*|/(?:" PICOLM_PCHAR "+(?:/" PICOLM_PCHAR \
  "*)*)?|(?:[A-Za-z0-9._~!$&'()*+,;=@-]|%[0-9A-Fa-f]{2})+(?:/" PICOLM_PCHAR "*)*|)" PICOLM_TAIL
#define PICOLM_ATEXT "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"

constexpr FormatPattern kFormats[] = {
    {"date-time", "^" PICOLM_DATE "[Tt]" PICOLM_TIME "$", 0,
     "^" PICOLM_DATE "[Tt]" PICOLM_TIME_WITH_LEAP "$"},
    {"date", "^" PICOLM_DATE "$", 0},
    {"time", "^" PICOLM_TIME "$", 0, "^" PICOLM_TIME_WITH_LEAP "$"},
    {"duration",
     "^P(?:[0-9]+W|(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)"
     "(?:T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S))?"
     "|T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S))$",
     0},
    {"uuid", "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$", 0},
    {"ipv4", "^" PICOLM_IPV4 "$", 0},
    {"ipv6", "^" PICOLM_IPV6 "$", 0},
    {"hostname", "^" PICOLM_PLAIN_LABEL "(?:\\." PICOLM_PLAIN_LABEL ")*$", 253,
     "^" PICOLM_HOST "$"},
    {"email",
     "^(?:" PICOLM_ATEXT "+(?:\\." PICOLM_ATEXT
     "+)*|\"(?:[ !#-\\[\\]-~]|\\\\[ -~])*\")@(?:" PICOLM_HOST "|\\[(?:" PICOLM_IPV4
     "|IPv6:" PICOLM_IPV6 ")\\])$",
     0},
    {"uri", "^" PICOLM_URI "$", 0},
    {"uri-reference", "^(?:" PICOLM_URI "|" PICOLM_RELATIVE ")$", 0},
};

}  // namespace

const FormatPattern* find_format(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kFormats), std::end(kFormats),
                                         [&](const FormatPattern& f) { return f.name == name; });
  return found == std::end(kFormats) ? nullptr : found;
}

}  // namespace schemas
