"""Hostile files: what each takes at the door it is made for, and what is said of it. `python -m benchmarks.bombs`.

Each file is made by code and read in a process of its own, which may take 8 s of processor time and 3 GB. With
`--against FOLDER` the code in that folder (an earlier version, unpacked) is measured first, in the same way. Seconds are
processor time of the process and its children, so that a busy machine does not count; peak memory is that of the larger.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DOORS = ("import", "read", "parts", "watch", "upload", "import-upload")
CPU_S, MEMORY = 8, 3_000_000_000
TEXT = "A brass key that the archive lists as melted in 1911 opens the same door every night."


# ---- the files --------------------------------------------------------------------------------------------------------


def merge_keys() -> bytes:
    """Merge keys that double forty times."""
    lines = ["a0: &a0 {k: v}"] + [f"a{k}: &a{k}\n  <<: [*a{k - 1}, *a{k - 1}]" for k in range(1, 41)]
    return ("\n".join([*lines, f"concept: {TEXT}"]) + "\n").encode()


def alias_label() -> bytes:
    """A colour that is nine lists of nine aliases deep: harmless until somebody writes it into a message."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{k}: &a{k} [" + ", ".join([f"*a{k - 1}"] * 9) + "]" for k in range(1, 10)]
    return ("\n".join([*lines, f"concept: {TEXT}", "rainbow_color: *a9"]) + "\n").encode()


def deep_yaml() -> bytes:
    """Fifty thousand lists within each other."""
    return b"concept: " + b"[" * 50_000 + b"]" * 50_000 + b"\n"


def long_number() -> bytes:
    """A number of base 60 with two million places."""
    return b"concept: 1" + b":1" * 2_000_000 + b"\n"


def many_sections() -> bytes:
    """A song whose long concept would stand in each of fifty thousand sections."""
    return f"manifest_id: s\nconcept: |\n  {TEXT * 1000}\nstructure: [{'{}, ' * 50_000}{{}}]\n".encode()


def deep_json() -> bytes:
    """A concept that is nine hundred lists within each other, which Python reads and then cannot walk."""
    return b'[{"concept": ' + b"[" * 900 + b'"x"' + b"]" * 900 + b"}]"


def many_objects() -> bytes:
    """Four million objects in a few characters each."""
    return b"[" + b'{"a":{}},' * 4_000_000 + b'{"concept": "x"}]'


def wide_table() -> bytes:
    """A table of three million columns."""
    return b"concept," + b"a," * 3_000_000 + b"\n" + b"One text\n" * 1000


def shared_value() -> bytes:
    """One text of 40 MB to which 2,048 rows refer."""
    import pyarrow as pa

    words = pa.DictionaryArray.from_arrays(pa.array([0] * 2048, pa.int32()), pa.array(["A key. " * 6_000_000]))
    return _parquet(pa.table({"concept": words}))


def shared_beginning() -> bytes:
    """Three thousand texts of 1 MB, of which each but the first is written as "the same beginning"."""
    import pyarrow as pa

    texts = ["A key. " * 150_000] * 400
    return _parquet(
        pa.table({"concept": texts}), use_dictionary=False, column_encoding={"concept": "DELTA_BYTE_ARRAY"}, times=8
    )


def long_list() -> bytes:
    """A row whose list of descriptions has thirty million places."""
    import numpy as np
    import pyarrow as pa

    values = pa.array(np.zeros(30_000_000, np.int8))
    lists = pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)
    return _parquet(pa.table({"concept": [TEXT], "descriptions": lists}))


def many_rows() -> bytes:
    """Fifty million rows of nothing."""
    import pyarrow as pa

    return _parquet(pa.table({"concept": pa.nulls(50_000_000)}))


def tiny_lines() -> bytes:
    """Nearly four million lines of two letters."""
    return b"ab\n" * 3_900_000


def tiny_rows() -> bytes:
    """A table of nearly four million rows of two letters."""
    return b"text\n" + b"ab\n" * 3_900_000


def empty_objects() -> bytes:
    """Just under 1.2 million objects without a field."""
    return b"[" + b"{}," * 1_190_000 + b"{}]"


def many_numbers() -> bytes:
    """Nearly eight million numbers in the place of records."""
    return b"[" + b"1," * 7_900_000 + b"1]"


