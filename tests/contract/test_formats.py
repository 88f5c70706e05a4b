"""What every format keeps: it is told by its content, it goes through both sinks, and every door finds the same records."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st
from typer.testing import CliRunner

from rebracket_core.cli.program import program
from rebracket_core.corpus import COLUMNS, Limits, read_not_concepts, read_source, read_upload
from rebracket_core.corpus.readers.columns import Hints
from rebracket_core.corpus.schema import Skip
from rebracket_core.corpus.sources.base import Format, Record
from rebracket_core.corpus.sources.files import Entry, source_of_path
from rebracket_core.corpus.sources.formats import FORMATS, file_types, known_suffixes
from rebracket_core.corpus.sources.reading import format_of, iter_concepts, read_concepts, read_concepts_upload, records_of
from rebracket_core.corpus.sources.stream import Head, Reading
from rebracket_core.errors import ConfigError, DataError, InputError
from rebracket_core.registry import Registry
from rebracket_core.reports.verdict_writers import FIELDS
from rebracket_core.scoring.watch import Watch, verdict_file
from tests.conftest import copy_home, open_home
from tests.support.made_up import Bells

ONE, TWO, THREE = "A bell without a rope.", "A key that fits no door.", "A ledger of lost tides."


@dataclass(frozen=True, slots=True)
class Case:
    """A file of a format: its name, its content, and the texts of its records."""

    name: str
    content: bytes
    texts: tuple[str, ...]


def arrow(**columns: list[Any]) -> bytes:
    table, sink = pa.table(columns), pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def parquet(**columns: list[Any]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def archive(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return out.getvalue()


SONG = (
    f"manifest_id: s1\nrainbow_color: R\nconcept: {ONE}\nstructure:\n- {{start_time: '[00:01.000]', description: a}}\n".encode()
)
LYRICS = b"[ti: x]\n[00:01.00]\nwords\n[00:02.00] more words\n"
CASES = {
    "manifest": Case("s1.yml", SONG, (ONE,)),
    "proposal": Case("p.yml", f"concept: {ONE}\nrainbow_color: Red\n".encode(), (ONE,)),
    "starter": Case("g.yaml", f"group: g\nconcepts:\n- {{id: a, text: '{ONE}'}}\n- {TWO}\n".encode(), (ONE, TWO)),
    "not_concepts": Case("n.yaml", f"category: chat\ntexts:\n- {ONE}\n- {{id: b, text: '{TWO}'}}\n".encode(), (ONE, TWO)),
    "yaml": Case("l.yml", f"- {ONE}\n- {{concept: '{TWO}', album: red}}\n".encode(), (ONE, TWO)),
    "json": Case("a.json", json.dumps([{"concept": ONE, "album": "Red"}, TWO]).encode(), (ONE, TWO)),
    "jsonl": Case("a.jsonl", f'{{"text": "{ONE}", "album": "Red"}}\n\n"{TWO}"\n'.encode(), (ONE, TWO)),
    "csv": Case("a.csv", f"concept;album\n{ONE};Red\n{TWO};\n".encode(), (ONE, TWO)),
    "arrow": Case("a.arrow", arrow(concept=[ONE, TWO], rainbow_color=["Red", None], other=[1, 2]), (ONE, TWO)),
    "parquet": Case("a.parquet", parquet(concept=[ONE, TWO], rainbow_color=["Red", None], other=[1, 2]), (ONE, TWO)),
    "plain": Case("a.txt", f"{ONE}\n\n{TWO}\n".encode(), (ONE, TWO)),
    "lrc": Case("a.lrc", LYRICS, ()),
    "about": Case("README.md", b"# About these\n", ()),
    "lines": Case("-", f"{ONE}\n{TWO}\n".encode(), (ONE, TWO)),
}
FILES = {name: case for name, case in CASES.items() if name != "lines"}
MIXED = {
    "readme.yml": f"concept: {ONE}\n".encode(),
    "table.md": f"concept,album\n{ONE},Red\n{TWO},Blue\n".encode(),
    "b.txt": THREE.encode(),
}


def test_each_format_has_its_case_and_describes_itself() -> None:
    assert set(CASES) == set(FORMATS.names)
    for format_ in FORMATS:
        assert format_.label and format_.help.endswith(".")
        assert all(suffix == suffix.casefold() and suffix.startswith(".") for suffix in format_.suffixes)
    assert {".csv", ".md"} <= known_suffixes() and ".lrc" not in known_suffixes()
    assert {"zip", "parquet", "yml"} <= set(file_types())


def records(path: Path) -> list[Record | Skip]:
    reading = Reading(source_of_path(path, limits=Limits()), Limits(), Hints(), lambda note: None)
    return [found for _, found in records_of(reading)]


@pytest.mark.parametrize("kind", FILES)
def test_content_tells_the_format(kind: str, tmp_path: Path) -> None:
    many = kind == "about"
    for suffix in {Path(FILES[kind].name).suffix, *(() if kind in ("yaml", "about") else ("",))}:
        path = tmp_path / f"{Path(FILES[kind].name).stem}{suffix}"
        path.write_bytes(FILES[kind].content)
        reading = Reading(source_of_path(tmp_path if many else path, limits=Limits()), Limits(), Hints(), print)
        assert format_of(Head(Entry(path.name, path=path), reading=reading)).name == kind


@pytest.mark.parametrize("kind", FILES)
def test_records_go_through_both_sinks(kind: str, tmp_path: Path) -> None:
    case, folder = FILES[kind], tmp_path / "given"
    folder.mkdir()
    (folder / case.name).write_bytes(case.content)
    found = [record for record in records(folder) if isinstance(record, Record)]
    assert tuple(str(record.text) for record in found) == case.texts
    assert all(record.where.startswith(case.name) for record in found)
    concepts = read_concepts([folder]).concepts
    assert tuple(concept.text for concept in concepts) == case.texts and all(c.error is None for c in concepts)
    if not case.texts:
        assert len(read_concepts([folder]).report.skipped) == 1
        with pytest.raises(DataError, match="Nothing could be read"):
            read_source(folder)
        return
    frame, report = read_not_concepts(folder) if kind == "not_concepts" else read_source(folder)
    marks = ["hard"] if kind == "not_concepts" else []
    assert list(frame.columns) == [*COLUMNS, *marks] and not report.skipped
    assert tuple(frame["concept"]) == case.texts and frame["row_id"].is_unique
    labelled = {c.text: c.expected_album for c in concepts}
    assert all(labelled[text] == album for text, album in zip(frame["concept"], frame["album"], strict=True))


# ---- every door -------------------------------------------------------------------------------------------------------


def by_import(path: Path) -> int:
    """How many records a data set is offered: rows and skips, a song's sections as one."""
    try:
        frame, report = read_source(path)
    except DataError:
        return 0
    rows = len(set(frame["group_id"][frame["origin"] == "songs"])) + int((frame["origin"] != "songs").sum())
    return rows + sum(":" in skip.where for skip in report.skipped)


