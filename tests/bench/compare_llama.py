#!/usr/bin/python3
"""picolm beside llama.cpp on this machine: the table of tests/bench/README.md.

Installs the npm package node-llama-cpp in a folder of its own and builds llama-bench and
llama-server from the sources inside it, which takes some ten minutes the first time (--work FOLDER
keeps them). Absolute figures drift between runs, so the programs take turns and only ratios count.
Needs a release build, npm, cmake, and root for the memory cgroups.

    tests/bench/compare_llama.py --model SmolLM2.gguf [--large TinyLlama.gguf] [--work FOLDER]
"""

import argparse
import contextlib
import json
import os
import pathlib
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = ROOT / "build" / "release" / "bin"
PEER = "node-llama-cpp@3.22.1"
THREADS = "2"
ROUNDS = 3
SCHEMA = {"type": "object", "required": ["action", "target"], "additionalProperties": False,
          "properties": {"action": {"enum": ["start", "stop", "hold", "reset"]},
                         "target": {"enum": ["press-1", "press-2", "line", "none"]}}}
PREFIX = ("You read messages from a plant. Answer with the action that the operator wants and "
          "the machine it is for. If the message names no machine, the target is none.\n")
MESSAGES = ["please stop press 2 before the shift change, the guard is open and oil on the floor",
            "we can go on now, start the line again but slowly and watch the second conveyor belt",
            "press 1 shows an odd reading since this morning, hold it until somebody had a look"]


def run(*command, **options):
    done = subprocess.run([str(c) for c in command], text=True, stdout=subprocess.PIPE, **options)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]}: exit code {done.returncode}")
    return done.stdout


def build_peer(work):
    tools = work / "build" / "bin"
    if (tools / "llama-server").exists():
        return tools
    run("npm", "install", "--ignore-scripts", "--silent", "--prefix", work, PEER)
    bundle = work / "node_modules/node-llama-cpp/llama/gitRelease.bundle"
    source = work / "llama.cpp"
    if not source.exists():
        run("git", "clone", "--quiet", bundle, source)
    run("cmake", "-S", source, "-B", work / "build", "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
        "-DLLAMA_BUILD_TESTS=OFF", "-DLLAMA_BUILD_EXAMPLES=OFF", "-DLLAMA_USE_PREBUILT_UI=OFF",
        "-DLLAMA_OPENSSL=OFF", "-DGGML_NATIVE=ON")
    run("cmake", "--build", work / "build", "--target", "llama-bench", "llama-server")
    return tools


class MemoryCgroup:
    """A limit for the processes started in it, page cache counted, no swap."""

    def __init__(self, limit_bytes):
        v1 = pathlib.Path("/sys/fs/cgroup/memory")
        self.v2 = not v1.exists()
        parent = pathlib.Path("/sys/fs/cgroup") if self.v2 else v1
        self.folder = parent / f"picolm-bench-{os.getpid()}"
        self.limit_bytes = limit_bytes

    def __enter__(self):
        self.folder.mkdir()
        if self.v2:
            (self.folder / "memory.swap.max").write_text("0")
            (self.folder / "memory.max").write_text(str(self.limit_bytes))
        else:
            (self.folder / "memory.limit_in_bytes").write_text(str(self.limit_bytes))
            with contextlib.suppress(OSError):
                (self.folder / "memory.memsw.limit_in_bytes").write_text(str(self.limit_bytes))
        return self

    def __exit__(self, *_):
        self.folder.rmdir()

    def join(self):
        (self.folder / "cgroup.procs").write_text(str(os.getpid()))

    def peak_mib(self):
        name = "memory.peak" if self.v2 else "memory.max_usage_in_bytes"
        return int((self.folder / name).read_text()) / 2**20


def drop_from_cache(path):
    """Pages are charged to whoever touched them first: a peer would run at memory speed."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    resident = run("fincore", "--bytes", "--noheadings", "--output", "PAGES", path).strip()
    if resident != "0":
        raise SystemExit(f"{path}: {resident} pages still in the page cache")


def ours(model, *options, group=None):
    if group:
        drop_from_cache(model)
    return json.loads(run(BIN / "picolm", "bench", "-m", model, "--json", "--threads", THREADS,
                          *options, preexec_fn=group.join if group else None))


def theirs(tools, model):
    rows = json.loads(run(tools / "llama-bench", "-m", model, "-t", THREADS, "-p", 64, "-n", 32,
                          "-r", 5, "-o", "json", stderr=subprocess.DEVNULL))
    return {("prefill_tps" if row["n_prompt"] else "decode_tps"): row["avg_ts"] for row in rows}


def post(port, path, body, timeout):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return json.load(answer)


def server_seconds(tools, model, group=None):
    """Median seconds of a JSON decision by llama-server with its prompt's beginning cached."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([tools / "llama-server", "-m", model, "-t", THREADS, "-c", "512",
                               "-np", "1", "--host", "127.0.0.1", "--port", str(port)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              preexec_fn=group.join if group else None)
    try:
        deadline = time.monotonic() + 300
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=30).close()
                break
            except OSError:
                if server.poll() is not None:
                    return None  # killed: the limit was too small for it
                if time.monotonic() > deadline:
                    raise
                with contextlib.suppress(subprocess.TimeoutExpired):
                    server.wait(0.2)
        seconds = []
        for message in MESSAGES[:1] + MESSAGES:
            start = time.monotonic()
            answer = post(port, "/completion", {"prompt": PREFIX + message + "\n", "n_predict": 48,
                                                "temperature": 0, "cache_prompt": True,
                                                "json_schema": SCHEMA}, 600)
            json.loads(answer["content"])
            seconds.append(time.monotonic() - start)
        return statistics.median(seconds[1:])
    finally:
        server.terminate()
        server.wait()


