"""Labels go out and come back: ours whole, other tools' as far as their forms reach, and every loss is counted."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rebracket_core.annotation import AxisLabel, Label, LabelSession, LabelValue, NewItem, NewProject, Submission
from rebracket_core.annotation.events.consistency import check_consistency
from rebracket_core.annotation.formats import files
from rebracket_core.annotation.formats.files import export_labels, import_labels
from rebracket_core.annotation.formats.label_studio import labelling_config
from rebracket_core.annotation.formats.native import COLUMNS
from rebracket_core.annotation.formats.registry import detect
from rebracket_core.annotation.labelling import submit_labels
from rebracket_core.annotation.people import enrol
from rebracket_core.annotation.projects import create_project
from rebracket_core.annotation.queries import list_items, list_labels
from rebracket_core.errors import DataError, StoreError

TEXTS = ("=SUM(A1) sings\r\nin two lines", 'A ledger, "quoted"; of hours', "'@home ☃ \U0001f308", "Plain.")
WHOLE_FORMS = ("jsonl", "csv", "parquet", "label-studio", "prodigy")
HARD = LabelValue(
    AxisLabel.hard("temporal", "past"),
    AxisLabel.hard("spatial", "person"),
    AxisLabel.abstain(),
    types=frozenset({"causal", "memory"}),
    confidence=800,
    note="=1+1\nsecond",
    flag=True,
)
SOFT = LabelValue(
    AxisLabel.of((750, 249, 1)),
    AxisLabel.of((334, 333, 333)),
    AxisLabel.hard("ontological", "known"),
    types=frozenset(),
    confidence=None,
)
BARE = LabelValue(AxisLabel.hard("temporal", "future"), AxisLabel.hard("spatial", "thing"), AxisLabel.of((0, 500, 500)))


@pytest.fixture
def open_service(tmp_path: Path) -> Iterator[object]:
    made = []

    def make(name: str) -> LabelSession:
        session = LabelSession.open(f"sqlite:///{tmp_path / name}.db")
        made.append(session)
        enrol(session, "Rev")
        items = [NewItem(f"i{k}", text, title=f"T{k}", group_id="g") for k, text in enumerate(TEXTS)]
        create_project(session, NewProject("One", items), by="rev")
        return session

    yield make
    for session in made:
        session.close()


@pytest.fixture
def full(open_service) -> LabelSession:  # type: ignore[no-untyped-def]
    session = open_service("full")
    enrol(session, "Ann")
    items = {item.item_id: item for item in list_items(session, "one")}
    for who, values in (("ann", (HARD, SOFT, BARE)), ("rev", (SOFT, HARD))):
        sent = [
            Submission(
                f"{who}-{k}", f"i{k}", 1, items[f"i{k}"].text_digest, value, f"2026-03-0{k + 1}T10:00:00.000Z", active_s=2.5
            )
            for k, value in enumerate(values)
        ]
        assert [ack.status for ack in submit_labels(session, "one", submissions=sent, by=who)] == ["saved"] * len(sent)
    return session


def essence(label: Label) -> tuple[object, ...]:
    return (
        label.label_id,
        label.item_id,
        label.text_digest,
        label.annotator,
        label.round,
        label.value,
        label.client_time,
        label.guideline_version,
        label.active_s,
    )


@pytest.mark.parametrize("form", WHOLE_FORMS)
def test_a_whole_form_comes_back_whole(form: str, full: LabelSession, open_service) -> None:  # type: ignore[no-untyped-def]
    out = export_labels(full, "one", format_name=form)
    assert out.n_in_database == out.n_written == 5 and out.lost == ()
    assert detect(out.data, name=f"x{'.csv' if form == 'csv' else ''}").name == form
    other = open_service("other")
    back = import_labels(other, "one", data=out.data, name="file.csv" if form == "csv" else "file", by="rev")
    assert (back.n_saved, back.skipped, back.taken_as) == (5, (), {})
    assert [essence(x) for x in list_labels(other, "one")] == [essence(x) for x in list_labels(full, "one")]
    assert {x.source for x in list_labels(other, "one")} == {"file.csv" if form == "csv" else "file"}
    assert check_consistency(other) == []
    again = import_labels(other, "one", data=out.data, name="file.csv" if form == "csv" else "file", by="rev")
    assert (again.n_saved, again.n_already) == (0, 5)


def test_argilla_keeps_every_answer(full: LabelSession, open_service) -> None:  # type: ignore[no-untyped-def]
    out = export_labels(full, "one", format_name="argilla")
    assert any("not held: 5 labels" in one for one in out.lost)
    record = json.loads(out.data)[0]
    assert set(record) == {"id", "fields", "metadata", "suggestions", "responses", "vectors", "_server_id"}
    other = open_service("other")
    assert import_labels(other, "one", data=out.data, name="records.json", by="rev").n_saved == 5

    def ratings(session: LabelSession) -> list[tuple[str, str, LabelValue]]:
        return [(x.item_id, x.annotator, x.value) for x in list_labels(session, "one")]

    assert ratings(other) == ratings(full)


def test_doccano_loses_shares_and_says_so(full: LabelSession, open_service) -> None:  # type: ignore[no-untyped-def]
    out = export_labels(full, "one", format_name="doccano")
    assert any(one.startswith("the shares of a mixture") and one.endswith("3 labels") for one in out.lost)
    assert "the confidence: 2 labels" in out.lost
    assert zipfile.ZipFile(io.BytesIO(out.data)).namelist() == ["ann.jsonl", "rev.jsonl"]
    other = open_service("other")
    back = import_labels(other, "one", data=out.data, name="export.zip", by="rev")
    assert back.n_saved == 5 and any("even split" in what for what in back.taken_as)
    found = {(x.item_id, x.annotator): x.value for x in list_labels(other, "one")}
    assert found["i0", "ann"].temporal == HARD.temporal and found["i0", "ann"].types == HARD.types
    assert found["i0", "ann"].ontological == HARD.ontological and found["i0", "ann"].flag
    assert found["i2", "ann"].ontological == BARE.ontological and found["i2", "ann"].types is None
    assert found["i1", "ann"].temporal.per_mille == (334, 333, 333)


def test_no_cell_of_the_csv_is_a_formula(full: LabelSession) -> None:
    import csv

    data = export_labels(full, "one", format_name="csv").data.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(data, newline="")))
    assert tuple(rows[0]) == COLUMNS and len(rows) == 6
    assert all(not cell.startswith(("=", "+", "-", "@", "\t")) for row in rows[1:] for cell in row)


LABEL_STUDIO = [
    {
        "id": 1,
        "created_at": "2021-03-09T21:52:49.513742Z",
        "project": 83,
        "data": {"text": TEXTS[3]},
        "predictions": [],
        "annotations": [
            {
                "id": 1001,
                "completed_by": {"id": 10, "email": "bo@example.org", "first_name": "", "last_name": ""},
                "was_cancelled": False,
                "lead_time": 4.288,
                "created_at": "2021-03-09T22:16:08.728353Z",
                "ground_truth": False,
                "result": [
                    {"id": "a", "from_name": "time", "to_name": "text", "type": "choices", "value": {"choices": ["Past"]}},
                    {
                        "id": "b",
                        "from_name": "being",
                        "to_name": "text",
                        "type": "choices",
                        "value": {"choices": ["known", "forgotten"]},
                    },
                    {"id": "c", "from_name": "mood", "to_name": "text", "type": "choices", "value": {"choices": ["merry"]}},
                ],
            },
            {"id": 1002, "completed_by": 11, "was_cancelled": True, "result": []},
        ],
    }
]
ARGILLA = [
    {
        "id": "i3",
        "fields": {"text": TEXTS[3]},
        "metadata": {},
        "suggestions": {"temporal": {"value": "future", "score": 0.9, "agent": "m"}},
        "responses": {
            "temporal": [{"value": "past", "user_id": "7f9c-user"}],
            "types": [{"value": ["causal", "memory"], "user_id": "7f9c-user"}],
        },
        "vectors": {},
        "_server_id": "x",
    }
]
PRODIGY = [
    {
        "text": TEXTS[3],
        "options": [{"id": "past", "text": "past"}],
        "accept": ["past", "thing"],
        "answer": "accept",
        "_input_hash": -1530009927,
        "_task_hash": -340967702,
        "_view_id": "choice",
        "_timestamp": 1620000000,
        "_annotator_id": "db-bo",
        "_session_id": "db-bo",
        "config": {"choice_style": "multiple"},
    },
    {"text": TEXTS[0], "accept": [], "answer": "ignore", "_view_id": "choice"},
]
DOCCANO = [
    {"id": 20, "text": TEXTS[3], "label": ["past", "type:causal"], "Comments": ["hm"]},
    {"id": 21, "text": "?", "label": []},
]


def lines(rows: object) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("data", "name", "form", "who", "n_skipped"),
    [
        (json.dumps(LABEL_STUDIO).encode(), "project.json", "label-studio", "bo@example.org", 1),
        (json.dumps(ARGILLA).encode(), "records.json", "argilla", "7f9c-user", 0),
        (lines(PRODIGY), "set.jsonl", "prodigy", "db-bo", 1),
        (lines(DOCCANO), "bo.jsonl", "doccano", "bo", 1),
    ],
)
def test_files_as_the_tools_write_them(data, name, form, who, n_skipped, open_service) -> None:  # type: ignore[no-untyped-def]
    session = open_service("s")
    back = import_labels(session, "one", data=data, name=name, by="rev")
    assert (back.format_name, back.n_saved, len(back.skipped)) == (form, 1, n_skipped)
    (label,) = list_labels(session, "one")
    assert (label.item_id, label.annotator, label.source) == ("i3", who, name)
    assert label.value.temporal == AxisLabel.hard("temporal", "past")
    assert any("cannot tell" in what for what in back.taken_as)
    assert import_labels(session, "one", data=data, name=name, by="rev").n_already == 1
    if form == "label-studio":
        assert label.value.ontological.per_mille == (0, 500, 500) and label.active_s == 4.288
        assert any("even split" in what for what in back.taken_as) and any("merry" in what for what in back.taken_as)


def test_a_label_of_another_text_is_not_taken(full: LabelSession, open_service) -> None:  # type: ignore[no-untyped-def]
    rows = [json.loads(x) for x in export_labels(full, "one", format_name="jsonl").data.decode().splitlines()]
    rows[0] |= {"text_digest": "0" * 64, "text": "another"}
    rows[1] |= {"item_id": "unknown"}  # found by its text
    rows[2]["value"]["temporal"]["per_mille"] = [1, 2, 3]
    back = import_labels(open_service("o"), "one", data=lines(rows), name="f.jsonl", by="rev")
    assert back.n_saved == 3
    assert "is not the one that item" in back.skipped[-1].reason and "line 3" in back.skipped[0].where


def test_a_file_of_no_known_form_is_refused(open_service) -> None:  # type: ignore[no-untyped-def]
    session = open_service("s")
    for data, name in ((b'{"a": 1}', "x.json"), (b"not json", "x"), (b"a,b\n1,2\n", "x.csv"), (b"", "x.jsonl")):
        with pytest.raises(DataError):
            import_labels(session, "one", data=data, name=name, by="rev")


def test_an_export_that_is_short_is_refused(full: LabelSession, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = list_labels(full, "one")
    monkeypatch.setattr(files, "list_labels", lambda *_a, **_k: whole[:-1])
    with pytest.raises(StoreError, match="does not hold"):
        export_labels(full, "one", format_name="jsonl")


def test_the_configuration_for_label_studio_names_every_control() -> None:
    from xml.etree import ElementTree

    tree = ElementTree.fromstring(labelling_config())
    names = {node.get("name") for node in tree.iter() if node.get("name")}
    assert {"text", "temporal", "spatial_person", "ontological", "types", "confidence", "note", "flag"} <= names
