"""Files that are not what they should be: over three hundred of them, each made from a seed, none of them sound."""

import gzip
import io
import json
import random
from collections.abc import Callable, Iterator

import pyarrow
from pyarrow import parquet

Made = Iterator[tuple[str, bytes]]
PAIR = {"prompt": "How long does it take?", "completion": "One day."}
CHAT = {"messages": [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Hi."}]}
SEED = 20261126


def jsonl(*rows: object) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def packed_table(rows: list[dict[str, object]]) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows), sink)
    return sink.getvalue()


def malformed() -> Made:
    """(name, bytes) of every file. Names of one family begin alike."""
    for family in FAMILIES:
        draw = random.Random(f"{SEED}:{family.__name__}")  # noqa: S311 - the same files at each run, no secret
        yield from family(draw)


def wrong_extension(draw: random.Random) -> Made:
    heads = {
        "pdf": b"%PDF-1.7\n", "zip": b"PK\x03\x04", "zst": b"\x28\xb5\x2f\xfd", "bz2": b"BZh9", "xz": b"\xfd7zXZ\x00",
        "7z": b"7z\xbc\xaf\x27\x1c", "pickle": b"\x80\x04\x95", "sqlite": b"SQLite format 3\x00",
        "png": b"\x89PNG\r\n\x1a\n\x00", "elf": b"\x7fELF\x02\x01\x01\x00", "arrow": b"ARROW1\x00\x00",
        "utf16": b"\xff\xfe{\x00", "utf32": b"\x00\x00\xfe\xff",
    }  # fmt: skip
    for what, head in heads.items():
        for ending in ("jsonl", "json", "csv"):
            yield f"wrong-extension-{what}.{ending}", head + draw.randbytes(draw.randrange(20, 4000))


def broken_utf8(draw: random.Random) -> Made:
    for number in range(24):
        rows = bytearray(jsonl(*[PAIR] * 8))
        place = draw.randrange(12, len(rows) - 3)
        while rows[place] in b'"\n{}:,\\':
            place += 1
        rows[place] = draw.choice([0xFF, 0xC3, 0xE9, 0x80, 0xF8])
        yield f"broken-utf8-{number}.{draw.choice(['jsonl', 'json'])}", bytes(rows)
    for number in range(8):
        yield f"broken-utf8-{number}.csv", b"prompt,completion\na,b\nc\xff,d\n" + b"e,f\n" * number


def nul(draw: random.Random) -> Made:
    for number in range(12):
        rows = jsonl(*[PAIR] * 5)
        place = draw.randrange(2, len(rows) - 2)
        yield f"nul-{number}.jsonl", rows[:place] + b"\0" + rows[place:]
    for field in ("prompt", "completion"):
        yield f"nul-escaped-{field}.jsonl", jsonl(PAIR, PAIR | {field: "a\0b"})
    yield "nul-only.txt", b"\0" * 4000
    yield "nul-table.csv", b"prompt,completion\na\0,b\n"


def no_numbers(draw: random.Random) -> Made:
    for word in ("NaN", "Infinity", "-Infinity", "1e999", "-1e400", "9" * 60, "0x10", "01", "+1", ".5", "1."):
        row = json.dumps(PAIR)[:-1] + f', "score": {word}}}\n'
        yield f"number-{word[:9]}.jsonl", jsonl(PAIR) * draw.randrange(1, 9) + row.encode()
        yield f"number-{word[:9]}.json", f"[{json.dumps(PAIR)}, {row.strip()}]".encode()
    yield "number-nan.parquet", packed_table([{**PAIR, "score": 1.0}, {**PAIR, "score": float("nan")}])


def deep(draw: random.Random) -> Made:
    for depth in (33, 60, 200, 1_000, 5_000, 200_000):
        inner = "[" * depth + "]" * depth
        objects = '{"a":' * depth + "1" + "}" * depth
        for what, value in (("lists", inner), ("objects", objects)):
            row = json.dumps(PAIR)[:-1] + f', "deep": {value}}}'
            yield f"deep-{what}-{depth}.jsonl", row.encode() + b"\n"
            yield f"deep-{what}-{depth}.json", f"[{row}]".encode()


def long_lines(draw: random.Random) -> Made:
    for megabytes in (9, 20, 100):
        filler = b"x" * (megabytes << 20)
        yield f"long-{megabytes}.jsonl", b'{"prompt": "' + filler + b'", "completion": "b"}\n'
        yield f"long-{megabytes}.json", b'[{"prompt": "' + filler + b'", "completion": "b"}]'
        yield f"long-{megabytes}.csv", b"prompt,completion\n" + filler + b",b\n"
        yield f"long-{megabytes}.txt", filler
        yield f"long-{megabytes}.jsonl.gz", gzip.compress(b'{"prompt": "' + filler + b'"}\n', 1)


