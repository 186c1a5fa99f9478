#!/usr/bin/env python3
"""Writes decimal.golden: answers of Python's decimal module, an independent implementation.

Lines `compare A B SIGN` and `round A FLOOR CEIL PLAIN`, floor and ceil clipped to int64.
"""

import decimal
import pathlib
import random

decimal.getcontext().prec = 800
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
EDGES = ["0", "-0", "0.0", "-0.0e5", "1", "-1", "0.1", "-0.1", "1e-300", "-1e-300", "1e300",
         "9223372036854775807", "9223372036854775808", "-9223372036854775808",
         "-9223372036854775809", "9223372036854775807.5", "-9223372036854775808.5",
         "9999999999999999999", "10000000000000000000", "0.1e1", "100e-2", "1.0", "10E-1",
         "0.30000000000000004", "0.3", "1.7976931348623157e308", "5e-324"]


def number(rng):
    whole = str(rng.choice([0, rng.randrange(10), rng.randrange(10**rng.randrange(1, 22))]))
    fraction = "." + "".join(rng.choice("000123456789") for _ in range(rng.randrange(1, 20)))
    exponent = rng.choice("eE") + rng.choice(["", "+", "-"]) + str(rng.randrange(25))
    return (rng.choice(["", "-"]) + whole + rng.choice(["", fraction]) +
            rng.choice(["", "", exponent]))


def neighbour(rng, text):
    """The same value in another form, or one that differs in its last digit."""
    value = decimal.Decimal(text)
    if rng.random() < 0.5:
        return f"{value:e}".replace("e+", rng.choice(["e", "E+"]))
    step = decimal.Decimal((0, (1,), value.as_tuple().exponent - rng.randrange(3)))
    return f"{value + rng.choice([step, -step]):f}"


def plain(value):
    if value == 0:
        return "0"
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def main():
    rng = random.Random(20)
    values = EDGES + [number(rng) for _ in range(150)]
    pairs = [(a, b) for a in EDGES[:10] for b in EDGES[:10]]
    pairs += [(a, neighbour(rng, a)) for a in values]
    pairs += [(number(rng), number(rng)) for _ in range(100)]
    lines = []
    for a, b in pairs:
        sign = decimal.Decimal(a).compare(decimal.Decimal(b))
        lines.append(f"compare {a} {b} {int(sign)}")
    for a in values:
        value = decimal.Decimal(a)
        bounds = [int(value.to_integral_value(rounding=way))
                  for way in (decimal.ROUND_FLOOR, decimal.ROUND_CEILING)]
        floor, ceil = (max(INT64_MIN, min(INT64_MAX, bound)) for bound in bounds)
        lines.append(f"round {a} {floor} {ceil} {plain(value)}")
    path = pathlib.Path(__file__).with_name("decimal.golden")
    path.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
