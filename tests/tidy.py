#!/usr/bin/env python3
"""House rules as a test: layering, format, line length, file and function size, banned names.

Prints one line a finding, `FILE:LINE: what was found, what to write instead`, and exits 1 if
there is any. A line with a banned name that is right where it stands carries the comment
`tidy: allow, REASON`, on the line itself or the one above.
Files and functions over the limits stand in data/size_ratchet.json, which may only shrink:
    {"agent/app.cc": {"lines": 420, "function": 90}}
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CODE = {".h", ".cc"}
SCRIPTS = {".py", ".sh", ".cmake"}
TEXT = CODE | SCRIPTS | {".txt"}
LINE_MAX = 100
FILE_MAX = 400
FUNCTION_MAX = 70
RATCHET = ROOT / "tests" / "data" / "size_ratchet.json"
RATCHET_SLACK = {"lines": 10, "function": 3}  # an entry may be this much above the truth
PRODUCT = ("agent", "inference", "schemas", "transport")
LIBRARIES = ("inference", "schemas", "transport")
FORMATTER = "clang-format-14"

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
    "mqtt/": ["transport/paho_"],
    "MQTT": ["transport/paho_"],
    "openssl/": ["inference/digest/", "transport/paho_client.cc"],
    "mbedtls/": ["agent/trust.cc"],
    "spdlog/": ["agent/"],
    "CLI/": ["agent/", "inference/cli/", "tests/"],
    "nlohmann/": ["agent/", "schemas/", "inference/cli/", "tests/"],
    "gtest/": ["tests/"],
    "benchmark/": ["tests/bench/"],
    "sqlite3.h": ["agent/"],
}

# headers that only the files allowed to name a third party include
PRIVATE_HEADERS = {"transport/paho_connect.h", "transport/paho_properties.h"}

# pattern, where it counts (a path's beginning), in which files, what to write instead
LIBRARY_CODE = "(schemas|transport|inference)/(?!cli/|check\\.h)"
BANNED = [
    (r"\bstd::(expected|format)\b", "", CODE, "a struct or enum; neither compiler has it"),
    (r"#include <(iostream|regex|sstream)>", "inference/(?!cli/)", CODE,
     "plain strings: inference stays small"),
    (r"\bstd::endl\b", "", CODE, "'\\n'"),
    (r"\busing namespace std;", "", CODE, "qualified names"),
    (r"\b(rand|srand)\(", "", CODE, "a seeded generator that is passed in"),
    (r"\bstd::\w+_distribution\b", "tests/", CODE,
     "test_support::Random: distributions differ between libraries"),
    (r"\b(sprintf|strcpy|strcat|gets)\(", "", CODE, "snprintf or std::string"),
    (r"\bm(un)?map\(", "inference/", CODE,
     "pread: a truncated file must be an error, not a signal"),
    (r"-march=native|-ffast-math", "", TEXT, "one file per instruction set, strict arithmetic"),
    (r"\bsleep_for\(|\btime\.sleep\(", "tests/", TEXT,
     "waiting for the event itself with a deadline"),
    (r"\b(TODO|FIXME|XXX)\b", "", TEXT, "doing it, or a sentence in the README's limits"),
    (r"\bshared_ptr\b(?!.*//)", LIBRARY_CODE, CODE,
     "a value or unique_ptr, or a comment on the line that says why"),
    (r"\b(printf|puts|exit|abort)\(|std::c(out|err)\b", LIBRARY_CODE, CODE,
     "returning a value: libraries are silent"),
    (r"\b(GTEST_)?DISABLED_\w", "tests/", CODE, "deleting the test, or GTEST_SKIP with a reason"),
]
ALLOW = re.compile(r"tidy: allow, \w+")


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
    is_public = (path.endswith(".h") and path.split("/")[0] in LIBRARIES
                 and path not in PRIVATE_HEADERS)
    for prefix, allowed in THIRD_PARTY.items():
        if not header.startswith(prefix):
            continue
        if not any(path.startswith(a) for a in allowed):
            yield f"{path}:{number}: includes {header}; allowed only in {', '.join(allowed)}"
        elif is_public and layer_of(path) in LIBRARIES:
            yield f"{path}:{number}: includes {header}; a library's headers name no third party"
    layer = layer_of(path)
    target = layer_of(header)
    if match.group(1) == '"' and layer and target and target != layer:
        allowed = LAYERS[layer]
        if target not in allowed and header not in allowed and target.split("/")[0] not in allowed:
            yield (f"{path}:{number}: {layer} includes {header}; "
                   f"allowed: {sorted(allowed) or 'nothing'}")


def own_header_findings(path, text):
    """A source that includes its own header first proves that the header compiles alone."""
    header = path[:-3] + ".h"
    first = re.search(r'^#include\s+[<"]([^>"]+)[>"]', text, re.MULTILINE)
    if (ROOT / header).is_file() and (first is None or first.group(1) != header):
        yield f"{path}:1: includes {first.group(1) if first else 'nothing'} first, not {header}"


# What must not be taken for code: comments, raw strings, strings, characters (not 1'000).
NOT_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'", re.DOTALL)


def only_code(text):
    """`text` with everything that is no code, and directives, replaced by as many lines."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group())
    text = NOT_CODE.sub(blank, text)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", blank, text, flags=re.MULTILINE)