def bombs(draw: random.Random) -> Made:
    row = jsonl({"prompt": "a" * 200, "completion": "b"})
    for megabytes in (64, 200, 400):
        yield f"bomb-rows-{megabytes}.jsonl.gz", gzip.compress(row * ((megabytes << 20) // len(row)), 9)
    inner = gzip.compress(b"a" * (32 << 20))
    yield "bomb-nested.jsonl.gz", gzip.compress(inner)
    yield "bomb-blank.csv.gz", gzip.compress(b"\n" * (64 << 20))


def cut(draw: random.Random) -> Made:
    whole = {
        "jsonl": jsonl(*[PAIR] * 40), "json": json.dumps([PAIR] * 40).encode(),
        "jsonl.gz": gzip.compress(jsonl(*[{**PAIR, "n": draw.random()} for _ in range(400)])),
        "parquet": packed_table([PAIR] * 400),
    }  # fmt: skip
    for ending, data in whole.items():
        for number in range(10):
            end = draw.randrange(20, len(data) - 12)
            if ending == "jsonl" and data[:end].endswith((b"}", b"}\n")):
                end -= 3
            yield f"cut-{number}.{ending}", data[:end]


def flipped(draw: random.Random) -> Made:
    packed = gzip.compress(jsonl(*[{**PAIR, "n": draw.random()} for _ in range(300)]))
    for number in range(12):
        data = bytearray(packed)
        data[draw.randrange(40, len(data) - 8)] ^= 0xFF
        yield f"flipped-{number}.jsonl.gz", bytes(data)
    table = packed_table([{**PAIR, "n": n} for n in range(400)])
    for number in range(8):
        data = bytearray(table)
        start = len(data) - draw.randrange(9, 200)  # in the footer, which is read first
        data[start - 4 : start] = draw.randbytes(4)
        data[-8:-4] = (0x7FFFFFFF).to_bytes(4, "little") if number % 2 else data[-8:-4]
        yield f"flipped-{number}.parquet", bytes(data[: start + 4]) if number % 3 == 0 else bytes(data)[:-9]


def twins(draw: random.Random) -> Made:
    for number in range(8):
        colon = draw.choice([":", " :", ": ", "\t:"])
        row = f'{{"prompt"{colon}"a","completion"{colon}"b","prompt"{colon}"{number}"}}'
        yield f"twins-{number}.jsonl", jsonl(PAIR) + row.encode() + b"\n"
        yield f"twins-{number}.json", f"[{row}]".encode()
    yield "twins-inside.jsonl", b'{"messages": [{"role": "user", "role": "assistant", "content": "x"}]}\n'
    yield "twins-heading.csv", b"prompt,completion,prompt\na,b,c\n"


def wrong_types(draw: random.Random) -> Made:
    values: list[object] = [None, True, 3, 3.5, [], [1], {}, {"a": 1}, "", "   "]
    for index, value in enumerate(values):
        yield f"type-prompt-{index}.jsonl", jsonl(PAIR, PAIR | {"prompt": value})
        yield f"type-completion-{index}.jsonl", jsonl(PAIR | {"completion": value})
        yield f"type-messages-{index}.jsonl", jsonl(CHAT, {"messages": value})
        yield f"type-content-{index}.jsonl", jsonl({"messages": [{"role": "assistant", "content": value}]})
        if value not in ("", "   "):
            yield f"type-role-{index}.jsonl", jsonl({"messages": [{"role": value, "content": "x"}, *CHAT["messages"]]})
    for index, row in enumerate([None, True, 3, "text", [PAIR]]):
        yield f"type-row-{index}.jsonl", jsonl(PAIR) + json.dumps(row).encode() + b"\n"
        yield f"type-row-{index}.json", json.dumps([PAIR, row]).encode()


def mixed(draw: random.Random) -> Made:
    others: list[dict[str, object]] = [
        CHAT, {"text": "plain"}, {"conversations": [{"from": "human", "value": "x"}]},
        {"instruction": "a", "output": "b"}, {"chosen": "a", "rejected": "b", "prompt": "c"}, {"ask": "a"},
    ]  # fmt: skip
    for index, other in enumerate(others):
        yield f"mixed-{index}.jsonl", jsonl(PAIR, PAIR, other)
        yield f"mixed-{index}.json", json.dumps([PAIR, PAIR, PAIR, other]).encode()


def empty(draw: random.Random) -> Made:
    for ending in ("jsonl", "json", "csv", "tsv", "parquet", "txt", "jsonl.gz"):
        yield f"empty.{ending}", b""
    for ending, data in {"jsonl": b"\n\n \n", "json": b"[]", "csv": b"prompt,completion\n", "txt": b"\n\n"}.items():
        yield f"empty-rows.{ending}", data
        yield f"empty-rows.{ending}.gz", gzip.compress(data)
    yield "empty-bom.jsonl", b"\xef\xbb\xbf"
    yield "empty-rows.parquet", packed_table([PAIR])[:0]


def bad_tables(draw: random.Random) -> Made:
    for number in range(6):
        yield f"table-wide-{number}.csv", b"prompt,completion\n" + b"a,b\n" * number + b"a,b,c,d\n"
        yield f"table-narrow-{number}.tsv", b"prompt\tcompletion\n" + b"a\tb\n" * number + b"a\n"
        yield f"table-quote-{number}.csv", b"prompt,completion\n" + b"a,b\n" * number + b'"a,b\nc,d\n'
    yield "table-columns.csv", ",".join(f"c{n}" for n in range(5000)).encode() + b"\n"


FAMILIES: tuple[Callable[[random.Random], Made], ...] = (
    wrong_extension, broken_utf8, nul, no_numbers, deep, long_lines, bombs, cut, flipped, twins, wrong_types, mixed,
    empty, bad_tables,
)  # fmt: skip