def distinct_keys() -> bytes:
    """Four hundred thousand records, each with a field of its own."""
    return b"".join(b'{"k%d":1,"text":"a b"}\n' % k for k in range(400_000))


def long_among_short() -> bytes:
    """Ten texts of 3 MB in the dictionary of four thousand short ones."""
    import pyarrow as pa

    return _parquet(pa.table({"concept": [f"{'A key. ' * 430_000}{k}" for k in range(10)] + ["a key"] * 4_000}))


def long_texts() -> bytes:
    """Two thousand different texts of 90,000 characters."""
    import pyarrow as pa

    texts = [f"{k} {'A key ' * 15_000}" for k in range(2000)]
    return _parquet(pa.table({"concept": texts}), use_dictionary=False, rows=200)


def empty_texts() -> bytes:
    """Four million empty texts."""
    import pyarrow as pa

    return _parquet(pa.table({"concept": [""] * 4_000_000}))


def wide_parquet() -> bytes:
    """A table of eight thousand columns in fourteen row groups."""
    import pyarrow as pa

    columns = {**{f"c{k}": pa.array([1], pa.int8()) for k in range(8_000)}, "concept": pa.array([TEXT])}
    return _parquet(pa.table(columns), times=14, write_statistics=False, compression="none")


def many_groups() -> bytes:
    """Twenty thousand row groups of one row."""
    import pyarrow as pa

    return _parquet(pa.table({"concept": [TEXT]}), times=20_000, write_statistics=False)


def many_ones() -> bytes:
    """Nearly a million texts that are the number one."""
    import pyarrow as pa

    return _parquet(pa.table({"concept": pa.array([1] * 950_000, pa.int64())}), compression="zstd")


def many_tables() -> bytes:
    """An archive of twelve tables of a quarter million equal rows, each too small on its own to be looked at."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for number in range(12):
            archive.writestr(f"a{number}.csv", "text\n" + "a b\n" * 250_000)
    return held.getvalue()


def combining_marks() -> bytes:
    """A letter under ninety thousand combining marks, which take the square of their number to be put in order."""
    return ("a" + "\u0301\u0323" * 45_000).encode()


def many_entries() -> bytes:
    """An archive that names three hundred thousand empty files."""
    return _archive(b"", entries=300_000)


def shared_bytes() -> bytes:
    """An archive of four hundred files of 1 MiB, all in the same bytes."""
    return _archive((TEXT + "\n\n").encode() * 12_000, entries=400)


def song_of_stamps() -> bytes:
    """A song whose lyrics are four hundred thousand times on one line."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("song.yml", f"manifest_id: s\nconcept: {TEXT}\n")
        archive.writestr("song.lrc", "[00:01.00]" * 400_000 + "words\n")
    return out.getvalue()


def _parquet(table: Any, *, times: int = 1, rows: int | None = None, **how: Any) -> bytes:
    import pyarrow.parquet as pq

    out = io.BytesIO()
    with pq.ParquetWriter(out, table.schema, **{"compression": "zstd", **how}) as writer:
        for _ in range(times):
            writer.write_table(table, row_group_size=rows)
    return out.getvalue()


