"""What every label format must hold, and that a new one needs nothing but its registration."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from rebracket_core.annotation import (
    AxisLabel,
    Item,
    Label,
    LabelSession,
    LabelValue,
    NewItem,
    NewProject,
    Submission,
    text_digest,
)
from rebracket_core.annotation.formats.base import LabelFile, LabelFormat
from rebracket_core.annotation.formats.files import export_labels, import_labels
from rebracket_core.annotation.formats.json_rows import json_lines
from rebracket_core.annotation.formats.native import JsonLines
from rebracket_core.annotation.formats.records import Reading, Row, Written
from rebracket_core.annotation.formats.registry import LABEL_FORMATS, detect
from rebracket_core.annotation.labelling import submit_labels
from rebracket_core.annotation.people import enrol
from rebracket_core.annotation.projects import create_project
from rebracket_core.annotation.queries import list_items, list_labels
from rebracket_core.cli.program import program
from rebracket_core.errors import DataError, InputError
from rebracket_core.settings import Settings
from rebracket_core.workbench import get_workbench
from tests.support.app_pages import elements

ROOT = Path(__file__).parents[2]
TEXTS = ("A bell, cast in 1801;\nshe heard it.", '=1+1 is "no formula" — é 漢 🙂', "The keeper winds the clock.")
HARD = LabelValue(
    AxisLabel.hard("temporal", "past"), AxisLabel.hard("spatial", "thing"), AxisLabel.abstain(), types=frozenset({"memory"})
)
SOFT = LabelValue(
    AxisLabel.of((750, 250, 0)),
    AxisLabel.of((334, 333, 333)),
    AxisLabel.hard("ontological", "known"),
    note="=a; note",
    flag=True,
)
FULL = replace(SOFT, confidence=650, types=frozenset())


def _rows() -> list[Row]:
    rows = []
    for n, text in enumerate(TEXTS):
        item = Item("one", f"i{n}", text, text_digest(text), title=f"T{n}", group_id="g", album="Red")
        for who, value in (("ann", HARD), ("bo@example.org", (SOFT, FULL, HARD)[n])):
            label = Label(
                f"{who[:2]}{n}",
                "one",
                item.item_id,
                item.text_digest,
                who,
                1,
                value,
                "2026-03-01T10:00:00.000+00:00",
                "2026-03-01T10:00:01.000+00:00",
                1,
                active_s=2.5,
            )
            rows.append(Row(label, item))
    return rows


@pytest.fixture(params=LABEL_FORMATS.names)
def form(request: pytest.FixtureRequest) -> LabelFormat:
    return LABEL_FORMATS.get(request.param)


def _name(form: LabelFormat) -> str:
    return f"labels{form.suffix}"


def test_it_describes_itself(form: LabelFormat) -> None:
    assert form.name == form.name.casefold().strip() and form.help.endswith(".") and type(form).__doc__
    assert form.suffix.startswith(".") and form.suffix == form.suffix.casefold()


def test_what_it_writes_it_reads_every_label_under_its_person_and_text(form: LabelFormat) -> None:
    rows = _rows()
    written = form.write(rows)
    found = form.read(written.data, name=_name(form))
    assert len(found.drafts) == written.n_labels == len(rows) and not found.skipped
    assert {d.item_id for d in found.drafts} == {row.item.item_id for row in rows}
    digests = {row.item.item_id: row.item.text_digest for row in rows}
    assert all((d.text_digest or text_digest(d.text)) == digests[d.item_id] for d in found.drafts)
    if form.name != "doccano":  # which names a person by a file's name and loses mixtures, and says so
        values = {(row.item.item_id, row.label.annotator): row.label.value for row in rows}
        assert {(d.item_id, d.annotator): d.value for d in found.drafts} == values


def test_a_hard_answer_comes_back_exactly(form: LabelFormat) -> None:
    rows = [row for row in _rows() if row.label.value == HARD]
    assert [d.value for d in form.read(form.write(rows).data, name=_name(form)).drafts] == [HARD] * len(rows)


def test_it_recognises_its_own_files_and_no_other_does_before_it(form: LabelFormat) -> None:
    assert detect(form.write(_rows()).data, name=_name(form)) is form


def test_it_says_what_it_loses_and_nothing_else(form: LabelFormat) -> None:
    lossless = form.name in ("jsonl", "csv", "parquet", "label-studio", "prodigy")
    assert bool(form.write(_rows()).lost) is not lossless
    assert form.write([]).n_labels == 0


def test_another_file_is_refused_and_never_guessed(form: LabelFormat) -> None:
    with pytest.raises(DataError):
        form.read(b"\x00\xff no file of ours", name=_name(form))


def test_a_file_that_nobody_recognises_names_the_formats() -> None:
    with pytest.raises(DataError, match="label-studio"):
        detect(b'{"a": 1}', name="x.json")
    with pytest.raises(DataError, match="not JSON"):
        detect(b"plain words", name="x.txt")


# ---- one that only this file knows ------------------------------------------------------------------------------------


class Reversed(LabelFormat):
    """Our JSON lines, last line first."""

    name = "reversed"
    label = "JSON lines, reversed"
    help = "Our own form from the last label to the first."
    suffix = ".lnosj"

    def write(self, rows: Sequence[Row]) -> Written:
        return JsonLines().write(list(reversed(rows)))

    def read(self, data: bytes, *, name: str) -> Reading:
        return JsonLines().read(data, name=name)

    def recognises(self, file: LabelFile) -> bool:
        return file.name.endswith(self.suffix)

    def companions(self) -> dict[str, bytes]:
        return {".read-me.txt": b"Read it backwards."}


ONE = NewProject("One", tuple(NewItem(f"i{n}", text) for n, text in enumerate(TEXTS)))


@pytest.fixture
def session(empty_home: Path) -> LabelSession:
    session = get_workbench(Settings.from_env()).labels.session
    enrol(session, "Ann")
    create_project(session, ONE, by="ann")
    for item in list_items(session, "one"):
        given = Submission(str(uuid.uuid4()), item.item_id, 1, item.text_digest, HARD, "2026-03-01T12:00:00Z")
        submit_labels(session, "one", submissions=[given], by="ann")
    return session


def test_a_new_format_is_exported_and_imported(session: LabelSession) -> None:
    with LABEL_FORMATS.registered(Reversed, before="jsonl"):
        made = export_labels(session, "one", format_name="reversed")
        assert next(iter(json_lines(made.data)))[1]["item_id"] == "i2" and made.n_written == 3
        other = LabelSession.open("sqlite:///:memory:")
        enrol(other, "Ann")
        create_project(other, ONE, by="ann")
        back = import_labels(other, "one", data=made.data, name="mine.lnosj", by="ann")
        assert (back.format_name, back.n_saved) == ("reversed", 3) and len(list_labels(other, "one")) == 3
    with pytest.raises(InputError, match="label format"):
        export_labels(session, "one", format_name="reversed")


def test_a_new_format_is_on_the_page(session: LabelSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with LABEL_FORMATS.registered(Reversed):
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
        app.session_state["annotate.person"] = "ann"
        app.session_state["label.project"] = "one"
        app = app.switch_page("pages/annotate/label.py").run()
        box = app.selectbox(key="label.files.form")
        assert "JSON lines, reversed" in box.options and "from the last label to the first" in box.help
        app = box.set_value("reversed").run()
        app = next(button for button in app.button if button.label == "Export").click().run()
        assert not app.exception and not app.error
        names = [button.label for button in elements(app, "download_button")]
        assert names == ["Download one-labels.lnosj", "Download one.read-me.txt"]


def test_a_new_format_is_on_the_command_line(session: LabelSession, empty_home: Path, tmp_path: Path) -> None:
    with LABEL_FORMATS.registered(Reversed):
        assert "reversed" in CliRunner().invoke(program, ["annotations", "export", "--help"]).output
        to = tmp_path / "out.lnosj"
        line = ["annotations", "export", "one", "--out", str(to), "--format", "reversed", "--home", str(empty_home)]
        assert CliRunner().invoke(program, line).exit_code == 0
        assert next(iter(json_lines(to.read_bytes())))[1]["item_id"] == "i2"
        assert (tmp_path / "out.lnosj.read-me.txt").read_bytes() == b"Read it backwards."
    assert "reversed" not in CliRunner().invoke(program, ["annotations", "export", "--help"]).output
