"""Labels as other tools, spreadsheets and people's own hands leave them: taken as meant, or skipped by entry and field."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rebracket_core.annotation import AxisLabel, Label, LabelSession, LabelValue, NewItem, NewProject, Submission
from rebracket_core.annotation.database.values import iso_of
from rebracket_core.annotation.events.consistency import check_consistency
from rebracket_core.annotation.formats import Imported, export_labels, import_labels
from rebracket_core.annotation.labelling import submit_labels
from rebracket_core.annotation.people import enrol, list_people
from rebracket_core.annotation.projects import create_project
from rebracket_core.annotation.queries import list_items, list_labels
from rebracket_core.errors import DataError, InputError

BELL = "A bell cast in 1911 hung in the drowned tower."
TWO_LINES = "A bell cast in 1911\nhung in the tower."
TEXTS = (BELL, TWO_LINES, "\u00c9l\u00e8ve, she heard it \u2014 9,5 \u20ac", "'-2+3 were chalked on the hull")
PAST, PRESENT, FUTURE = (AxisLabel.hard("temporal", mode) for mode in ("past", "present", "future"))
VALUE = LabelValue(
    PAST,
    AxisLabel.of((334, 333, 333)),
    AxisLabel.abstain(),
    types=frozenset({"memory", "causal"}),
    confidence=650,
    note="'=a; n\u00f6te\nsecond",
    flag=True,
)
Sessions = Callable[[str], LabelSession]


@pytest.fixture
def new_session(tmp_path: Path) -> Iterator[Sessions]:
    made = []

    def make(name: str) -> LabelSession:
        session = LabelSession.open(f"sqlite:///{tmp_path / name}.db")
        made.append(session)
        enrol(session, "Rev")
        create_project(session, NewProject("One", [NewItem(f"i{k}", text) for k, text in enumerate(TEXTS)]), by="rev")
        return session

    yield make
    for session in made:
        assert check_consistency(session) == []
        session.close()


@pytest.fixture
def session(new_session: Sessions) -> LabelSession:
    return new_session("one")


@pytest.fixture
def labelled(new_session: Sessions) -> LabelSession:
    session = new_session("labelled")
    items = {item.item_id: item for item in list_items(session, "one")}
    for who in ("rev", "bo@example.org"):
        enrol(session, who)
        sent = [
            Submission(f"{who}-{k}", f"i{k}", 1, items[f"i{k}"].text_digest, VALUE, f"2026-03-0{k + 1}T10:00:00Z", active_s=2.5)
            for k in range(len(TEXTS))
        ]
        submit_labels(session, "one", submissions=sent, by=who)
    return session


def take(session: LabelSession, data: Any, name: str = "labels.json") -> Imported:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return import_labels(session, "one", data=raw, name=name, by="rev")


def lines(*rows: Any) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def temporal(session: LabelSession) -> dict[tuple[str, str], AxisLabel]:
    return {(label.item_id, label.annotator): label.value.temporal for label in list_labels(session, "one")}


def essence(label: Label) -> tuple[object, ...]:
    return label.label_id, label.item_id, label.annotator, label.round, label.value, label.client_time, label.active_s


# ---- what is no label --------------------------------------------------------------------------------------------------


def test_argilla_answers_that_were_discarded_or_are_drafts_are_no_labels(session: LabelSession) -> None:
    answers = [("past", "u1", "discarded"), ("future", "u2", "draft"), ("present", "u3", "submitted")]
    responses = {"temporal": [{"value": v, "user_id": u, "status": s} for v, u, s in answers]}
    back = take(session, [{"id": "1", "fields": {"text": BELL}, "metadata": {}, "responses": responses}])
    assert temporal(session) == {("i0", "u3"): PRESENT}
    assert [(one.where, one.reason.rpartition(" ")[2]) for one in back.skipped] == [
        ("record 1, user u1", "discarded"),
        ("record 1, user u2", "draft"),
    ]


def test_so_are_those_of_argillas_first_version(session: LabelSession) -> None:
    def answer(user: str, mode: str, status: str) -> dict[str, Any]:
        return {"user_id": user, "values": {"temporal": {"value": mode}}, "status": status}

    given = [
        answer("a", "past", "submitted"),
        answer("b", "future", "draft"),
        {"user_id": "c", "values": None, "status": "discarded"},
    ]
    back = take(session, [{"external_id": "x9", "fields": {"text": BELL}, "responses": given}])
    assert back.format_name == "argilla" and temporal(session) == {("i0", "a"): PAST}
    assert [one.where for one in back.skipped] == ["record x9, user b", "record x9, user c"]


def test_a_text_classification_of_argilla_counts_when_it_was_validated(session: LabelSession) -> None:
    def record(k: int, status: str, annotation: Any) -> dict[str, Any]:
        return {
            "id": f"r{k}",
            "inputs": {"text": TEXTS[k]},
            "prediction": [["future", 0.9]],
            "annotation": annotation,
            "annotation_agent": "ada",
            "status": status,
        }

    rows = [
        record(0, "Validated", "past"),
        record(1, "Default", "past"),
        record(2, "Validated", None),
        record(3, "Discarded", "past"),
    ]
    back = take(session, lines(*rows), "a.jsonl")
    assert temporal(session) == {("i0", "ada"): PAST}
    assert [one.where for one in back.skipped] == ["record r1, user ada", "record r2", "record r3, user ada"]


def test_cancelled_rejected_and_unanswered_are_no_labels_and_named(session: LabelSession) -> None:
    tasks = [
        {"id": 1, "data": {"text": BELL}, "annotations": []},
        {"id": 2, "data": {"text": BELL}, "annotations": None},
        {"id": 3, "data": {"text": BELL}, "annotations": [{"id": 7, "was_cancelled": True, "result": []}], "drafts": [{}]},
    ]
    back = take(session, tasks)
    assert [one.where for one in back.skipped] == ["task 1", "task 2", "task 3, annotation 7"] and back.n_saved == 0
    answers = [{"text": BELL, "accept": ["past"], "answer": word} for word in ("reject", "ignore", None)]
    assert [one.where for one in take(session, lines(*answers), "p.jsonl").skipped] == ["line 1", "line 2", "line 3"]


# ---- entries in a shape that nobody expects ----------------------------------------------------------------------------

GOOD: dict[str, dict[str, Any]] = {
    "label-studio": {
        "id": 99,
        "data": {"text": BELL},
        "annotations": [{"id": 1, "completed_by": 5, "result": [{"from_name": "temporal", "value": {"choices": ["past"]}}]}],
    },
    "argilla": {"id": "99", "fields": {"text": BELL}, "responses": {"temporal": [{"value": "past", "user_id": "u"}]}},
    "prodigy": {"text": BELL, "accept": ["past"], "answer": "accept", "_annotator_id": "u"},
    "doccano": {"id": 99, "text": BELL, "label": ["past"]},
}
ODD: list[tuple[str, str, dict[str, Any]]] = [
    (
        "label-studio",
        "temporal choices",
        {"annotations": [{"result": [{"from_name": "temporal", "value": {"choices": None}}]}]},
    ),
    (
        "label-studio",
        "temporal choices",
        {"annotations": [{"result": [{"from_name": "temporal", "value": {"choices": [{}]}}]}]},
    ),
    ("label-studio", "annotations", {"annotations": {"1": {}}}),
    ("label-studio", "annotations", {"annotations": [None]}),
    ("label-studio", "result", {"annotations": [{"result": "past"}]}),
    ("label-studio", "result", {"annotations": [{"result": [7]}]}),
    ("label-studio", "value", {"annotations": [{"result": [{"value": []}]}]}),
    ("label-studio", "data", {"data": [BELL]}),
    ("label-studio", "text", {"data": {"text": {"en": BELL}}}),
    ("label-studio", "meta", {"meta": "none"}),
    ("label-studio", "rebracket", {"meta": {"rebracket": [1]}}),
    ("argilla", "responses", {"responses": "past"}),
    ("argilla", "responses", {"responses": [None]}),
    ("argilla", "values", {"responses": [{"user_id": "u", "values": ["past"], "status": "submitted"}]}),
    ("argilla", "temporal", {"responses": {"temporal": {"value": "past"}}}),
    ("argilla", "temporal", {"responses": {"temporal": ["past"]}}),
    ("argilla", "temporal", {"responses": {"temporal": [{"value": {"start": 0, "label": "past"}, "user_id": "u"}]}}),
    ("argilla", "user_id", {"responses": {"temporal": [{"value": "past", "user_id": ["u"]}]}}),
    ("argilla", "fields", {"fields": [BELL]}),
    ("argilla", "annotators", {"metadata": {"annotators": 5}}),
    ("prodigy", "accept", {"accept": {"past": True}}),
    ("prodigy", "accept", {"accept": [["past"]]}),
    ("prodigy", "_timestamp", {"_timestamp": 1e300}),
    ("prodigy", "_timestamp", {"_timestamp": "yesterday"}),
    ("prodigy", "_timestamp", {"_timestamp": float("nan")}),
    ("prodigy", "_annotator_id", {"_annotator_id": {"name": "u"}}),
    ("prodigy", "meta", {"meta": ["i0"]}),
    ("prodigy", "value", {"rebracket": {"value": [1]}}),
    ("doccano", "label", {"label": [[0, 4, "past"]]}),
    ("doccano", "label", {"label": {"past": 1}}),
    ("doccano", "Comments", {"label": ["past"], "Comments": [{"text": "hm"}]}),
    ("doccano", "text", {"text": [BELL]}),
]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(("form", "field", "odd"), ODD)
def test_an_odd_entry_is_skipped_by_name_and_field_and_the_rest_is_taken(
    form: str, field: str, odd: dict[str, Any], first: bool, session: LabelSession
) -> None:
    entry = GOOD[form] | {"id": 7} | odd
    rows = [entry, GOOD[form]] if first else [GOOD[form], entry]
    back = take(session, lines(*rows), "labels.jsonl")
    assert (back.format_name, back.n_saved, len(back.skipped)) == (form, 1, 1)
    (skip,) = back.skipped
    assert f"{field}: " in skip.reason and "Expected" in skip.reason
    assert any(word in skip.where for word in ("task 7", "record 7", f"line {1 if first else 2}"))


@pytest.mark.parametrize("odd", [None, 5, "past", ["past"], True])
@pytest.mark.parametrize("form", GOOD)
def test_an_entry_that_is_no_object_is_skipped(form: str, odd: Any, session: LabelSession) -> None:
    back = take(session, [odd, GOOD[form]])
    assert (back.format_name, back.n_saved, [one.where for one in back.skipped]) == (form, 1, ["entry 1"])
    back = take(session, lines(GOOD[form]) + b"{broken\n" + lines(odd))
    assert (back.n_already, [one.where for one in back.skipped]) == (1, ["line 2", "line 3"])


def test_names_times_and_texts_that_no_database_holds(session: LabelSession) -> None:
    rows = [
        GOOD["prodigy"] | {"_annotator_id": "half \ud800 pair"},
        GOOD["prodigy"] | {"_annotator_id": "(training)"},
        GOOD["prodigy"] | {"_annotator_id": "\u200b"},
        GOOD["prodigy"] | {"_annotator_id": "n" * 201},
        GOOD["prodigy"] | {"accept": ["past", "\ud800"], "_annotator_id": "v"},
    ]
    back = take(session, lines(*rows), "names \udcff.jsonl")
    assert back.n_saved == 2 and [one.where for one in back.skipped] == ["line 2", "line 3", "line 4"]
    assert all(one.reason.startswith("annotator: ") for one in back.skipped)
    assert json.dumps(back.to_dict(), ensure_ascii=False).encode()


OWN_ODD: list[tuple[str, dict[str, Any]]] = [
    ("temporal", {"value": {"temporal": None}}),
    ("temporal", {"value": {"temporal": {"kind": ["hard"], "per_mille": [1000, 0, 0]}}}),
    ("temporal", {"value": {"temporal": {"kind": "hard", "per_mille": "100"}}}),
    ("value", {"value": "past"}),
    ("types", {"value": {"types": "memory"}}),
    ("types", {"value": {"types": [{}]}}),
    ("flag", {"value": {"flag": "no"}}),
    ("note", {"value": {"note": {"a": 1}}}),
    ("confidence", {"value": {"confidence": 0.5}}),
    ("round", {"round": 1.5}),
    ("round", {"round": 10**30}),
    ("guideline_version", {"guideline_version": -1}),
    ("server_time", {"server_time": "soon"}),
    ("server_time", {"server_time": "0001-01-01T00:00:00+23:00"}),
    ("active_s", {"active_s": float("inf")}),
    ("active_s", {"active_s": "two"}),
    ("annotator", {"annotator": ["ada"]}),
    ("label_id", {"label_id": {"id": 1}}),
    ("client_time", {"client_time": [2026]}),
]


@pytest.mark.parametrize(("field", "odd"), OWN_ODD)
def test_our_own_lines_with_an_odd_field(
    field: str, odd: dict[str, Any], labelled: LabelSession, session: LabelSession
) -> None:
    rows = [json.loads(line) for line in export_labels(labelled, "one", format_name="jsonl").data.splitlines()]
    change = {"value": rows[0]["value"] | odd["value"]} if isinstance(odd.get("value"), dict) else odd
    rows[0] |= change
    back = take(session, lines(*rows), "own.jsonl")
    assert back.n_saved == len(rows) - 1
    assert [one.where for one in back.skipped] == ["line 1"] and f"{field}: " in back.skipped[0].reason


def test_a_moment_outside_the_calendar_is_refused() -> None:
    for text in ("9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+23:00"):
        with pytest.raises(InputError, match="moment"):
            iso_of(text)


def test_a_parquet_table_with_columns_of_another_kind(labelled: LabelSession, session: LabelSession) -> None:
    table = pq.read_table(io.BytesIO(export_labels(labelled, "one", format_name="parquet").data))
    n = len(table)
    frame = table.set_column(
        table.schema.get_field_index("confidence"), "confidence", pa.array([650.0] * n, pa.float64())
    )  # as a data frame with gaps
    notes = pa.array([["a"], *[None] * (n - 1)], pa.list_(pa.string()))
    frame = frame.set_column(frame.schema.get_field_index("note"), "note", notes)
    sink = io.BytesIO()
    pq.write_table(frame, sink)
    back = take(session, sink.getvalue(), "labels.parquet")
    assert back.n_saved == n - 1 and [one.where for one in back.skipped] == ["row 1"] and "note: " in back.skipped[0].reason
    assert {label.value.confidence for label in list_labels(session, "one")} == {650}


def test_a_broken_file_in_a_zip_is_named_and_the_others_are_taken(session: LabelSession) -> None:
    def packed(**files: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, data in files.items():
                archive.writestr(f"{name}.jsonl", data)
        return out.getvalue()

    back = take(session, packed(ann=lines(GOOD["doccano"]), bo=b"{broken"), "d.zip")
    assert back.n_saved == 1 and [one.where for one in back.skipped] == ["bo.jsonl"]
    with pytest.raises(DataError):
        take(session, packed(bo=b"{broken"), "d.zip")


# ---- several answers of one person -------------------------------------------------------------------------------------


def answered(mode: str, at: int | None, who: str = "ben") -> dict[str, Any]:
    row = GOOD["prodigy"] | {"accept": [f"temporal:{mode}"], "_annotator_id": who}
    return row if at is None else row | {"_timestamp": at}


@pytest.mark.parametrize("newer_first", [True, False])
def test_the_newest_answer_of_a_person_counts_by_its_own_time(newer_first: bool, session: LabelSession) -> None:
    rows = [answered("past", 1_700_000_200), answered("future", 1_700_000_100)]
    back = take(session, lines(*(rows if newer_first else rows[::-1])), "p.jsonl")
    assert temporal(session) == {("i0", "ben"): PAST} and (back.n_saved, back.n_revised) == (1, 0)
    (skip,) = back.skipped
    assert skip.where == f"line {2 if newer_first else 1}" and f"newer answer at line {1 if newer_first else 2}" in skip.reason


def test_the_newest_of_two_annotations_of_a_user_in_label_studio(session: LabelSession) -> None:
    def annotation(number: int, mode: str, **times: str) -> dict[str, Any]:
        return {"id": number, "completed_by": 5, "result": [{"from_name": "temporal", "value": {"choices": [mode]}}], **times}

    given = [
        annotation(1, "future", created_at="2026-03-01T10:00:00Z", updated_at="2026-03-09T10:00:00Z"),  # corrected later
        annotation(2, "past", created_at="2026-03-02T10:00:00Z", updated_at="2026-03-02T10:00:00Z"),
    ]
    back = take(session, [{"id": 1, "data": {"text": BELL}, "annotations": given}])
    assert temporal(session) == {("i0", "label studio user 5"): FUTURE}
    assert [one.where for one in back.skipped] == ["task 1, annotation 2"]


def test_without_times_the_last_counts_and_that_is_told(session: LabelSession) -> None:
    back = take(session, lines(answered("past", None), answered("future", None), answered("present", 5)), "p.jsonl")
    assert temporal(session) == {("i0", "ben"): PRESENT} and len(back.skipped) == 2
    back = take(session, lines(answered("past", None, "cy"), answered("future", None, "cy")), "q.jsonl")
    assert temporal(session)["i0", "cy"] == FUTURE and "no time" in back.skipped[0].reason
    back = take(session, lines(answered("past", None, "dy"), answered("past", None, "dy")), "r.jsonl")
    assert "same answer at line 2" in back.skipped[0].reason


def test_an_older_file_does_not_undo_a_newer_answer(session: LabelSession) -> None:
    take(session, lines(answered("past", 1_700_000_200)), "new.jsonl")
    back = take(session, lines(answered("future", 1_700_000_100)), "old.jsonl")
    assert temporal(session) == {("i0", "ben"): PAST} and "newer answer that the project has" in back.skipped[0].reason
    back = take(session, lines(answered("present", 1_700_000_300)), "newest.jsonl")
    assert temporal(session) == {("i0", "ben"): PRESENT} and back.n_revised == 1
    assert take(session, lines(answered("present", 1_700_000_300)), "renamed.jsonl").n_already == 1


def test_one_person_typed_in_two_ways_has_one_label(session: LabelSession) -> None:
    rows = [
        answered("past", 200, "\u00f6zil"),
        answered("future", 100, "o\u0308zil"),
        answered("present", 50, "\u00d6zil\u200b"),
    ]
    back = take(session, lines(*rows), "p.jsonl")
    assert temporal(session) == {("i0", "\u00f6zil"): PAST} and len(back.skipped) == 2
    assert [person.person_id for person in list_people(session)] == ["rev", "\u00f6zil"]


def test_an_answer_that_label_studio_changed_since_the_export_counts(labelled: LabelSession) -> None:
    tasks = json.loads(export_labels(labelled, "one", format_name="label-studio").data)
    note = {"from_name": "temporal", "type": "choices", "value": {"choices": ["future"]}}
    changed = tasks[0]["annotations"][0]
    changed["result"] = [note if one["from_name"] == "temporal" else one for one in changed["result"]]
    changed["updated_at"] = "2027-01-01T00:00:00Z"
    back = take(labelled, tasks)
    assert (back.n_revised, back.n_saved, back.skipped) == (1, 0, ())
    assert temporal(labelled)["i0", changed["completed_by"]["email"]] == FUTURE
    assert take(labelled, tasks).n_already == 2 * len(TEXTS)


def test_options_that_prodigy_changed_since_the_export_count(labelled: LabelSession) -> None:
    rows = [json.loads(line) for line in export_labels(labelled, "one", format_name="prodigy").data.splitlines()]
    rows[0] |= {"accept": ["temporal:future", "spatial:thing", "ontological:known"], "_timestamp": 1_900_000_000}
    back = take(labelled, lines(*rows), "p.jsonl")
    assert (back.n_revised, back.n_already) == (1, len(rows) - 1)
    assert any("accepted since the export" in what for what in back.taken_as)
    assert temporal(labelled)["i0", rows[0]["_annotator_id"]] == FUTURE


# ---- texts as other tools give them back -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "A bell cast in 1911\r\nhung in the tower. ",
        "A bell cast in 1911 hung in the tower.",
        "A\u00a0bell cast in 1911\nhung in the tower.",
        "\ufeffA bell cast in 1911\n\nhung in the\u200b tower.\n",
    ],
)
def test_a_text_is_found_whatever_its_blanks(text: str, session: LabelSession) -> None:
    back = take(session, lines(GOOD["prodigy"] | {"text": text}), "p.jsonl")
    assert temporal(session) == {("i1", "u"): PAST} and back.skipped == ()
    assert any("blanks" in what for what in back.taken_as)


@pytest.mark.parametrize(
    "text", ["a bell cast in 1911 hung in the tower.", "A bell cast in 1911 hung in the tower", "", "\u200b"]
)
def test_another_text_is_not_found(text: str, session: LabelSession) -> None:
    back = take(session, lines(GOOD["prodigy"] | {"text": text}), "p.jsonl")
    assert back.n_saved == 0 and "no item of this text" in back.skipped[0].reason


def test_an_accent_composed_in_another_way_is_the_same_text(session: LabelSession) -> None:
    take(session, lines(GOOD["doccano"] | {"text": "E\u0301le\u0300ve, she heard it \u2014 9,5 \u20ac"}), "d.jsonl")
    assert list(temporal(session)) == [("i2", "d")]


def test_texts_that_differ_in_blanks_alone_need_an_id(tmp_path: Path) -> None:
    session = LabelSession.open(f"sqlite:///{tmp_path / 'twins.db'}")
    enrol(session, "Rev")
    create_project(session, NewProject("One", [NewItem("a", "one  bell"), NewItem("b", "one\nbell")]), by="rev")
    back = take(session, lines(GOOD["prodigy"] | {"text": "one bell"}), "p.jsonl")
    assert back.n_saved == 0 and "an id is needed" in back.skipped[0].reason
    take(session, lines(GOOD["prodigy"] | {"text": "one bell", "meta": {"id": "b"}}), "p.jsonl")
    assert list(temporal(session)) == [("b", "u")]
    session.close()


# ---- a labels CSV that a spreadsheet saved -----------------------------------------------------------------------------


def saved_again(data: bytes, *, delimiter: str, encoding: str, comma: bool = False) -> bytes:
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    at = rows[0].index("active_s")
    out = io.StringIO(newline="")
    for row in rows:
        cells = [cell.replace(".", ",") if comma and k == at else cell for k, cell in enumerate(row)]
        csv.writer(out, delimiter=delimiter).writerow(cells)
    return out.getvalue().encode(encoding)


@pytest.mark.parametrize(
    ("delimiter", "encoding"),
    [
        (";", "utf-8-sig"),
        (";", "cp1252"),
        (",", "cp1252"),
        ("\t", "utf-16"),
        (";", "utf-16-le"),
        ("|", "utf-8"),
        (",", "utf-8"),
    ],
)
@pytest.mark.parametrize("comma", [True, False])
def test_a_csv_comes_back_as_a_spreadsheet_saved_it(
    delimiter: str, encoding: str, comma: bool, labelled: LabelSession, session: LabelSession
) -> None:
    data = export_labels(labelled, "one", format_name="csv").data
    back = take(session, saved_again(data, delimiter=delimiter, encoding=encoding, comma=comma), "labels.csv")
    assert (back.n_saved, back.skipped) == (2 * len(TEXTS), ())
    assert [essence(label) for label in list_labels(session, "one")] == [
        essence(label) for label in list_labels(labelled, "one")
    ]
    assert bool(back.taken_as) == (encoding == "cp1252")


def test_what_else_a_spreadsheet_adds(labelled: LabelSession, session: LabelSession) -> None:
    text = saved_again(export_labels(labelled, "one", format_name="csv").data, delimiter=";", encoding="utf-8").decode()
    header, _, rest = text.partition("\r\n")
    blank = ";" * header.count(";") + "\r\n"
    names = header.replace("temporal_past", " temporal_past ")
    rest = rest.replace(";1000;0;0;", ";1000,0;0,0;0;")  # whole numbers shown with decimals
    back = take(session, f"sep=;\r\n{names};;\r\n{rest}{blank}{blank}".encode(), "labels.csv")
    assert (back.n_saved, back.skipped) == (2 * len(TEXTS), ())


def test_a_csv_that_swallows_its_rows_or_names_a_column_twice_is_refused(labelled: LabelSession, session: LabelSession) -> None:
    text = export_labels(labelled, "one", format_name="csv").data.decode("utf-8-sig")
    with pytest.raises(DataError, match="closed quotes"):
        take(session, text.replace("i2,", 'i2,"', 1).encode(), "labels.csv")
    with pytest.raises(DataError, match="twice"):
        take(session, text.replace("shown_run", "note", 1).encode(), "labels.csv")
    back = take(session, text.replace("\r\n", ",extra\r\n").replace(",extra", "", 1).encode(), "labels.csv")
    assert back.n_saved == 0 and len(back.skipped) == 2 * len(TEXTS) and "cells" in back.skipped[0].reason


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("temporal_past", "many"),
        ("temporal_kind", "firm"),
        ("types", "memory; mood"),
        ("flag", "maybe"),
        ("round", "1,5"),
        ("active_s", "02. Mai"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named(column: str, cell: str, labelled: LabelSession, session: LabelSession) -> None:
    rows = list(csv.reader(io.StringIO(export_labels(labelled, "one", format_name="csv").data.decode("utf-8-sig"), newline="")))
    rows[1][rows[0].index(column)] = cell
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    back = take(session, out.getvalue().encode(), "labels.csv")
    assert back.n_saved == len(rows) - 2 and [one.where for one in back.skipped] == ["row 2"]
    assert cell.rpartition(" ")[2] in back.skipped[0].reason and column.partition("_")[0] in back.skipped[0].reason


# ---- further forms of the tools ----------------------------------------------------------------------------------------


def test_json_min_and_completions_of_label_studio(session: LabelSession) -> None:
    small = {
        "text": BELL,
        "id": 1,
        "temporal": "past",
        "types": {"choices": ["causal", "memory"]},
        "mood": "merry",
        "annotator": 5,
        "annotation_id": 12,
        "created_at": "2026-03-01T10:00:00Z",
        "updated_at": "2026-03-02T10:00:00Z",
        "lead_time": 3.5,
    }
    assert take(session, [small], "min.json").n_saved == 1
    (label,) = list_labels(session, "one")
    assert (label.annotator, label.value.temporal, label.value.types) == ("label studio user 5", PAST, {"causal", "memory"})
    assert (label.active_s, label.client_time) == (3.5, "2026-03-02T10:00:00Z")
    old = {"id": 1, "data": {"text": TEXTS[1]}, "completions": GOOD["label-studio"]["annotations"]}
    assert take(session, [old], "old.json").n_saved == 1


def test_json_that_powershell_saved_and_one_task_over_several_lines(session: LabelSession) -> None:
    assert take(session, json.dumps([GOOD["label-studio"]]).encode("utf-16"), "a.json").n_saved == 1
    assert take(session, json.dumps(GOOD["argilla"], indent=2).encode(), "b.json").n_saved == 1
    row = GOOD["doccano"] | {"text": TEXTS[2]}
    back = take(session, json.dumps(row, ensure_ascii=False).encode("cp1252"), "c.jsonl")
    assert back.n_saved == 1 and any("cp1252" in what for what in back.taken_as)


def test_numbers_that_are_no_shares_are_named_and_not_passed_over(session: LabelSession) -> None:
    def number(name: str, value: Any) -> dict[str, Any]:
        return {"from_name": name, "type": "number", "value": {"number": value}}

    def task(k: int, *results: dict[str, Any]) -> dict[str, Any]:
        return {"id": k, "data": {"text": TEXTS[k]}, "annotations": [{"id": 1, "completed_by": 5, "result": list(results)}]}

    tasks = [
        task(0, number("temporal_past", 750.0), number("temporal_present", 250)),
        task(1, number("temporal_past", 500), number("temporal_present", 100)),
        task(2, number("confidence", 2000), GOOD["label-studio"]["annotations"][0]["result"][0]),
    ]
    back = take(session, tasks)
    assert temporal(session) == {("i0", "label studio user 5"): AxisLabel.of((750, 250, 0))}
    assert [one.reason.partition(":")[0] for one in back.skipped] == ["temporal numbers", "confidence"]


def test_people_of_any_name_come_back_from_doccano(new_session: Sessions) -> None:
    names = [".", "..", ".hidden", "__MACOSX", "a/b", "a_b", "A_B", "a_b-2", "   x", "\u00fc", "con", "n" * 100]
    source, to = new_session("source"), new_session("to")
    rows = [GOOD["doccano"] | {"annotator": name} for name in names]
    assert take(source, lines(*rows), "d.jsonl").n_saved == len(names) - 1  # A_B is a_b
    back = take(to, export_labels(source, "one", format_name="doccano").data, "d.zip")
    assert back.skipped == () and temporal(to) == temporal(source)
