"""A run in one file: the same verdicts in another home, and nothing taken in that is altered, foreign or too large."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rebracket_core.errors import DataError, InputError, ModelError, RebracketError, StoreError
from rebracket_core.jobs import Status
from rebracket_core.runs.archive import DIGESTS
from rebracket_core.runs.notes import NOTE_FILE
from rebracket_core.validation import Concept
from rebracket_core.workbench import Workbench
from tests.conftest import open_home

TEXTS = ("A brass bell, cast in 1911.", "A hotel will stand on the ice.", "Nobody can say who she is.")
Parts = dict[str, bytes]


@pytest.fixture
def bench(home: Path) -> Workbench:
    return open_home(home)


@pytest.fixture
def run_id(bench: Workbench) -> str:
    return bench.runs.all()[0].run_id


@pytest.fixture
def packed(bench: Workbench, run_id: str) -> bytes:
    sink = io.BytesIO()
    bench.runs.export(run_id, to=sink)
    return sink.getvalue()


@pytest.fixture
def elsewhere(tmp_path: Path, home: Path) -> Workbench:
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "cache").symlink_to(home / "cache")
    return open_home(other)


def _parts(packed: bytes) -> Parts:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _zip(parts: Parts) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return sink.getvalue()


def _resealed(parts: Parts, **changes: Any) -> bytes:
    """The archive of the parts with digests that fit them: only what the parts say can give it away."""
    head = json.loads(parts[DIGESTS])
    head["sha256"] = {n: hashlib.sha256(d).hexdigest() for n, d in parts.items() if n != DIGESTS}
    return _zip({**parts, DIGESTS: json.dumps({**head, **changes}).encode()})


def _json_part(parts: Parts, name: str, **changes: Any) -> Parts:
    return {**parts, name: json.dumps({**json.loads(parts[name]), **changes}).encode()}


def _nothing_came_in(bench: Workbench) -> None:
    runs = bench.resources.runs.folder
    assert not runs.is_dir() or list(runs.iterdir()) == []


def test_a_run_gives_the_same_verdicts_in_another_home(
    bench: Workbench, elsewhere: Workbench, run_id: str, tmp_path: Path
) -> None:
    bench.runs.set_note(run_id, text="the small one", tags=["small"])
    bench.runs.export(run_id, to=tmp_path / "run.zip")
    info = elsewhere.runs.take_in(tmp_path / "run.zip")
    assert (info.run_id, info.promoted) == (run_id, False)
    concepts = [Concept(str(k), text) for k, text in enumerate(TEXTS)]
    here = bench.verdicts.validate(concepts, run_id=run_id, keep=False)
    there = elsewhere.verdicts.validate(concepts, run_id=run_id, keep=False)
    assert [v.to_dict() for v in here] == [v.to_dict() for v in there]
    assert elsewhere.runs.note(run_id).tags == ("small",)
    assert elsewhere.training.states()[0].status is Status.DONE
    assert elsewhere.runs.card(run_id) == bench.runs.card(run_id)
    again = io.BytesIO()
    elsewhere.runs.export(run_id, to=again)
    assert again.getvalue() == (tmp_path / "run.zip").read_bytes()


def test_the_same_run_twice_is_once_and_its_note_stays(bench: Workbench, run_id: str, packed: bytes) -> None:
    bench.runs.set_note(run_id, text="written since", tags=[])
    assert bench.runs.take_in(packed).run_id == run_id
    assert bench.runs.note(run_id).text == "written since"


def test_an_id_that_another_run_has_is_refused(bench: Workbench, run_id: str, packed: bytes) -> None:
    before = (bench.resources.runs.folder / run_id / "evaluation.json").read_bytes()
    parts = _json_part(_parts(packed), "evaluation.json", notes=["another"])
    with pytest.raises(ModelError, match=r"another run of this id.*evaluation\.json"):
        bench.runs.take_in(_resealed(parts))
    assert (bench.resources.runs.folder / run_id / "evaluation.json").read_bytes() == before


def test_each_altered_part_is_refused_by_name(elsewhere: Workbench, packed: bytes) -> None:
    parts = _parts(packed)
    for name in parts.keys() - {DIGESTS}:
        data = parts[name]
        with pytest.raises(DataError, match=name.replace(".", r"\.")):
            elsewhere.runs.take_in(_zip({**parts, name: data[:-2] + bytes([data[-2] ^ 1]) + data[-1:]}))
        with pytest.raises(DataError, match=f"{name} is missing"):
            elsewhere.runs.take_in(_zip({n: d for n, d in parts.items() if n != name}))
    _nothing_came_in(elsewhere)


@pytest.mark.parametrize(
    "name",
    ["extra.json", "model/evil.pkl", "../evil.json", "/etc/evil", "model/../../evil.json", "model\\evil.json", "a/b/c/d"],
)
def test_foreign_files_are_refused_by_name_sealed_or_not(elsewhere: Workbench, packed: bytes, name: str) -> None:
    parts = {**_parts(packed), name: b"{}"}
    for data in (_zip(parts), _resealed(parts)):
        with pytest.raises(DataError, match=r"evil|extra|a/b/c/d"):
            elsewhere.runs.take_in(data)
    _nothing_came_in(elsewhere)
    assert not (elsewhere.settings.home / "evil.json").exists()


def test_a_file_that_grows_beyond_measure_is_refused(elsewhere: Workbench, packed: bytes) -> None:
    parts = {**_parts(packed), "model/huge.txt": b"\0" * (4 * 1024 * 1024)}
    with pytest.raises(DataError, match="grows"):
        elsewhere.runs.take_in(_resealed(parts))
    _nothing_came_in(elsewhere)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda p: _json_part(p, "spec.json", run_id="another"),
        lambda p: _json_part(p, "evaluation.json", run_id="another"),
        lambda p: _json_part(p, "evaluation.json", surprise=1),
        lambda p: _json_part(p, "model/manifest.json", kind="something"),
        lambda p: _json_part(p, "model/manifest.json", recipe=None),
        lambda p: _json_part(p, "model/manifest.json", text_prints=None),
        lambda p: {**p, "model/model.safetensors": b"none"},
        lambda p: {**p, "held.parquet": b"none"},
        lambda p: {**p, NOTE_FILE: b"[]"},
        lambda p: {**p, "spec.json": b"\xff"},
        lambda p: {**p, "spec.json": b"[]"},
    ],
)
def test_parts_that_are_no_run_are_refused_though_their_digests_fit(
    elsewhere: Workbench, packed: bytes, spoil: Callable[[Parts], Parts]
) -> None:
    with pytest.raises(RebracketError) as caught:
        elsewhere.runs.take_in(_resealed(spoil(_parts(packed))), name="given.zip")
    assert caught.value.where == "given.zip" and caught.value.hint
    _nothing_came_in(elsewhere)


@pytest.mark.parametrize("bad", ["../x", "", ".hidden", "a/b", "x" * 200])
def test_an_id_that_is_no_plain_name_is_refused(elsewhere: Workbench, packed: bytes, bad: str) -> None:
    with pytest.raises(DataError, match="id is not allowed"):
        elsewhere.runs.take_in(_resealed(_parts(packed), run_id=bad))
    _nothing_came_in(elsewhere)


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04", b"text", _zip({"a.txt": b"a"}), _zip({DIGESTS: b"{}"}), _zip({DIGESTS: b"["})]
)
def test_what_is_no_exported_run_is_refused(elsewhere: Workbench, data: bytes) -> None:
    with pytest.raises(InputError):
        elsewhere.runs.take_in(data)


def test_a_run_without_the_unseen_rows_can_be_handed_on(bench: Workbench, elsewhere: Workbench, run_id: str) -> None:
    (bench.resources.runs.folder / run_id / "held.parquet").unlink()
    sink = io.BytesIO()
    bench.runs.export(run_id, to=sink)
    assert elsewhere.runs.take_in(sink.getvalue()).run_id == run_id


def test_a_run_that_is_not_whole_is_not_handed_on(bench: Workbench, run_id: str, tmp_path: Path) -> None:
    (bench.resources.runs.folder / run_id / "evaluation.json").unlink()
    with pytest.raises(ModelError, match="not whole"):
        bench.runs.export(run_id, to=tmp_path / "run.zip")
    assert not (tmp_path / "run.zip").exists()


# ---- notes, card, comparing -------------------------------------------------------------------------------------------


def test_a_note_and_tags_are_kept_and_checked(bench: Workbench, run_id: str) -> None:
    assert bench.runs.note(run_id).to_dict() == {"text": "", "tags": [], "changed_at": ""}
    kept = bench.runs.set_note(run_id, text=" two\r\nlines\x00 ", tags=["best", " best ", "", "with  words"])
    assert (kept.text, kept.tags) == ("two\nlines", ("best", "with words"))
    assert bench.runs.note(run_id) == kept
    for tags in (["<b>"], ["x" * 41], [str(k) for k in range(21)]):
        with pytest.raises(InputError, match="tag"):
            bench.runs.set_note(run_id, text="", tags=tags)
    with pytest.raises(InputError, match="too long"):
        bench.runs.set_note(run_id, text="x" * 10_001)
    assert bench.runs.note(run_id) == kept
    with pytest.raises(ModelError, match="no such run"):
        bench.runs.set_note("../x", text="")
    (bench.resources.runs.folder / run_id / NOTE_FILE).write_text("[]")
    with pytest.raises(StoreError, match="note"):
        bench.runs.note(run_id)


def test_the_card_says_what_a_run_is_and_is_not(bench: Workbench, run_id: str) -> None:
    info, card = bench.resources.runs.info(run_id), bench.runs.card(run_id)
    assert f"{info.metrics['album']['accuracy']:.3f}" in card
    for said in (
        info.dataset_digest,
        f"{info.n_rows:,} texts",
        info.encoder_id,
        "does not see a new kind of text",
        "## Licence",
        "calibration error",
        "The rules accept",
        "rebracket import-run",
        "demonstration",
    ):
        assert said in card, said
    assert "Leaked" not in card


def test_a_leaked_run_says_so_on_its_card_and_in_a_comparison(bench: Workbench, run_id: str) -> None:
    leaked = _twin(bench, run_id, "leaked-run", leaked=True)
    assert "**Leaked.**" in bench.runs.card(leaked) and "none of its figures" in bench.runs.card(leaked)
    found = bench.runs.compare([run_id, leaked])[0]
    assert found.leaked == (leaked,) and not found.honest
    assert all(m.difference == 0.0 for m in found.metrics)
    assert found.n_rows == bench.resources.runs.info(run_id).n_rows


def test_a_text_from_data_is_no_markup_on_the_card(bench: Workbench, run_id: str) -> None:
    twin = _twin(bench, run_id, "twin", dataset="<script>|x|`y`\n# z")
    card = bench.runs.card(twin)
    assert "<script>" not in card and "\n# z" not in card


def _twin(bench: Workbench, run_id: str, name: str, *, leaked: bool = False, dataset: str | None = None) -> str:
    folder = bench.resources.runs.folder / name
    shutil.copytree(bench.resources.runs.folder / run_id, folder)
    spec = json.loads((folder / "spec.json").read_text())
    (folder / "spec.json").write_text(json.dumps({**spec, "run_id": name}))
    manifest = json.loads((folder / "model" / "manifest.json").read_text())
    manifest["metrics"]["leaked"] = leaked
    manifest["dataset"] = dataset or manifest["dataset"]
    (folder / "model" / "manifest.json").write_text(json.dumps(manifest))
    return name
