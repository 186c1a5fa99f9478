#!/usr/bin/env python3
"""House rules as a test: layering, line length, file and function size, banned names.

Prints one line a finding, `FILE:LINE: what was found, what to write instead`, and exits 1 if
there is any. Sizes that are over the limit today stand in SIZE_RATCHET and may only shrink.
"""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CODE = {".h", ".cc"}
TEXT = CODE | {".py", ".sh", ".cmake", ".txt"}
LINE_MAX = 100
FILE_MAX = 400
FUNCTION_MAX = 70
RATCHET = ROOT / "tests" / "data" / "size_ratchet.json"

# folder -> folders whose headers it may include (its own always)
LAYERS = {
    "schemas": set(),
    "inference": {"schemas/schema_spec.h"},
    "inference/cli": {"inference", "schemas"},
    "transport": set(),
    "agent": {"inference", "schemas", "transport"},
    "tests": {"inference", "schemas", "transport", "agent", "tests"},
}

# header prefix -> paths that may include it
THIRD_PARTY = {
    "mqtt/": ["transport/paho_client.cc"],
    "MQTT": ["transport/paho_client.cc"],
    "openssl/": ["inference/cli/", "transport/paho_client.cc"],
    "mbedtls/": ["agent/trust.cc"],
    "spdlog/": ["agent/"],
    "CLI/": ["agent/", "inference/cli/", "tests/"],
    "nlohmann/": ["agent/", "schemas/", "inference/cli/", "tests/"],
    "gtest/": ["tests/"],
    "benchmark/": ["tests/bench/"],
    "sqlite3.h": ["agent/"],
}

# pattern, where it counts, what to write instead
BANNED = [
    (r"\bstd::(expected|format)\b", "", "a struct or enum; neither compiler has it"),
    (r"#include <(iostream|regex|sstream)>", "inference/(?!cli/)", "plain strings: inference stays small"),
    (r"\bstd::endl\b", "", "'\\n'"),
    (r"\busing namespace std\b", "", "qualified names"),
    (r"\b(rand|srand)\(", "", "a seeded generator that is passed in"),
    (r"\b(sprintf|strcpy|strcat|gets)\(", "", "snprintf or std::string"),
    (r"\bm(un)?map\(", "inference/", "pread: a truncated file must be an error, not a signal"),
    (r"-march=native|-ffast-math", "", "one file per instruction set, strict arithmetic"),
    (r"\bsleep_for\(", "tests/", "waiting for the event itself with a deadline"),
    (r"\b(TODO|FIXME|XXX)\b", "", "doing it, or a sentence in the README's limits"),
    (r"\bshared_ptr\b(?!.*//)", "(schemas|inference|transport)/(?!cli/)",
     "a value or unique_ptr, or a comment on the line that says why"),
    (r"\b(printf|puts|exit|abort)\(|std::c(out|err)\b",
     "(schemas|transport|inference)/(?!cli/|check\\.h)", "returning a value: libraries are silent"),
]


def tracked_files():
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, text=True,
                         capture_output=True)
    if out.returncode != 0:  # an exported tree without git
        return sorted(p.relative_to(ROOT).as_posix() for p in ROOT.rglob("*")
                      if p.is_file() and "build" not in p.parts)
    return sorted(f for f in out.stdout.split("\n") if f and (ROOT / f).is_file())


def layer_of(path):
    for layer in sorted(LAYERS, key=len, reverse=True):
        if path.startswith(layer + "/"):
            return layer
    return None


def include_findings(path, number, line):
    match = re.match(r'#include\s+([<"])([^>"]+)[>"]', line)
    if not match:
        return
    header = match.group(2)
    for prefix, allowed in THIRD_PARTY.items():
        if header.startswith(prefix) and not any(path.startswith(a) for a in allowed):
            yield f"{path}:{number}: includes {header}; allowed only in {', '.join(allowed)}"
    layer = layer_of(path)
    target = layer_of(header)
    if match.group(1) == '"' and layer and target and target != layer:
        allowed = LAYERS[layer]
        if target not in allowed and header not in allowed and target.split("/")[0] not in allowed:
            yield f"{path}:{number}: {layer} includes {header}; allowed: {sorted(allowed) or 'nothing'}"


def function_lengths(lines):
    """Line number and length of each function, by brace depth outside namespaces and types."""
    start = None
    depth = 0
    for number, line in enumerate(lines, 1):
        code = re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])*\'|//.*', "", line)
        if start is None:
            if re.match(r"\S.*\)\s*(const|noexcept|override|\s)*\{$", code) or (
                    re.match(r"\s+.*\)( const| noexcept)* \{$", code) and number > 1
                    and not re.match(r"\s*(if|for|while|switch|else|\}|do|try)\b", code)):
                start, depth = number, code.count("{") - code.count("}")
                if depth <= 0:
                    start = None
        else:
            depth += code.count("{") - code.count("}")
            if depth <= 0:
                yield start, number - start + 1
                start = None


def findings_of(path, ratchet):
    text = (ROOT / path).read_text(encoding="utf-8", errors="strict")
    lines = text.split("\n")
    suffix = pathlib.Path(path).suffix
    if text and not text.endswith("\n"):
        yield f"{path}:{len(lines)}: no newline at the end"
    is_rule_file = path == "tests/tidy.py"
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_MAX and "http" not in line and not is_rule_file:
            yield f"{path}:{number}: {len(line)} columns; at most {LINE_MAX}"
        if line != line.rstrip():
            yield f"{path}:{number}: white space at the end of the line"
        if suffix in CODE:
            yield from include_findings(path, number, line)
        if is_rule_file:
            continue
        for pattern, where, instead in BANNED:
            if re.match(where, path) and suffix in TEXT and re.search(pattern, line):
                yield f"{path}:{number}: {line.strip()[:60]!r}; write instead: {instead}"
    if suffix in CODE:
        limit = ratchet.get(path, {}).get("lines", FILE_MAX)
        if len(lines) > limit and "generated" not in text[:400]:
            yield f"{path}: {len(lines)} lines; at most {limit}"
        if suffix == ".h" and "#pragma once" not in text:
            yield f"{path}:1: no #pragma once"
        function_max = ratchet.get(path, {}).get("function", FUNCTION_MAX)
        for start, length in function_lengths(lines):
            if length > function_max:
                yield f"{path}:{start}: a function of {length} lines; at most {function_max}"


def main():
    ratchet = json.loads(RATCHET.read_text()) if RATCHET.exists() else {}
    found = []
    for path in tracked_files():
        if pathlib.Path(path).suffix in TEXT:
            found += findings_of(path, ratchet)
    for line in found:
        print(line)
    print(f"{len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
