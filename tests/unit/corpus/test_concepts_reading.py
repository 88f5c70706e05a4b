"""Sources → concepts: everything is read or named, in input order, and nothing raises for what a source holds."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rebracket_core.corpus.sources.reading import read_concepts, read_concepts_upload
from rebracket_core.corpus.sources.sinks.concepts import ConceptsRead
from rebracket_core.validation import Concept

TEXT = "A tide table with one wrong column drowns a harbour."
PROPOSAL = "concept: {text}\ntitle: Low Water\nagent_name: Somebody\nrainbow_color: {colour}\n"


def one(path: Path, content: str | bytes, max_text_chars: int = 100_000) -> ConceptsRead:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_concepts([path], max_text_chars=max_text_chars)


def only(read: ConceptsRead) -> Concept:
    assert len(read.concepts) == 1, read.concepts
    return read.concepts[0]


def zipped(files: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return held.getvalue()


@pytest.mark.parametrize(
    ("colour", "album"),
    [("Z", "Black"), ("indigo", "Indigo"), ("{color_name: Red, mnemonic_character_value: R}", "Red"), ("null", None)],
)
def test_a_proposal_names_its_album(tmp_path: Path, colour: str, album: str | None) -> None:
    concept = only(one(tmp_path / "thread" / "p.yml", PROPOSAL.format(text=TEXT, colour=colour)))
    assert (concept.text, concept.expected_album, concept.error) == (TEXT, album, None)
    assert concept.fields["title"] == "Low Water"
    assert concept.fields["origin"] == "proposals"


@pytest.mark.parametrize("colour", ["mauve", "[1, 2]", "{color_name: Mauve}", "7", "true"])
def test_an_unknown_colour_is_a_note_and_no_failure(tmp_path: Path, colour: str) -> None:
    read = one(tmp_path / "p.yml", PROPOSAL.format(text=TEXT, colour=colour))
    concept = only(read)
    assert (concept.text, concept.expected_album, concept.error) == (TEXT, None, None)
    assert "names no album" in concept.fields["note"]
    assert read.report.notes and not read.report.skipped


def test_an_unknown_mode_does_not_matter(tmp_path: Path) -> None:
    content = PROPOSAL.format(text=TEXT, colour="{color_name: Red, temporal_mode: Sideways, ontological_mode: 9}")
    assert only(one(tmp_path / "p.yml", content)).expected_album == "Red"


def test_a_folder_is_read_in_order_with_ids_below_it(tmp_path: Path) -> None:
    for name in ("b/2.yml", "a/1.yml", "a/0.txt"):
        one(tmp_path / "source" / name, PROPOSAL.format(text=f"{TEXT} {name}", colour="R") if "yml" in name else TEXT)
    one(tmp_path / "source" / "README.md", "# About these")
    one(tmp_path / "source" / "cover.png", b"\x89PNG\r\n\x1a\n" + bytes(100))
    one(tmp_path / "source" / "a" / "1.lrc", "[ti: x]\n[00:01.000]\nla\n[00:02.000]\nla la\n")
    read = read_concepts([tmp_path / "source", tmp_path / "source" / "b" / "2.yml"])
    assert [c.id for c in read.concepts] == ["a/0.txt", "a/1.yml", "b/2.yml", "2.yml"]
    assert read.concepts[1].source == str(tmp_path / "source" / "a" / "1.yml")
    assert {Path(skip.where).name for skip in read.report.skipped} == {"README.md", "cover.png", "1.lrc"}
    assert read.report.taken == 4
    assert read.usable == read.concepts


def test_ids_do_not_depend_on_where_the_source_lies(tmp_path: Path) -> None:
    ids = []
    for place in ("here", "there/deeper"):
        one(tmp_path / place / "s" / "t.csv", f"concept\n{TEXT}\n{TEXT} Twice.\n")
        ids.append([c.id for c in read_concepts([tmp_path / place / "s"]).concepts])
    assert ids[0] == ids[1] == ["t.csv#1", "t.csv#2"]


def test_a_song_is_one_concept(tmp_path: Path) -> None:
    content = f"manifest_id: '02_01'\nrainbow_color: R\nconcept: {TEXT}\ntitle: Song\nlyrics: true\nstructure:\n"
    content += "".join(f"- {{section_name: S, start_time: '[00:0{k}.000]', description: part {k}}}\n" for k in range(3))
    concept = only(one(tmp_path / "02_01.yml", content))
    assert (concept.text, concept.expected_album) == (TEXT, "Red")
    assert concept.fields["descriptions"] == "part 0\n\npart 1\n\npart 2"
    assert concept.fields["origin"] == "songs"


def test_a_group_of_labelled_concepts_and_a_list_of_others(tmp_path: Path) -> None:
    group = f"group: tides\nmotif: Tides\nconcepts:\n- {{id: t-1, album: red, text: '{TEXT}'}}\n- {{id: t-2, text: 7}}"
    first, second = one(tmp_path / "g.yaml", group).concepts
    assert (first.id, first.expected_album, first.fields["group"]) == ("t-1", "Red", "tides")
    assert second.error == "Its text is not text but int; put the text in quotes"
    others = one(tmp_path / "n.yaml", f"category: recipes\ntexts:\n- {TEXT}\n- {{id: n, text: '{TEXT}'}}\n")
    assert [c.id for c in others.concepts] == ["n.yaml#1", "n"]


@pytest.mark.parametrize(
    ("name", "content", "texts"),
    [
        ("a.txt", "First one.\nSecond one.\n", ["First one.", "Second one."]),
        ("a.txt", "First\none.\n\nSecond\none.\n", ["First\none.", "Second\none."]),
        ("a.csv", "concept\nFirst one.\nSecond one.\n", ["First one.", "Second one."]),
        ("a.csv", "First one.\nSecond one.\n", ["First one.", "Second one."]),
        ("a.csv", "id;text;album\n1;First, one.;red\n2;Second one.;\n", ["First, one.", "Second one."]),
        ("a.jsonl", '{"text": "First one."}\n\n"Second one."\n', ["First one.", "Second one."]),
        ("a.json", '["First one.", {"concept": "Second one."}]', ["First one.", "Second one."]),
        ("a.json", '{"rows": [{"concept": "First one."}, {"text": "Second one."}]}', ["First one.", "Second one."]),
        ("a.yml", "- First one.\n- concept: Second one.\n", ["First one.", "Second one."]),
        ("noname", '{"text": "First one."}\n{"content": "Second one."}\n', ["First one.", "Second one."]),
    ],
)
def test_every_form_gives_its_texts(tmp_path: Path, name: str, content: str, texts: list[str]) -> None:
    assert [c.text for c in one(tmp_path / name, content).concepts] == texts


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252", "utf-32"])
def test_other_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    text = "The café by the naïve harbour keeps a ledger of every coöperative tide."
    assert only(one(tmp_path / "a.txt", text.encode(encoding))).text == text


def test_bad_items_stay_in_their_places_and_the_rest_goes_on(tmp_path: Path) -> None:
    lines = [
        {"id": "a", "text": TEXT},
        {"id": "b", "text": "  "},
        {"id": "c", "text": "?!... 123"},
        {"id": "d"},
        {"id": "e", "text": 5},
        {"id": "f", "text": None},
        {"id": "g", "text": "x" * 2000},
        {"id": "a", "text": TEXT, "rainbow_color": "puce"},
    ]
    content = "\n".join(map(json.dumps, lines)).replace('{"id": "c"', '{broken\n{"id": "c"')
    read = one(tmp_path / "a.jsonl", content, max_text_chars=1000)
    assert [(c.id, c.error is None) for c in read.concepts] == [
        ("a", True),
        ("b", False),
        ("a.jsonl#3", False),
        ("c", False),
        ("a.jsonl#5", False),
        ("e", False),
        ("f", False),
        ("g", False),
        ("a#2", True),
    ]
    assert read.report.taken == 2
    assert len(read.report.skipped) == 7
    assert len(read.concepts[7].text) <= 200
    assert all(c.error and c.error[0].isupper() for c in read.concepts if c.error is not None)


def test_nul_bytes_are_left_out(tmp_path: Path) -> None:
    assert only(one(tmp_path / "a.txt", TEXT.encode() + b"\x00\x00")).text == TEXT


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.txt", b""),
        ("blank.txt", b" \n\t\n"),
        ("signs.txt", b"?!...\n"),
        ("noise.txt", bytes(range(256)) * 20),
        ("huge.txt", b"word " * 200_000),
        ("broken.yml", b"concept: [unclosed\n  x: y: z"),
        ("list.csv", b"\n\n"),
        ("tag.yml", b"concept: !!python/object/apply:os.system ['touch /tmp/never']\n"),
        ("scalar.yml", b"42\n"),
        ("none.yml", b"title: only a title\n"),
        ("head.csv", b"concept,album\n"),
        ("other.csv", b"title,colour\na,b\nc,d\n"),
        ("bad.parquet", b"PAR1 but nothing else"),
        ("bad.zip", b"PK\x03\x04 but nothing else"),
        ("x.json", b"{nope"),
        ("n.json", b"7"),
        ("x.pdf", b"%PDF-1.7 ..."),
        ("deep.json", b"[" * 100_000),
        ("anchor.yml", b"concept: *nowhere\n"),
        ("bomb.yml", b"a: &a [x,x]\n" + b"".join(b"b%d: [*a, *a]\n" % k for k in range(80)) + b"concept: x"),
    ],
)
def test_what_cannot_be_read_is_one_concept_with_an_error(tmp_path: Path, name: str, content: bytes) -> None:
    good = tmp_path / "good.txt"
    good.write_text(TEXT)
    (tmp_path / name).write_bytes(content)
    first, second = read_concepts([tmp_path / name, good]).concepts
    assert first.error and first.source == str(tmp_path / name)
    assert (second.text, second.error) == (TEXT, None)


def test_a_tag_of_python_is_never_run(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    content = f"concept: !!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path ['{trap}']]\n"
    assert only(one(tmp_path / "p.yml", content)).error
    assert not trap.exists()


def test_a_source_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    missing, empty = read_concepts([tmp_path / "missing", tmp_path / "nothing"]).concepts
    assert "no such file" in str(missing.error)
    assert empty.error
    assert read_concepts([]).concepts == ()


def test_parquet_tables_and_their_flaws(tmp_path: Path) -> None:
    def table(name: str, **columns: list[object]) -> Path:
        pq.write_table(pa.table(columns), tmp_path / name)
        return tmp_path / name

    read = read_concepts(
        [
            table("good.parquet", id=["a", "a"], concept=[TEXT, None], rainbow_color=["Red", "Puce"], extra=[1, 2]),
            table("wrong.parquet", concept=[1, 2]),
            table("missing.parquet", words=[TEXT]),
        ]
    )
    assert [(c.id, c.expected_album, bool(c.error)) for c in read.concepts] == [
        ("a", "Red", False),
        ("a#2", None, True),
        ("wrong.parquet#1", None, True),
        ("wrong.parquet#2", None, True),
        ("missing.parquet", None, True),
    ]
    assert "column" in str(read.concepts[-1].error)


def test_an_archive_is_read_and_a_dangerous_one_refused(tmp_path: Path) -> None:
    proposal = PROPOSAL.format(text=TEXT, colour="R").encode()
    good = read_concepts_upload("all.zip", zipped({"t/a.yml": proposal, "b.txt": b"?"}))
    assert [(c.id, c.source, bool(c.error)) for c in good.concepts] == [
        ("b.txt", "all.zip/b.txt", True),
        ("t/a.yml", "all.zip/t/a.yml", False),
    ]
    for bad in (zipped({"../a.txt": b"out"}), zipped({"a.txt": b"word " * 5_000_000}), zipped({"/etc/x": b"abs"})):
        (tmp_path / "bad.zip").write_bytes(bad)
        assert "refused" in str(only(read_concepts([tmp_path / "bad.zip"])).error)
    assert not (tmp_path.parent / "a.txt").exists()


def test_an_upload_is_read_like_a_file(tmp_path: Path) -> None:
    content = f"concept,album\n{TEXT},blue\n"
    upload, file = read_concepts_upload("t.csv", content.encode()), one(tmp_path / "t.csv", content)
    assert [(c.id, c.text, c.expected_album) for c in upload.concepts] == [
        (c.id, c.text, c.expected_album) for c in file.concepts
    ]
    assert upload.concepts[0].source == "t.csv:row 1"


def test_verdicts_can_be_judged_again(tmp_path: Path) -> None:
    line = {"id": "a", "text": TEXT, "album": "Blue", "verdict": "ACCEPT", "run_id": "r", "expected_album": "Red"}
    concept = only(one(tmp_path / "v.jsonl", json.dumps(line)))
    assert (concept.id, concept.expected_album) == ("a", "Red")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"First one.\n\nThird one.", [("stdin#1", "First one."), ("stdin#3", "Third one.")]),
        (b'{"id": "x", "text": "First one."}\n', [("x", "First one.")]),
        (b"", [("stdin", "")]),
        (zipped({"a.txt": b"First one."}), [("a.txt", "First one.")]),
    ],
)
def test_standard_input(data: bytes, expected: list[tuple[str, str]]) -> None:
    code = (
        "import json\nfrom rebracket_core.corpus.sources.reading import read_concepts\n"
        "print(json.dumps([(c.id, c.text) for c in read_concepts(['-']).concepts]))"
    )
    done = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=True)
    assert [tuple(pair) for pair in json.loads(done.stdout)] == expected


@pytest.mark.corpus
def test_the_users_own_proposals_are_all_read() -> None:
    folder = Path(os.environ.get("REBRACKET_CORPUS") or Path(__file__).parents[4] / "shared" / "corpus")
    if not folder.is_dir():
        pytest.skip("the users' corpus is not here; set REBRACKET_CORPUS")
    read = read_concepts([folder / "chain_artifacts"])
    assert len(read.concepts) == len(read.usable) == 403
    assert len({c.id for c in read.concepts}) == 403
    assert all(c.expected_album for c in read.concepts)
    songs = read_concepts([folder / "staged_raw_material"])
    assert len(songs.concepts) == len(songs.usable) == 50