def _archive(data: bytes, *, entries: int) -> bytes:
    """A ZIP whose entries all point at one file's bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(data) + packer.flush()
    fields = (20, 0, 8, 0, 0x21, zlib.crc32(data), len(packed), len(data), 5, 0)
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", *fields) + b"a.txt" + packed
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, *fields, 0, 0, 0, 0, 0) + b"a.txt"
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, entries & 0xFFFF, entries & 0xFFFF, len(entry) * entries, len(local), 0)
    return local + entry * entries + end


@dataclass(frozen=True, slots=True)
class Bomb:
    """A file: its name, how it is made, the door that it was made for, and where it does no harm and is read.

    `streamed` are the doors at which any number of rows may come, one by one: the time that they take is no bound.
    """

    name: str
    make: Callable[[], bytes]
    door: str = "read"
    harmless: tuple[str, ...] = ()
    streamed: tuple[str, ...] = ()

    @property
    def doors(self) -> tuple[str, ...]:
        """The doors at which the file is refused, or does no harm, in bounded time and memory."""
        return tuple(door for door in DOORS if door not in self.streamed)


_PARTS = ("parts",)
_CONCEPT_DOORS = ("read", "parts", "watch", "upload")
BOMBS = (
    Bomb("merge.yml", merge_keys, "watch"),
    Bomb("membomb.parquet", shared_value, "parts"),
    Bomb("alias-label.yml", alias_label, "import"),
    Bomb("deep.yml", deep_yaml, "watch"),
    Bomb("number.yml", long_number, "upload"),
    Bomb("sections.yml", many_sections, "import", _CONCEPT_DOORS),
    Bomb("deep.json", deep_json, "upload"),
    Bomb("objects.json", many_objects, "import"),
    Bomb("wide.csv", wide_table, "read"),
    Bomb("beginnings.parquet", shared_beginning, "parts"),
    Bomb("list.parquet", long_list, "import"),
    Bomb("rows.parquet", many_rows, "parts"),
    Bomb("lines.txt", tiny_lines, "import", streamed=_PARTS),
    Bomb("rows.csv", tiny_rows, "import", streamed=_PARTS),
    Bomb("empty.json", empty_objects, "import", streamed=_PARTS),
    Bomb("numbers.json", many_numbers, "import", streamed=_PARTS),
    Bomb("keys.jsonl", distinct_keys, "import", ("watch",)),
    Bomb("among.parquet", long_among_short, "import", DOORS),
    Bomb("texts.parquet", long_texts, "import", streamed=_PARTS),
    Bomb("empty.parquet", empty_texts, "import", streamed=_PARTS),
    Bomb("columns.parquet", wide_parquet, "import"),
    Bomb("groups.parquet", many_groups, "read"),
    Bomb("marks.txt", combining_marks, "read", DOORS),
    Bomb("entries.zip", many_entries, "upload"),
    Bomb("ones.parquet", many_ones, "import"),
    Bomb("tables.zip", many_tables, "import"),
    Bomb("overlap.zip", shared_bytes, "import"),
    Bomb("stamps.zip", song_of_stamps, "import", _CONCEPT_DOORS),
)


# ---- the doors --------------------------------------------------------------------------------------------------------


def through(door: str, path: Path) -> str:
    """What is said of a file at a door: the error that refuses it, or "" where it was read."""
    from rebracket_core.errors import RebracketError

    try:
        return str(_ENTER[door](path))
    except RebracketError as error:
        return str(error)


def _by_import(path: Path) -> str:
    from rebracket_core.corpus import read_source

    return _skips(read_source(path)[1])


def _skips(report: Any) -> str:
    return "; ".join(f"{skip.where}: {skip.reason}" for skip in report.skipped[:1])


def _by_read(path: Path) -> str:
    from rebracket_core.corpus.sources import read_concepts

    return _first_error(read_concepts([path]).concepts)


def _by_parts(path: Path) -> str:
    from rebracket_core.corpus.sources import iter_concepts

    return _first_error(iter_concepts([path]))


def _first_error(concepts: Any) -> str:
    found = ""
    for concept in concepts:
        found = found or (f"{concept.source}: {concept.error}" if concept.error else "")
    return found


def _read_upload(name: str, data: bytes) -> Any:
    from rebracket_core.corpus.sources import read_concepts_apart

    return read_concepts_apart(name, data, max_text_chars=100_000)


def _by_upload(path: Path) -> str:
    return _first_error(_read_upload(path.name, path.read_bytes()).concepts)


def _by_watch(path: Path) -> str:
    from rebracket_core.reports import FIELDS
    from rebracket_core.scoring import Watch

    def validate(concepts: Any, **_: Any) -> list[Any]:
        empty = dict.fromkeys(FIELDS)
        return [SimpleNamespace(to_dict=lambda c=c: {**empty, "error": c.error, "text": c.text}) for c in concepts]

    bench = SimpleNamespace(read_upload=_read_upload, validate=validate)
    (scored,) = Watch(bench, path.parent, settle_s=0.0).scan()  # type: ignore[arg-type]
    return f"{scored.path.name}: {scored.error}" if scored.error else ""


def _by_import_upload(path: Path) -> str:
    from rebracket_core.corpus.sources import read_rows_apart as read

    return _skips(read(path.name, path.read_bytes()).report)


_ENTER: dict[str, Callable[[Path], str]] = {
    "import": _by_import,
    "read": _by_read,
    "parts": _by_parts,
    "watch": _by_watch,
    "upload": _by_upload,
    "import-upload": _by_import_upload,
}


# ---- measuring --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Passed:
    """What one file took at one door: processor seconds, MB at the peak, and what was said; `end` names an early end."""

    seconds: float
    peak_mb: float
    message: str
    end: str = ""

    def row(self) -> str:
        """The figures as the table shows them."""
        return self.end or f"{self.seconds:.1f} s, {self.peak_mb:.0f} MB"


def measure(path: Path, doors: Sequence[str], *, root: Path = ROOT, wall_s: float = 240.0) -> list[Passed]:
    """What the file takes at each door with the code below `root`, in one process with limits; the peak is that so far."""
    code = [sys.executable, str(Path(__file__).resolve()), "--one", str(path), "--doors", ",".join(doors)]
    env = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        limited = f'ulimit -v {MEMORY // 1000}; ulimit -t {CPU_S * len(doors)}; exec "$@"'
        done = subprocess.run(
            ["bash", "-c", limited, "-", *code], env=env, capture_output=True, text=True, timeout=wall_s, cwd=path.parent.parent
        )
    except subprocess.TimeoutExpired:
        return [Passed(0.0, 0.0, "", f"> {wall_s:g} s")] * len(doors)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [""])[-1][:60]
        by_signal = {137: f"> {CPU_S} s", -9: f"> {CPU_S} s", -24: f"> {CPU_S} s", 139: "crashes", -11: "crashes"}
        memory = "MemoryError" in done.stderr or "bad_alloc" in done.stderr or "malloc" in done.stderr or done.returncode == -6
        return [Passed(0.0, 0.0, last, by_signal.get(done.returncode, "> 3 GB" if memory else f"fails: {last}"))] * len(doors)
    return [_passed(json.loads(line)) for line in done.stdout.strip().splitlines()[-len(doors) :]]


def _passed(found: dict[str, Any]) -> Passed:
    full = "memory" in found["said"].lower() or "malloc" in found["said"].lower()
    return Passed(found["seconds"], found["peak"], found["said"], "> 3 GB" if full else "")


def _one(path: Path, doors: Sequence[str]) -> None:
    """Print what the file takes at each door, a line of JSON for each."""
    import pandas  # noqa: F401 - what every door loads is not counted to the file
    import pyarrow.parquet  # noqa: F401

    import rebracket_core.corpus
    import rebracket_core.corpus.sources.reading  # noqa: F401

    for door in doors:
        print(json.dumps(_take(path, door)), flush=True)


def _take(path: Path, door: str) -> dict[str, Any]:
    import resource

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.process_time() + before.ru_utime + before.ru_stime
    message = through(door, path)
    try:
        from rebracket_core.corpus.sources import close_children

        close_children()
    except ImportError:
        pass
    inner = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = time.process_time() - start + inner.ru_utime + inner.ru_stime
    # Not ru_maxrss, which begins with what the process had that started this one.
    own = next(line for line in Path("/proc/self/status").read_text("ascii").splitlines() if line.startswith("VmHWM"))
    peak = max(int(own.split()[1]), inner.ru_maxrss) / 1024
    return {"seconds": seconds, "peak": peak, "said": message[:600]}


def write(bomb: Bomb, folder: Path) -> Path:
    """The file, made anew in a folder of its own."""
    place = folder / bomb.name.replace(".", "-")
    place.mkdir()
    (place / bomb.name).write_bytes(bomb.make())
    return place / bomb.name


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, help="a folder with an earlier version of the code")
    parser.add_argument("--only", help="the names of some files, with commas between")
    parser.add_argument("--one", type=Path)
    parser.add_argument("--doors", default=",".join(DOORS))
    options = parser.parse_args()
    if options.one:
        _one(options.one, options.doors.split(","))
        return
    print("| file | bytes | what it is | door | before | now | what is said |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as room:
        for bomb in BOMBS:
            if options.only and bomb.name not in options.only.split(","):
                continue
            path = write(bomb, Path(room))
            before = measure(path, [bomb.door], root=options.against)[0].row() if options.against else ""
            for left in path.parent.glob("*.verdict.json"):
                left.unlink()
            (now,) = measure(path, [bomb.door])
            message = now.message.replace("|", "\\|").replace(str(path.parent), "").lstrip("/")
            what = (bomb.make.__doc__ or "").rstrip(".")
            figures = f"{path.stat().st_size:,} | {what} | {bomb.door} | {before} | {now.row()}"
            print(f"| `{bomb.name}` | {figures} | {message[:160]} |", flush=True)


if __name__ == "__main__":
    main()