def function_lengths(text):
    """First line and length of each function: the blocks that stand in namespaces and types and
    have a parameter list before them. Members initialised by braces belong to what follows."""
    code = only_code(text)
    stack = []  # of (is a function, offset of its first character)
    begin = 0   # of the statement at hand
    for match in re.finditer(r"[{};]", code):
        at = match.start()
        if any(is_function for is_function, _ in stack[:-1]) and match.group() == ";":
            continue
        if match.group() == "{":
            head = code[begin:at]
            inside = any(is_function for is_function, _ in stack)
            is_type = re.search(r"\b(namespace|class|struct|union|enum|extern)\b[^()=]*$", head)
            is_value = "=" in head.split("(")[0] and "operator" not in head and "](" not in head
            is_function = not inside and not is_type and not is_value and "(" in head
            first = begin + len(head) - len(head.lstrip())
            stack.append((is_function, first))
        elif match.group() == "}" and stack:
            is_function, first = stack.pop()
            follows = code[at + 1:at + 200].lstrip()[:1]
            if is_function and follows in (",", "{"):  # an initialiser: the function goes on
                begin = first
                continue
            if is_function:
                start = code.count("\n", 0, first) + 1
                yield start, code.count("\n", 0, at) + 2 - start
        begin = at + 1


def banned_findings(path, number, line, line_before):
    if ALLOW.search(line) or ALLOW.search(line_before):
        return
    for pattern, where, suffixes, instead in BANNED:
        if pathlib.Path(path).suffix in suffixes and re.match(where, path):
            if re.search(pattern, line):
                yield f"{path}:{number}: {line.strip()[:60]!r}; write instead: {instead}"


def size_findings(path, text, ratchet):
    """Over a limit without an entry, over the entry, or an entry that is no longer needed."""
    sizes = {"lines": (text.count("\n"), FILE_MAX, "")}
    if pathlib.Path(path).suffix in CODE:
        start, longest = max(function_lengths(text), key=lambda f: f[1], default=(1, 0))
        sizes["function"] = (longest, FUNCTION_MAX, f":{start}")
    for name, (size, limit, place) in sizes.items():
        entry = ratchet.get(name)
        what = "a file" if name == "lines" else "a function"
        if size > (entry or limit):
            yield f"{path}{place}: {what} of {size} lines; at most {entry or limit}"
        elif entry and size <= limit:
            yield f"{path}: {size} lines are within the limit; take \"{name}\" out of the ratchet"
        elif entry and entry > size + RATCHET_SLACK[name]:
            yield f"{path}: the ratchet's \"{name}\" is {entry}; lower it to {size}"


def findings_of(path, ratchet):
    text = (ROOT / path).read_text(encoding="utf-8", errors="strict")
    lines = text.split("\n")
    suffix = pathlib.Path(path).suffix
    is_rule_file = path == "tests/tidy.py"
    is_generated = "generated" in text[:400].lower()
    if text and not text.endswith("\n"):
        yield f"{path}:{len(lines)}: no newline at the end"
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_MAX and "http" not in line:
            yield f"{path}:{number}: {len(line)} columns; at most {LINE_MAX}"
        if line != line.rstrip():
            yield f"{path}:{number}: white space at the end of the line"
        if suffix in CODE:
            yield from include_findings(path, number, line)
        if not is_rule_file:
            yield from banned_findings(path, number, line, lines[number - 2] if number > 1 else "")
    if suffix in CODE | SCRIPTS and not is_generated:
        yield from size_findings(path, text, ratchet)
    if suffix == ".cc" and path.startswith(PRODUCT):
        yield from own_header_findings(path, text)
    if suffix == ".h":
        if "#pragma once" not in text:
            yield f"{path}:1: no #pragma once"
        if path.startswith(PRODUCT) and "Thread safety:" not in text:
            yield f"{path}:1: no line \"// Thread safety: ...\""


def format_findings(paths):
    """Files that the formatter would change; nothing where it is not installed."""
    program = shutil.which(FORMATTER)
    if program is None:
        print(f"skipped: the format of the code ({FORMATTER} is not installed)")
        return
    run = subprocess.run([program, "--dry-run", *paths], cwd=ROOT, text=True, capture_output=True)
    for path in sorted(set(re.findall(r"^(\S+?):\d+:\d+: warning", run.stderr, re.MULTILINE))):
        yield f"{path}: not formatted; run {FORMATTER} -i {path}"


def main():
    ratchet = json.loads(RATCHET.read_text()) if RATCHET.exists() else {}
    paths = [p for p in tracked_files() if pathlib.Path(p).suffix in TEXT]
    found = [f"{RATCHET.relative_to(ROOT)}: {path} does not exist" for path in ratchet
             if path not in paths]
    for path in paths:
        found += findings_of(path, ratchet.get(path, {}))
    found += format_findings([p for p in paths if pathlib.Path(p).suffix in CODE])
    for line in found:
        print(line)
    print(f"{len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
