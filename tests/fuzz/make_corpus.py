#!/usr/bin/env python3
"""Writes the seed inputs under tests/fuzz/corpus: small, ours, one idea a file.

Inputs that a fuzzer or a user found are added to the same folders by hand, as `found-…`.
"""

import json
import pathlib
import struct

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"


def gguf_string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def gguf_value(kind, value):
    if kind == "string":
        return struct.pack("<I", 8) + gguf_string(value)
    if kind == "strings":
        head = struct.pack("<IIQ", 9, 8, len(value))
        return head + b"".join(gguf_string(item) for item in value)
    number, code = {"u8": (0, "B"), "u32": (4, "I"), "i32": (5, "i"), "f32": (6, "f"),
                    "bool": (7, "?"), "u64": (10, "Q")}[kind.removesuffix("s")]
    if kind.endswith("s"):
        head = struct.pack("<IIQ", 9, number, len(value))
        return head + struct.pack(f"<{len(value)}{code}", *value)
    return struct.pack("<I" + code, number, value)


def gguf(keys, tensors, version=3, alignment=32):
    """keys: (name, kind, value); tensors: (name, type number, dims, bytes)."""
    out = struct.pack("<4sIQQ", b"GGUF", version, len(tensors), len(keys))
    for name, kind, value in keys:
        out += gguf_string(name) + gguf_value(kind, value)
    data = b""
    for name, number, dims, content in tensors:
        data += b"\0" * (-len(data) % alignment)
        out += gguf_string(name) + struct.pack("<I", len(dims))
        out += struct.pack(f"<{len(dims)}QIQ", *dims, number, len(data))
        data += content
    return out + b"\0" * (-len(out) % alignment) + data


def llama_keys():
    sizes = {"block_count": 1, "embedding_length": 32, "feed_forward_length": 32,
             "context_length": 64, "attention.head_count": 2, "attention.head_count_kv": 1,
             "rope.dimension_count": 16}
    return [("general.architecture", "string", "llama"),
            *((f"llama.{name}", "u32", value) for name, value in sizes.items()),
            ("llama.attention.layer_norm_rms_epsilon", "f32", 1e-5)]


def spm_keys():
    tokens = ["<unk>", "<s>", "</s>", "<0x0A>", "\u2581", "a", "b", "ab", "\u2581ab"]
    kinds = [2, 3, 3, 6] + [1] * 5
    return [("tokenizer.ggml.model", "string", "llama"),
            ("tokenizer.ggml.tokens", "strings", tokens),
            ("tokenizer.ggml.scores", "f32s", [-float(i) for i in range(len(tokens))]),
            ("tokenizer.ggml.token_type", "i32s", kinds),
            ("tokenizer.ggml.bos_token_id", "u32", 1), ("tokenizer.ggml.eos_token_id", "u32", 2),
            ("tokenizer.ggml.unknown_token_id", "u32", 0)]


def bpe_keys():
    tokens = ["h", "e", "l", "o", "he", "ll", "hell", "hello", "\u0120", "<|im_start|>",
              "<|im_end|>"]
    return [("tokenizer.ggml.model", "string", "gpt2"), ("tokenizer.ggml.pre", "string", "smollm"),
            ("tokenizer.ggml.tokens", "strings", tokens),
            ("tokenizer.ggml.token_type", "i32s", [1] * 9 + [3] * 2),
            ("tokenizer.ggml.merges", "strings", ["h e", "l l", "he ll", "hell o"]),
            ("tokenizer.ggml.bos_token_id", "u32", 9), ("tokenizer.ggml.eos_token_id", "u32", 10),
            ("tokenizer.chat_template", "string", "{{ '<|im_start|>' }}")]


def gguf_seeds():
    ones = struct.pack("<32f", *[1.0] * 32)
    yield "empty", gguf([], [])
    yield "every-kind-of-value", gguf(
        [("a", "u8", 1), ("b", "i32", -1), ("c", "f32", 0.5), ("d", "bool", True),
         ("e", "u64", 2**40), ("f", "string", "x\u00e9"), ("g", "u32s", [1, 2, 3]),
         ("h", "strings", ["", "yes"]), ("i", "f32s", [])], [])
    yield "tensors", gguf(
        [("general.alignment", "u32", 64)],
        [("norm", 0, [32], ones), ("half", 1, [16, 2], bytes(64)), ("q8", 8, [32, 2], bytes(68)),
         ("q4k", 12, [256], bytes(144))], alignment=64)
    yield "version-2", gguf([("a", "u32", 1)], [("norm", 0, [32], ones)], version=2)
    yield "unread-type", gguf([], [("q2k", 10, [256], bytes(84))])
    yield "spm", gguf(llama_keys() + spm_keys(), [("token_embd.weight", 2, [32, 9], bytes(18 * 9))])
    yield "bpe", gguf(bpe_keys(), [])


