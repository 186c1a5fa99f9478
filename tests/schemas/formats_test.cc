// Goal: a format is the same to the table that writes it and to the validator that reads it, and
// both are what the RFCs say. Method: texts with known answers, then thousands of texts a few
// characters away from them, on which both must agree.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "schemas/format_check.h"
#include "schemas/json_schema.h"
#include "schemas/text_tables.h"
#include "schemas/validator.h"
#include "tests/support/random.h"

namespace schemas {
namespace {

struct Known {
  const char* format;
  std::vector<std::string> valid;
  std::vector<std::string> invalid;
};

const std::vector<Known> kKnown = {
    {"date",
     {"2024-02-29", "2000-02-29", "1999-12-31"},
     {"2023-02-29", "1900-02-29", "2024-13-01", "2024-04-31", "2024-00-10", "24-01-01", ""}},
    {"time",
     {"00:00:00Z", "23:59:59.123456+23:59", "12:30:45-00:00", "01:02:03z"},
     {"24:00:00Z", "12:60:00Z", "12:00:00", "12:00:00+24:00", "12:00:00.Z", "1:00:00Z"}},
    {"date-time",
     {"2024-02-29T12:00:00Z", "2024-01-01t00:00:00.5+01:00"},
     {"2024-02-29 12:00:00Z", "2024-02-30T12:00:00Z", "2024-02-29T12:00:00", "2024-02-29"}},
    {"duration",
     {"P1Y2M3DT4H5M6S", "P4W", "PT1M", "P1D", "PT36H"},
     {"P", "PT", "P1W2D", "1Y", "P1S", "P1YT", "PT1D", "P1D2M"}},
    {"uuid",
     {"2EB8AA08-AA98-11EA-B4AA-73B441D16380", "00000000-0000-0000-0000-000000000000"},
     {"2eb8aa08aa9811eab4aa73b441d16380", "2eb8aa08-aa98-11ea-b4aa-73b441d1638", "x"}},
    {"ipv4",
     {"0.0.0.0", "255.255.255.255", "192.168.1.10"},
     {"256.1.1.1", "1.2.3", "01.2.3.4", "1.2.3.4.5", "1.2.3.4 "}},
    {"ipv6",
     {"::", "::1", "1:2:3:4:5:6:7:8", "fe80::a:b", "::ffff:1.2.3.4", "1::8"},
     {":::", "1:2:3:4:5:6:7", "1::2::3", "12345::", "::1%eth0", "1:2:3:4:5:6:7:8:9", "::1.2.3"}},
    {"hostname",
     {"a", "press-2.plant.example", "1.2", "a--b.com", "xn", "xna--b", "x-y", "xn-a"},
     {"-a", "a-", "a..b", ".a", "a_b", "", "xn--a", "a.XN--b", std::string(64, 'a')}},
    {"email",
     {"a@b", "first.last+tag@host.example", "\"a b\"@c.d", "x@[127.0.0.1]"},
     {"a", "@b", "a@", ".a@b", "a.@b", "a..b@c", "a b@c", "a@-b"}},
    {"uri",
     {"http://a/b?c#d", "urn:x:y", "mailto:a@b", "ftp://[::1]:21/", "a:"},
     {"//a/b", "abc", "http://a b", "http://[::1", "1a:b", "http://a/%zz", "a:\\b"}},
    {"uri-reference",
     {"", "/a/b", "a/b?c", "#f", "//h/p", "http://a"},
     {"a b", "%", "\\a", "1a:b"}}};

bool table_has(TextTables& tables, const char* format, const std::string& text) {
  return tables.matches({TextCheck::Kind::Format, false, format}, text);
}

TEST(Formats, AreWhatTheirStandardsSay) {
  TextTables tables;
  for (const auto& [format, valid, invalid] : kKnown) {
    for (const std::string& text : valid) {
      EXPECT_TRUE(has_format(format, text)) << format << " " << text;
      EXPECT_TRUE(table_has(tables, format, text)) << format << " " << text;
    }
    for (const std::string& text : invalid) {
      EXPECT_FALSE(has_format(format, text)) << format << " " << text;
      EXPECT_FALSE(table_has(tables, format, text)) << format << " " << text;
    }
  }
}

TEST(Formats, AreTheSameToBothReadersOnTextsNearTheirEdges) {
  TextTables tables;
  test_support::Random random(92);
  for (const auto& [format, valid, invalid] : kKnown) {
    int valid_count = 0;
    for (int round = 0; round < 6'000; ++round) {
      std::string text = valid[random.below(valid.size())];
      for (auto n = 1 + random.below(3); n > 0; --n) {
        static constexpr std::string_view kPieces = "0123456789abcfxnXN-:.+@TZ/%[]#?\" PWS";
        const char piece = kPieces[random.below(kPieces.size())];
        const std::size_t at = random.below(text.size() + 1);
        const auto kind = random.below(3);
        if (kind == 0) text.insert(at, 1, piece);
        if (kind == 1 && at < text.size()) text[at] = piece;
        if (kind == 2 && at < text.size()) text.erase(at, 1);
      }
      const bool read = has_format(format, text);
      const bool written = table_has(tables, format, text);
      ASSERT_EQ(read, written) << format << " " << text;
      valid_count += read ? 1 : 0;
    }
    EXPECT_GT(valid_count, 20) << format;
  }
}

// Written they are never; read they are, and what is not a time is none of them.
TEST(Formats, TakeLeapSecondsAtTheEndOfADayInGreenwich) {
  TextTables tables;
  const auto forbids = [&](const std::string& text) {
    return tables.matches({TextCheck::Kind::Format, true, "time"}, text);
  };
  for (const char* text : {"23:59:60Z", "23:59:60.5z", "15:59:60-08:00", "05:29:60+05:30",
                           "00:59:60+01:00", "23:59:60-00:00"}) {
    EXPECT_TRUE(has_format("time", text)) << text;
    EXPECT_TRUE(has_format("date-time", std::string("1998-12-31T") + text)) << text;
    EXPECT_FALSE(table_has(tables, "time", text)) << text;
    EXPECT_FALSE(forbids(text)) << text;
  }
  for (const char* text : {"22:59:60Z", "23:58:60Z", "23:59:60+01:00", "23:59:61Z", "23:59:60"}) {
    EXPECT_FALSE(has_format("time", text)) << text;
  }
  EXPECT_TRUE(forbids("noon"));
}

TEST(Formats, AreNotKnownByOtherNames) {
  EXPECT_EQ(find_format("Date"), nullptr);
  EXPECT_EQ(find_format(""), nullptr);
  EXPECT_FALSE(has_format("phone", "1"));
  EXPECT_THROW(parse_schema(R"({"type":"string","format":"phone"})"), SchemaError);
}

}  // namespace
}  // namespace schemas