class Table:
    def __init__(self):
        self.rows = []

    def add(self, figure, value, must):
        self.rows.append(f"| {figure} | {value} | {must} |")
        print(self.rows[-1], flush=True)


def in_turns(tools, model, name, must_prefill, must_decode_share, table):
    rounds = [(ours(model), theirs(tools, model)) for _ in range(ROUNDS)]
    median = statistics.median
    for key, must in (("prefill_tps", must_prefill), ("decode_tps", "1.1x")):
        ratio = median([mine[key] / other[key] for mine, other in rounds])
        mine, other = (median([pair[i][key] for pair in rounds]) for i in (0, 1))
        table.add(f"{name}: {key}", f"{ratio:.2f}x ({mine:.0f} to {other:.0f})", must)
    share = median([mine["decode_memory_share"] for mine, _ in rounds])
    table.add(f"{name}: decode, share of memory bandwidth", f"{share:.0%}", must_decode_share)
    share = median([mine["prefill_int8_share"] for mine, _ in rounds])
    table.add(f"{name}: prefill, share of int8 roof", f"{share:.0%}", "")
    return rounds


def decision_in_memory(rounds, tools, model, table):
    ratio = statistics.median([mine["decision_ms"] / (64_000 / other["prefill_tps"])
                               for mine, other in rounds])
    milliseconds = statistics.median([mine["decision_ms"] for mine, _ in rounds])
    table.add("decision of 15 + 20 tokens / their 64-token prefill",
              f"{ratio:.2f}x ({milliseconds:.0f} ms)", "0.40x")
    seconds = server_seconds(tools, model)
    table.add("their server's decision in memory", f"{1000 * seconds:.0f} ms", "")


def sweep_against_roof(found, arithmetic_s):
    disk_s = found["decision_bytes"] / (found["disk_mb_s"] * 1e6)
    return found["decision_ms"] / 1000 / max(disk_s, arithmetic_s)


def paged(tools, model, table):
    shape = ("--fresh", 40, "--nodes", 20)
    arithmetic_s = ours(model, *shape)["decision_ms"] / 1000
    hashes = set()
    for mib in (256, 192, 160, 128):
        with MemoryCgroup(mib << 20) as group:
            found = ours(model, "--memory", f"{mib}M", *shape, group=group)
            peak = group.peak_mib()
        hashes.add(found["output_hash"])
        roof = sweep_against_roof(found, arithmetic_s)
        table.add(f"{mib} MB: decision of 40 + 20 tokens",
                  f"{found['decision_ms'] / 1000:.2f} s, {roof:.2f}x the roof, peak {peak:.0f} MiB",
                  "1.10x" if mib == 256 else "never killed")
        read = found["decision_bytes"] / found["sweep_bytes"]
        table.add(f"{mib} MB: bytes a decision / bytes streamed", f"{read:.3f}", "1.02")
    table.add("outputs of all limits", "the same" if len(hashes) == 1 else "DIFFER", "the same")
    small = ("--fresh", 11, "--nodes", 20)  # eight of them fill a pass of 248 rows
    one_s = ours(model, *small)["decision_ms"] / 1000
    for rate in (None, 40):
        held = ("--read-mb-s", rate) if rate else ()
        with MemoryCgroup(256 << 20) as group:
            one = ours(model, "--memory", "256M", *small, *held, group=group)
        with MemoryCgroup(256 << 20) as group:
            eight = ours(model, "--memory", "256M", "--batch", 8, *small, *held, group=group)
        if rate:
            gain = eight["decisions_s"] / one["decisions_s"]
            table.add("256 MB, 40 MB/s: decisions a second, 8 / alone", f"{gain:.1f}x", "6x")
        else:
            roof = sweep_against_roof(eight, 8 * one_s)
            table.add("256 MB: batch of 8 / roof", f"{roof:.2f}x", "1.15x")
    with MemoryCgroup(256 << 20) as group:
        drop_from_cache(model)
        seconds = server_seconds(tools, model, group)
        mine = ours(model, "--memory", "256M", *shape)["decision_ms"] / 1000
    if seconds is None:
        table.add("their server in 256 MB", "killed", "")
    else:
        table.add("decision in 256 MB, their server / ours", f"{seconds / mine:.1f}x", "15x")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=pathlib.Path, required=True, help="SmolLM2-135M Q4_1")
    parser.add_argument("--large", type=pathlib.Path, help="TinyLlama-1.1B; made here if absent")
    parser.add_argument("--work", type=pathlib.Path, help="keeps what was built")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = arguments.work or pathlib.Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        tools = build_peer(work)
        large = arguments.large or work / "tinyllama.gguf"
        if not large.exists():
            run(BIN / "synth_model", "--shape", "tinyllama-1.1b", "--quant", "q4_k_m", large)
        table = Table()
        rounds = in_turns(tools, arguments.model, "SmolLM2", "1.5x", "50 %", table)
        decision_in_memory(rounds, tools, arguments.model, table)
        in_turns(tools, large, "TinyLlama shape", "1.15x", "70 %", table)
        paged(tools, large, table)


if __name__ == "__main__":
    main()