def json_schema_seeds():
    command = {"type": "object", "additionalProperties": False, "required": ["action", "target"],
               "properties": {"action": {"enum": ["start", "stop"]}, "target": {"type": "string",
                              "minLength": 1, "maxLength": 8}, "n": {"type": ["integer"]}}}
    yield "shorthand", '{"status":["ok","error","warning"],"code":[1,null,true,2.5]}'
    yield "shorthand-nested", '{"pump":{"state":["on","off"]},"why":["heat","\u00e9\\n"]}'
    yield "command", json.dumps(command)
    yield "numbers", ('{"type":"object","properties":{"a":{"type":"integer","minimum":-3,'
                      '"maximum":1e3},"b":{"type":"number","exclusiveMinimum":0,"maximum":0.25}}}')
    yield "array", ('{"type":"array","items":{"type":"array","items":{"const":"x"},"maxItems":2},'
                    '"minItems":1,"maxItems":3}')
    yield "values", '{"enum":[{"a":[1,2.50,{"b":null}]},"\\u00e9\\ud83d\\ude00",-0.0,true]}'
    yield "refused", '{"type":"object","patternProperties":{"^a":{"type":"string"}}}'
    yield "string", '{"$schema":"x","title":"t","type":"string","minLength":2,"maxLength":5}'
    yield "deep", '{"type":"array","items":' * 10 + '{"type":"null"}' + "}" * 10


def payload_seeds():
    """Two bytes choose format and columns, one whether seven limits follow."""
    small = bytes([1, 200, 0, 3, 5, 9, 7, 20, 6])
    telemetry = b'{"t1":81.5,"ok":true,"tags":["a",null,"\\u00e9"],"pos":{"x":-1e3}}'
    yield "auto-object", bytes([0, 0, 0]) + telemetry
    yield "auto-number", bytes([0, 0, 0]) + b" -12.50e1 "
    yield "auto-text", bytes([0, 0, 0]) + "Presse 4 läuft heiß".encode()
    yield "json-small-limits", bytes([1, 0]) + small + telemetry
    yield "json-deep", bytes([1, 0, 0]) + b"[" * 15 + b"]" * 15
    yield "text", bytes([2, 0, 0]) + b"{not json"
    yield "number", bytes([3, 0, 0]) + b"1E400"
    yield "csv", bytes([4, 0, 0]) + b'1.5,"a ""b"", c",,x\r\n'
    yield "csv-comma", bytes([4, 0b1111, 0]) + b"1,5;2;\n"
    yield "csv-small-limits", bytes([4, 0b1000]) + small + b"1,22"


def topic_filter_seeds():
    yield "plant", ("plant/+/press/#\nplant/a/+/4/t\nplant/a/press/4/t\n"
                    "plant/{area}/press/{press}/#\nplant/{area}/p-{press}/x\nhall7")
    yield "share", "$share/g/a/+\n$share/g\na/b\n$share/g/{x}/b\n{x}/{y}\nab"
    yield "dollar", "#\n$SYS/#\n$SYS/broker\n+/{a}\n{a}\n$S"
    yield "empty-levels", "/+//\n+/+/+/+\n//x/\n/{a}//\n/{a}/{b}/\n///"
    yield "parents", "a/b/#\na/b\na/b\na/{n}/#\na{n}b{m}/c\n+#/"
    yield "wrong", b"a/#/b\na+/b\na/\xff\n{a}/{a}\n{1}\nx"


def tokenizer_seeds():
    """One byte each: vocabulary, position, cut."""
    texts = {"words": "Turn on machine A, it's 7 o'clock.", "space": "  a \n\n\t b\r\n ",
             "special": "<|im_end|>\n<|im_start|>system</s><s>[INST]<0x0A>",
             "unicode": "Größe \u4f60\u597d \U0001f680\u0301 \u2581 \u00a0\u0665\u00bd",
             "numbers": "1234567.890 -12e5 0x1F", "json": '{"t1":812,"ok":true}'}
    for number, (name, text) in enumerate(texts.items()):
        for kind in (0, 1 + number % 5):
            yield f"{name}-{kind}", bytes([kind, number, 5 + number]) + text.encode()
    yield "broken-utf8", bytes([0, 1, 3]) + b"a\xff\xe2\x96b\xc3 \xf0\x9f\x9a"