def by_watch(path: Path) -> int:
    def validate(concepts: Any, **_: Any) -> list[Any]:
        return [SimpleNamespace(to_dict=lambda c=c: {**dict.fromkeys(FIELDS), "error": c.error}) for c in concepts]

    scorer = SimpleNamespace(read_upload=read_concepts_upload, validate=validate)
    target = path.parent / "watched"
    target.mkdir(exist_ok=True)
    (target / path.name).write_bytes(path.read_bytes())
    Watch(scorer, target, settle_s=0.0).scan()  # type: ignore[arg-type]
    told = json.loads(verdict_file(target / path.name).read_text("utf-8"))
    return int(told["n"])


def at_each_door(path: Path) -> dict[str, int]:
    """The number of records at each door; a file that holds none counts as one at those that name failures."""
    return {
        "import": by_import(path),
        "validate": len(read_concepts([path]).concepts),
        "parts": sum(1 for _ in iter_concepts([path])),
        "upload": len(read_concepts_upload(path.name, path.read_bytes()).concepts),
        "watch": by_watch(path),
    }


SOURCES = {
    "the archive that was read twice in two ways": ("mixed.zip", archive(MIXED), 4),
    "songs with lyrics": ("songs.zip", archive({"s1/s1.yml": SONG, "s1/s1.lrc": LYRICS, "cover.png": b"\x89PNG\r\n"}), 1),
    "bad lines": ("a.jsonl", f'{{"text": "{ONE}"}}\nnope\n7\n{{"x": 1}}\n"{TWO}"\n'.encode(), 5),
    "rows too long": ("a.csv", f"concept,album\n{ONE},Red,more\n{TWO},Red\n{THREE},mauve\n".encode(), 3),
    "odd texts": ("a.json", json.dumps([{"concept": 3}, {"concept": " "}, ONE, {"text": TWO}]).encode(), 4),
    "a table of nulls": ("a.parquet", parquet(concept=[ONE, None, TWO], album=["Red", "Red", "puce"]), 3),
    "a folder's table": ("t.zip", archive({"t/a.csv": f"text\n{ONE}\n{TWO}\n".encode(), "LICENSE": b"free"}), 2),
    "one record": ("a.yml", f"text: {ONE}\ntitle: t\n".encode(), 1),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_every_door_finds_the_same_records(kind: str, tmp_path: Path) -> None:
    name, content, count = SOURCES[kind]
    (tmp_path / name).write_bytes(content)
    assert at_each_door(tmp_path / name) == dict.fromkeys(("import", "validate", "parts", "upload", "watch"), count)


NAMES = st.sampled_from(["a.txt", "b.csv", "c.md", "d.yml", "e.jsonl", "readme.yml", "LICENSE", "f.json", "noname", "g.yaml"])
BODIES = st.sampled_from(
    [case.content for kind, case in FILES.items() if kind not in ("not_concepts", "lrc", "about", "manifest")]
)


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.dictionaries(NAMES, BODIES, min_size=1, max_size=4))
def test_a_zip_of_anything_gives_the_same_texts_at_every_door(files: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / "any.zip"
    path.write_bytes(archive(files))
    read = read_concepts([path])
    texts = [concept.text for concept in read.concepts if concept.error is None]
    assert [c.text for c in iter_concepts([path]) if c.error is None] == texts
    assert [c.text for c in read_concepts_upload("any.zip", path.read_bytes()).usable] == texts
    try:
        frame, report = read_upload("any.zip", path.read_bytes())
    except DataError:
        assert not texts
        return
    # What a data set leaves out of those, it leaves out for an id that repeats, and says so.
    repeats = sum("repeats" in skip.reason or "was taken" in skip.reason for skip in report.skipped)
    assert len(frame) + repeats == len(texts) and set(frame["concept"]) <= set(texts)


# ---- a format from outside --------------------------------------------------------------------------------------------


@pytest.fixture
def bells(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "tower.bells"
    path.write_text(f"BELLS\nRed {ONE}\nBlue {TWO}\nGreen\n")
    with FORMATS.registered(Bells, before=Bells.before):
        yield path


def test_a_format_from_outside_is_read_everywhere(bells: Path) -> None:
    assert "bells" in file_types()
    assert at_each_door(bells) == dict.fromkeys(("import", "validate", "parts", "upload", "watch"), 3)
    frame, report = read_source(bells)
    assert frame["album"].tolist() == ["Red", "Blue"] and report.skipped[0].reason == "rings without words"
    packed = bells.with_name("all.zip")
    packed.write_bytes(archive({"x/tower.bells": bells.read_bytes(), "a.txt": THREE.encode()}))
    assert set(at_each_door(packed).values()) == {4}


def test_the_command_line_reads_it_too(bells: Path, trained_home: Path, tmp_path: Path) -> None:
    home, run = copy_home(trained_home, tmp_path / "home"), CliRunner()

    def told(*arguments: object, code: int) -> Any:
        done = run.invoke(program, [*map(str, arguments), "--json", "--home", str(home)])
        assert done.exit_code == code, done.output
        return json.loads(done.stdout)

    assert told("import", bells, "--name", "tower", code=3)["n_rows"] == 2
    verdicts = told("validate", bells, "--no-history", code=3)["verdicts"]
    assert [v["expected_album"] for v in verdicts] == ["Red", "Blue", None] and verdicts[2]["error"].startswith("Rings")
    assert told("validate", bells, "--parts", bells.with_name("parts"), code=3)["n"] == 3
    folder = bells.with_name("inbox")
    folder.mkdir()
    (folder / bells.name).write_bytes(bells.read_bytes())
    (judged,) = Watch(open_home(home).verdicts, folder, settle_s=0.0, keep=False).scan()
    assert (judged.n, judged.n_failed) == (3, 1)


def test_the_text_column_is_named_on_the_command_line(trained_home: Path, tmp_path: Path) -> None:
    home, run = copy_home(trained_home, tmp_path / "home"), CliRunner()
    table = tmp_path / "survey.csv"
    table.write_text(f"id,review,singer\n1,{ONE},a\n2,{TWO},a\n")

    def told(*arguments: object, code: int) -> Any:
        done = run.invoke(program, [*map(str, arguments), "--json", "--home", str(home)])
        assert done.exit_code == code, done.output
        return json.loads(done.stdout)

    assert "--text-column NAME" in json.dumps(told("import", table, code=2))
    kept = told("import", table, "--text-column", "review", "--group-column", "singer", "--name", "survey", code=0)
    assert (kept["n_rows"], kept["n_groups"]) == (2, 1)
    verdicts = told("validate", table, "--text-column", "review", "--no-history", code=0)["verdicts"]
    assert [verdict["text"] for verdict in verdicts] == [ONE, TWO]
    parts = ["validate", table, "--parts", tmp_path / "parts"]
    assert told(*parts, "--text-column", "review", code=0)["n"] == 2
    assert "text_column" in json.dumps(told(*parts, code=2))  # another question is not gone on with in the same folder
    (tmp_path / "a.txt").write_text(ONE)
    older = ["validate", tmp_path / "a.txt", "--parts", tmp_path / "older"]
    told(*older, code=0)
    manifest = json.loads((tmp_path / "older" / "manifest.json").read_text("utf-8"))
    assert manifest.pop("text_column") == ""
    (tmp_path / "older" / "manifest.json").write_text(json.dumps(manifest))
    assert told(*older, code=0)["n"] == 1  # as an earlier version wrote it


def test_an_installed_package_brings_its_format(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = type("Alone", (Bells,), {"before": ""})  # the registry below holds no other that it could stand before
    entry = SimpleNamespace(name="bells", value="bells:Bells", dist=None, load=lambda: alone)
    monkeypatch.setattr("rebracket_core.registry._entry_points", lambda group: (entry,) if group == "rebracket.formats" else ())
    opened: Registry[Format] = Registry("format", Format, group=FORMATS.group)
    assert opened.names == ("bells",)


def test_what_is_no_format_is_refused() -> None:
    with pytest.raises(ConfigError, match="no format"):
        FORMATS.register(object())
    with pytest.raises(InputError, match="no such format"):
        FORMATS.get("tower")
