#!/usr/bin/env python3
"""Writes unicode_tables.inc: the letters (general category L*) and numbers (N*) of Unicode.

The pre-tokenisers cut text by these two classes, so a vocabulary is best served by the Unicode
version its own tokeniser was trained with: 15.1 for the models of 2024 and 2025. Python's own
unicodedata has the version of that Python; the package unicodedata2 is preferred if installed:

    pip install unicodedata2==15.1.0
    python3 make_unicode_tables.py > unicode_tables.inc

Format: pairs (gap, length), both as little-endian base-128 numbers with a continuation bit. `gap`
counts the code points between the end of the last range and the start of this one.
"""

import sys

try:
    import unicodedata2 as unicodedata
except ImportError:
    import unicodedata


def ranges(letter):
    found, start = [], None
    for code in range(0x110001):
        inside = code <= 0x10FFFF and unicodedata.category(chr(code))[0] == letter
        if inside and start is None:
            start = code
        elif not inside and start is not None:
            found.append((start, code))
            start = None
    return found


def varint(value):
    out = []
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return out + [value]


def emit(name, found):
    data, end = [], 0
    for start, stop in found:
        data += varint(start - end) + varint(stop - start)
        end = stop
    print(f"inline constexpr std::size_t k{name}RangeCount = {len(found)};")
    print(f"inline constexpr std::uint8_t k{name}Ranges[] = {{")
    for i in range(0, len(data), 20):
        print("    " + " ".join(f"{byte}," for byte in data[i:i + 20]))
    print("};")


if __name__ == "__main__":
    print("// Written by make_unicode_tables.py from Unicode "
          f"{unicodedata.unidata_version}. Do not edit.\n")
    emit("Letter", ranges("L"))
    print()
    emit("Number", ranges("N"))
    sys.exit(0)