def config_seeds():
    route = {"name": "press", "subscribe": "plant/{area}/press/{press}/t", "payload": "json",
             "fields": [{"name": "oil", "from": "/t1", "scale": 0.1, "unit": "C", "min": -40,
                         "max": 150}],
             "schema": {"status": ["ok", "error"], "target": ["a", "b"]},
             "bind": {"target": "{press}"}, "publish": "plant/{area}/press/{press}/d"}
    base = {"agent_id": "a1", "broker": {"uri": "mqtt://127.0.0.1:1883"},
            "model": {"path": "m.gguf"}, "routes": [route]}
    yield "telemetry", json.dumps(base)
    command = dict(route, name="cmd", payload="text", qos=1, min_confidence=0.5, retained="ignore",
                   fallback={"status": "ok", "target": "a"}, max_age_s=30, id="/seq",
                   examples=[{"payload": "stop", "expected": {"status": "ok", "target": "b"}}],
                   time={"pointer": "/ts", "format": "ms"}, envelope="full", instructions="Decide.")
    command["class"] = "command"
    del command["fields"], command["bind"]
    full = dict(base, topic_root="p", state_dir="s", routes=[route, command])
    full["broker"] = {"uri": "mqtts://h:8883", "keep_alive_s": 5, "reply_to": ["r/#"]}
    full["model"] = {"path": "m.gguf", "memory": "256M", "threads": 2, "sha256": "0" * 64}
    yield "two-routes", "// a comment\n" + json.dumps(full)
    full["broker"]["uri"] = "mqtt://h"
    yield "two-routes-plain", json.dumps(full)
    csv = dict(route, payload="csv",
               csv={"separator": ";", "decimal": ",", "columns": ["t1", "b"]})
    yield "csv", json.dumps(dict(base, routes=[csv]))
    yield "unknown-key", json.dumps(dict(base, broker={"url": "mqtt://h"}))
    yield "unbuilt-key", json.dumps(dict(base, routes=[dict(route, deadline_ms=5)]))


def kernels_seeds():
    """Bytes: type, blocks, outputs, rows, gap, tame; then weights and activations."""
    for kind in range(11):
        for tame in (0, 1):
            head = bytes([kind, 3 + 5 * kind, 1 + kind % 5, kind % 8, kind % 4, tame])
            body = bytes((37 * i + 11 * kind) % 256 for i in range(96))
            yield f"type-{kind}-{'tame' if tame else 'wild'}", head + body
    special = struct.pack("<8f", float("inf"), float("nan"), -0.0, 1e-45, 3.4e38, 1.0, -2.5, 4e-38)
    yield "special", bytes([8, 4, 3, 2, 0, 0]) + bytes(32) + special


def matcher_seeds():
    """Bytes: the schema from the root down, pieces of vocabulary, the budget, then the walk."""
    walk = bytes((7 * i * i + 13) % 251 for i in range(60))
    leaves = {"boolean": [0, 0], "null": [0, 1], "enum": [0, 2, 3, 12, 0, 1, 120, 0, 0, 7, 0, 1],
              "integer": [0, 3, 0xf0, 3, 200, 0], "number": [0, 4, 130, 1, 0, 1, 3, 1],
              "string": [0, 5, 2, 40]}
    tail = bytes([2, 3]) + b'a":"' + bytes([1]) + b"tr" + bytes([0, 60, 0])
    for name, leaf in leaves.items():
        yield name, bytes(leaf) + tail + walk
    yield "array", bytes([2, 1, 2] + leaves["integer"]) + tail + walk
    members = []
    for index, leaf in enumerate(leaves.values()):
        members += [index % 3, index % 2, index % 2, *leaf]
    yield "object", bytes([3, 3] + members) + tail + walk
    yield "wrong-token", bytes(leaves["string"]) + tail + bytes([1, 2, 255, 3])


def main():
    seeds = {"gguf": gguf_seeds, "json_schema": json_schema_seeds, "payload": payload_seeds,
             "topic_filter": topic_filter_seeds, "tokenizer": tokenizer_seeds,
             "config": config_seeds, "kernels": kernels_seeds, "matcher": matcher_seeds}
    for target, make in seeds.items():
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in make():
            data = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
