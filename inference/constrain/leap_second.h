#pragma once

// Times with a leap second, for verdicts: 23:59:60 of UTC in any offset, as RFC 3339 has it. The
// tables of formats leave them out, because one would have to remember each minute of the day until
// it knows the offset. They are never written.
// Thread safety: plain values.

#include <cstdint>

namespace inference {

// One text under way, without its quotes: [date "T"] hh:mm:60 [fraction] offset.
struct LeapSecond {
  std::uint32_t at = 0;      // bytes of the fixed part, then what may come next
  std::uint32_t date = 0;    // yyyymmdd, as far as read
  std::uint32_t local = 0;   // hhmm
  std::uint32_t offset = 0;  // hhmm
  bool is_west = false;

  static LeapSecond begin(bool has_date);

  // Takes a byte; false if no such text continues so.
  bool step(std::uint8_t byte);
  bool is_whole() const;
};

}  // namespace inference
