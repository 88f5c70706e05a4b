"""Whatever stands in a file of labels: no crash, each entry imported or skipped by name, and own exports come back equal."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from rebracket_core.annotation import AxisLabel, Item, Label, LabelSession, LabelValue, NewItem, NewProject, text_digest
from rebracket_core.annotation.formats import LABEL_FORMATS, export_labels, import_labels
from rebracket_core.annotation.formats.records import Reading, Row
from rebracket_core.annotation.people import enrol
from rebracket_core.annotation.projects import create_project
from rebracket_core.annotation.queries import list_labels
from rebracket_core.errors import DataError
from rebracket_core.rainbow import AXIS_NAMES, MODES, TYPE_NAMES
from rebracket_core.texts import caseless_name

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXTS = ("=1+1 sings\r\nin two lines", "'@home \u2603", "Plain.")
TEXT = "A bell cast in 1911 hung in the drowned tower."
JSON_FORMS = ("jsonl", "label-studio", "argilla", "argilla, flattened", "prodigy", "doccano")
WHOLE_FORMS = ("jsonl", "csv", "parquet", "label-studio", "prodigy")

# ---- any file at all ---------------------------------------------------------------------------------------------------

_MODES = sorted(mode for axis in AXIS_NAMES for mode in MODES[axis])
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats()
    | st.sampled_from(
        [*_MODES, *AXIS_NAMES, "accept", "submitted", "draft", "i0", TEXT, "2026-03-01T10:00:00Z", "hard", "\ud800"]
    )
    | st.text(max_size=8)
)
_KEYS = st.sampled_from(
    [
        *("value", "values", "choices", "number", "text", "user_id", "status", "per_mille", "kind", "rebracket"),
        *("temporal.responses", "temporal.responses.users", "types.responses", "types.responses.status", *AXIS_NAMES),
    ]
)
VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3), max_leaves=6
)
_HARD = {"kind": "hard", "per_mille": [1000, 0, 0]}
_RESULT = {"from_name": "temporal", "type": "choices", "value": {"choices": ["past"]}}
PLAIN: dict[str, dict[str, Any]] = {
    "jsonl": {
        **{
            "label_id": "a",
            "item_id": "i0",
            "annotator": "u",
            "round": 1,
            "client_time": "",
            "server_time": "",
            "active_s": 1.5,
        },
        "value": {**dict.fromkeys(AXIS_NAMES, _HARD), "types": None, "confidence": None, "note": "", "flag": False},
        "text": TEXT,
    },
    "label-studio": {
        **{"id": 1, "data": {"text": TEXT}, "meta": {}},
        "annotations": [{"id": 1, "completed_by": 5, "created_at": "", "lead_time": 1, "result": [_RESULT]}],
    },
    "argilla": {
        **{"id": "1", "fields": {"text": TEXT}, "metadata": {}},
        "responses": {"temporal": [{"value": "past", "user_id": "u", "status": "submitted"}]},
    },
    "argilla, flattened": {
        **{
            "id": "1",
            "text": TEXT,
            "status": "completed",
            "temporal.suggestion": "past",
            "temporal.responses": ["past", "future"],
        },
        **{"temporal.responses.users": ["u", "v"], "temporal.responses.status": ["submitted", "submitted"]},
    },
    "prodigy": {"text": TEXT, "accept": ["past"], "answer": "accept", "_annotator_id": "u", "_timestamp": 5, "meta": {}},
    "doccano": {"id": 1, "text": TEXT, "label": ["past"], "Comments": [], "username": "u"},
}


@st.composite
def entries(draw: st.DrawFn, form: str) -> list[Any]:
    """Entries of a form, some with a field, at any depth, that holds something else."""
    found: list[Any] = []
    for _ in range(draw(st.integers(1, 4))):
        entry: Any = json.loads(json.dumps(PLAIN[form]))
        for _ in range(draw(st.integers(0, 2))):
            node = entry
            while True:
                keys = list(node) if isinstance(node, dict) else list(range(len(node)))
                if not keys:
                    break
                key = draw(st.sampled_from(keys))
                if isinstance(node[key], (dict, list)) and draw(st.booleans()):
                    node = node[key]
                    continue
                node[key] = draw(VALUES)
                break
        found.append(draw(st.just(entry) | st.just(entry) | st.just(entry) | VALUES))
    return found


@pytest.fixture(scope="module")
def project() -> LabelSession:
    session = LabelSession.open("sqlite:///:memory:")
    enrol(session, "Rev")
    create_project(session, NewProject("One", [NewItem("i0", TEXT), NewItem("i1", "Another text.")]), by="rev")
    return session


def _read(form: str, data: bytes) -> Reading | None:
    form = form.partition(",")[0]
    try:
        return LABEL_FORMATS.get(form).read(data, name=f"labels{LABEL_FORMATS.get(form).suffix}")
    except DataError as error:
        assert error.message and error.hint
        return None


@QUICK
@given(st.data())
@pytest.mark.parametrize("form", JSON_FORMS)
def test_every_entry_is_imported_or_skipped_by_name(form: str, project: LabelSession, data: st.DataObject) -> None:
    rows = data.draw(entries(form))
    file = json.dumps(rows).encode()
    found = _read(form, file)
    if found is None:
        assert not any(isinstance(row, dict) for row in rows)
        return
    assert len(found.drafts) + len(found.skipped) >= len(rows)
    assert all(skip.where and skip.reason for skip in found.skipped)
    back = import_labels(project, "one", data=file, name="f.json", by="rev", format_name=form.partition(",")[0])
    n_done = back.n_saved + back.n_revised + back.n_already
    assert n_done + len(back.skipped) == len(found.drafts) + len(found.skipped)
    json.dumps(back.to_dict(), ensure_ascii=False).encode()


@QUICK
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
@pytest.mark.parametrize("form", LABEL_FORMATS.names)
def test_any_bytes_are_read_or_refused(form: str, data: bytes) -> None:
    _read(form, data)
    _read(form, b"PK\x03\x04" + data)
    _read(form, b"PAR1" + data + b"PAR1")


@QUICK
@given(st.data())
def test_every_row_of_a_csv_is_imported_or_skipped_by_name(project: LabelSession, data: st.DataObject) -> None:
    written = LABEL_FORMATS.get("csv").write(data.draw(st.lists(ROWS, min_size=1, max_size=3))).data.decode("utf-8-sig")
    parts = data.draw(st.lists(st.sampled_from([",", '"', "\r\n", "9", "=", "hard", ""]), min_size=1, max_size=4))
    at = data.draw(st.integers(0, len(written)))
    found = _read("csv", (written[:at] + "".join(parts) + written[at:]).encode())
    if found is not None:
        assert all(skip.where.startswith("row ") and skip.reason for skip in found.skipped)
        assert found.drafts or found.skipped


CELLS = st.sampled_from(
    ["past", "temporal:past#type:causal", "#", "past##future", "mood", "", TEXT, "Another text.", "a,b", 'say "so"', "\ud800"]
) | st.text(max_size=6)


@QUICK
@given(st.lists(st.lists(CELLS, min_size=1, max_size=6), min_size=1, max_size=4), st.sampled_from(",;\t|"), st.data())
def test_every_row_of_doccanos_csv_is_imported_or_skipped_by_name(
    project: LabelSession, rows: list[list[str]], delimiter: str, data: st.DataObject
) -> None:
    out = io.StringIO(newline="")
    header = data.draw(st.permutations(["id", "text", "label", "Comments"]))
    csv.writer(out, delimiter=delimiter).writerows([header, *rows])
    file = out.getvalue().encode("utf-8", "replace")
    found = _read("doccano", file)
    assert found is not None and len(found.drafts) + len(found.skipped) == sum(any(c.strip() for c in row) for row in rows)
    assert all(skip.where.startswith("row ") and skip.reason for skip in found.skipped)
    back = import_labels(project, "one", data=file, name="ben.csv", by="rev", format_name="doccano")
    n_done = back.n_saved + back.n_revised + back.n_already
    assert n_done + len(back.skipped) == len(found.drafts) + len(found.skipped)


@QUICK
@given(st.lists(st.tuples(st.sampled_from(["past", "present", "future"]), st.booleans()), max_size=5, unique_by=lambda p: p[0]))
def test_a_flattened_record_says_what_the_nested_one_says(answers: list[tuple[str, bool]]) -> None:
    users = [f"user {mode}" for mode, _ in answers]
    states = ["submitted" if kept else "discarded" for _, kept in answers]
    nested = [{"value": m, "user_id": u, "status": s} for (m, _), u, s in zip(answers, users, states, strict=True)]
    record = {"id": "1", "fields": {"text": TEXT}, "metadata": {}, "responses": {"temporal": nested}}
    flat = {
        **{"id": "1", "text": TEXT, "temporal.responses": [mode for mode, _ in answers]},
        **{"temporal.responses.users": users, "temporal.responses.status": states},
    }
    assert _read("argilla", json.dumps([flat]).encode()) == _read("argilla", json.dumps([record]).encode())


# ---- own exports -------------------------------------------------------------------------------------------------------

STORED = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12) | st.sampled_from(
    ["'=1", "=1+1", "'", "''", "-2\r\n+3", "\r", "a;b,c", 'say "so"', "\u2028", "yes", "cannot tell", "1,5"]
)
NAMES = STORED.filter(lambda name: bool(name.strip()))
SECONDS = st.floats(0, 1e6, allow_nan=False)
MOMENTS = st.datetimes().map(lambda at: f"{at.isoformat(timespec='milliseconds')}+00:00")


@st.composite
def axis_labels(draw: st.DrawFn) -> AxisLabel:
    first = draw(st.integers(0, 1000))
    second = draw(st.integers(0, 1000 - first))
    return draw(st.sampled_from([AxisLabel.abstain(), AxisLabel.of((first, second, 1000 - first - second))]))


def _values(axes: st.SearchStrategy[AxisLabel]) -> st.SearchStrategy[LabelValue]:
    types = st.none() | st.frozensets(st.sampled_from(TYPE_NAMES))
    confidence = st.none() | st.integers(0, 1000)
    return st.builds(LabelValue, axes, axes, axes, types=types, confidence=confidence, note=STORED, flag=st.booleans())


@st.composite
def rows_of(draw: st.DrawFn, axes: st.SearchStrategy[AxisLabel]) -> Row:
    text = draw(STORED)
    item = Item("one", draw(NAMES), text, text_digest(text), title=draw(STORED), group_id=draw(STORED))
    label = Label(
        str(draw(st.uuids())),
        "one",
        item.item_id,
        item.text_digest,
        draw(NAMES),
        draw(st.integers(1, 3)),
        draw(_values(axes)),
        draw(MOMENTS),
        draw(st.sampled_from(["2026-03-01T10:00:00.000+00:00", "2026-03-02T10:00:00.000+00:00"])),
        draw(st.integers(0, 9)),
        shown_run=draw(STORED),
        shown_at=draw(STORED),
        active_s=draw(SECONDS),
    )
    return Row(label, item)


ROWS = rows_of(axis_labels())
HARD_ROWS = rows_of(
    st.sampled_from([AxisLabel.abstain(), *(AxisLabel.of(s) for s in ((1000, 0, 0), (0, 1000, 0), (0, 0, 1000)))])
)
FIELDS = ("label_id", "annotator", "round", "value", "client_time", "server_time", "guideline_version", "active_s")


@QUICK
@given(st.lists(ROWS, max_size=4, unique_by=lambda row: row.item.item_id))
@pytest.mark.parametrize("form", WHOLE_FORMS)
def test_what_a_whole_form_wrote_is_read_equal(form: str, rows: list[Row]) -> None:
    found = _read(form, LABEL_FORMATS.get(form).write(rows).data)
    assert found is not None and not found.skipped and not found.taken_as
    assert [[getattr(d, name) for name in FIELDS] for d in found.drafts] == [
        [getattr(row.label, name) for name in FIELDS] for row in rows
    ]
    for draft, row in zip(found.drafts, rows, strict=True):
        assert (draft.item_id, draft.text_digest) == (row.item.item_id, row.item.text_digest)
        assert (draft.shown_run, draft.shown_at) == (row.label.shown_run, row.label.shown_at)


@QUICK
@given(st.lists(ROWS, max_size=4, unique_by=lambda row: row.item.item_id))
def test_argilla_keeps_every_answer(rows: list[Row]) -> None:
    found = _read("argilla", LABEL_FORMATS.get("argilla").write(rows).data)
    assert found is not None and not found.skipped and not found.taken_as
    assert [(d.item_id, d.annotator, d.value) for d in found.drafts] == [
        (row.item.item_id, row.label.annotator, row.label.value) for row in rows
    ]


@QUICK
@given(st.lists(HARD_ROWS, min_size=1, max_size=4, unique_by=lambda row: row.item.item_id))
def test_doccano_keeps_every_hard_answer(rows: list[Row]) -> None:
    found = _read("doccano", LABEL_FORMATS.get("doccano").write(rows).data)
    assert found is not None and not found.skipped and not found.taken_as
    expected = {row.item.item_id: (row.label.annotator, replace(row.label.value, confidence=None)) for row in rows}
    assert {d.item_id: (d.annotator, d.value) for d in found.drafts} == expected


def _project(labels: bytes, form: str) -> LabelSession:
    session = LabelSession.open("sqlite:///:memory:")
    enrol(session, "Rev")
    create_project(session, NewProject("One", [NewItem(f"i{k}", text) for k, text in enumerate(TEXTS)]), by="rev")
    back = import_labels(session, "one", data=labels, name=f"x{LABEL_FORMATS.get(form).suffix}", by="rev", format_name=form)
    assert not back.skipped
    return session


@settings(QUICK, max_examples=8)
@given(st.lists(ROWS, min_size=1, max_size=5, unique_by=lambda row: caseless_name(row.label.annotator)))
@pytest.mark.parametrize("form", [*WHOLE_FORMS, "argilla"])
def test_a_project_exported_and_imported_is_the_same(form: str, rows: list[Row]) -> None:
    usable = [
        row for row in rows if not caseless_name(row.label.annotator).startswith("(") and caseless_name(row.label.annotator)
    ]
    placed = []
    for k, row in enumerate(usable):
        item = Item("one", f"i{k % len(TEXTS)}", TEXTS[k % len(TEXTS)], text_digest(TEXTS[k % len(TEXTS)]))
        own = replace(row.label, item_id=item.item_id, text_digest=item.text_digest, round=1)
        placed.append(Row(own, item))
    source = _project(LABEL_FORMATS.get("jsonl").write(placed).data, "jsonl")
    there = list_labels(source, "one")
    assert len(there) == len(placed)
    again = _project(export_labels(source, "one", format_name=form).data, form)
    names = ("item_id", "annotator", "value") if form == "argilla" else FIELDS
    fields = [[getattr(label, name) for name in names] for label in there]
    assert [[getattr(label, name) for name in names] for label in list_labels(again, "one")] == fields
    source.close()
    again.close()


def test_the_project_of_these_tests_took_labels(project: LabelSession) -> None:
    file = json.dumps([PLAIN["jsonl"]]).encode()
    import_labels(project, "one", data=file, name="g.json", by="rev")
    assert list_labels(project, "one")
