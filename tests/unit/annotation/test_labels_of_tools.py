"""Argilla's flattened records and doccano's CSV: several people, odd entries by name and field, and no answer lost."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from rebracket_core.annotation import AxisLabel, LabelSession, LabelValue, NewItem, NewProject
from rebracket_core.annotation.formats import Imported, import_labels
from rebracket_core.annotation.formats.registry import detect
from rebracket_core.annotation.people import enrol
from rebracket_core.annotation.projects import create_project
from rebracket_core.annotation.queries import list_labels
from rebracket_core.errors import DataError

TEXTS = ("A bell cast in 1911 hung in the drowned tower.", 'She said: "one, two#three"\nand left.', "Plain.")
PAST, PRESENT, FUTURE = (AxisLabel.hard("temporal", mode) for mode in ("past", "present", "future"))
HEADER = ("id", "text", "label", "Comments")


@pytest.fixture
def session() -> Iterator[LabelSession]:
    session = LabelSession.open("sqlite:///:memory:")
    enrol(session, "Rev")
    create_project(session, NewProject("One", [NewItem(f"i{k}", text) for k, text in enumerate(TEXTS)]), by="rev")
    yield session
    session.close()


def take(session: LabelSession, data: Any, name: str = "labels.json", form: str | None = None) -> Imported:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return import_labels(session, "one", data=raw, name=name, by="rev", format_name=form)


def temporal(session: LabelSession) -> dict[tuple[str, str], AxisLabel]:
    return {(label.item_id, label.annotator): label.value.temporal for label in list_labels(session, "one")}


def table(*rows: Sequence[Any], header: Sequence[str] = HEADER, delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    """What pandas writes of such rows, as doccano has it do."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows([header, *rows])
    return out.getvalue().encode(encoding)


def packed(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(f"{name}.csv", data)
    return out.getvalue()


# ---- Argilla, flattened ------------------------------------------------------------------------------------------------


def flat(k: int = 0, **more: Any) -> dict[str, Any]:
    """A record as `to_list(flatten=True)` gives it."""
    record = {
        **{"id": f"r{k}", "status": "completed", "_server_id": "x", "text": TEXTS[k], "source": "web"},
        **{"inserted_at": "2026-03-01T10:00:00", "updated_at": "2026-03-02T10:00:00"},
        **{"temporal.suggestion": "future", "temporal.suggestion.agent": "m", "temporal.suggestion.score": 0.9},
        "temporal.responses": ["past", "present"],
        "temporal.responses.users": ["ada", "ben"],
        "temporal.responses.status": ["submitted", "submitted"],
    }
    return record | more


def test_a_flattened_record_has_a_label_of_each_person(session: LabelSession) -> None:
    types = {"types.responses": [["causal", "memory"]], "types.responses.users": ["ben"]}
    shares = {"spatial_shares.responses": ["thing=750 place=250 person=0"], "spatial_shares.responses.users": ["ada"]}
    sure = {"confidence.responses": [650], "confidence.responses.users": ["ada"], "note.responses": None}
    back = take(session, [flat(0, **types, **shares, **sure), flat(1)])
    assert (back.format_name, back.n_saved, back.skipped) == ("argilla", 4, ())
    assert temporal(session) == {(f"i{k}", who): mode for k in (0, 1) for who, mode in (("ada", PAST), ("ben", PRESENT))}
    values = {label.annotator: label.value for label in list_labels(session, "one") if label.item_id == "i0"}
    assert values["ada"].confidence == 650 and sorted(values["ada"].spatial.per_mille) == [0, 250, 750]
    assert values["ben"].types == {"causal", "memory"} and values["ada"].types is None
    assert take(session, [flat(0, **types, **shares, **sure), flat(1)]).n_already == 4


def test_flattened_answers_that_are_no_labels_are_named(session: LabelSession) -> None:
    statuses = {"temporal.responses.status": ["discarded", "submitted"]}
    none = dict.fromkeys(("temporal.responses", "temporal.responses.users", "temporal.responses.status"))
    back = take(session, [flat(0, **statuses), flat(1, **none), flat(2)])
    assert set(temporal(session)) == {("i0", "ben"), ("i2", "ada"), ("i2", "ben")}
    assert [one.where for one in back.skipped] == ["record r0, user ada", "record r1"]
    assert "discarded" in back.skipped[0].reason and "nobody" in back.skipped[1].reason


def test_early_versions_have_no_statuses_and_their_answers_count(session: LabelSession) -> None:
    record = flat()
    del record["temporal.responses.status"]
    assert take(session, [record]).n_saved == 2


FLAT_ODD: list[tuple[str, dict[str, Any]]] = [
    ("temporal.responses", {"temporal.responses": "past"}),
    ("temporal.responses", {"temporal.responses": {"ada": "past"}}),
    ("temporal.responses.users", {"temporal.responses.users": ["ada"]}),
    ("temporal.responses.users", {"temporal.responses.users": None}),
    ("temporal.responses.users", {"temporal.responses.users": "ada"}),
    ("temporal.responses.status", {"temporal.responses.status": ["submitted"] * 3}),
    ("temporal.responses.status", {"temporal.responses.status": {}}),
    ("status", {"temporal.responses.status": [["submitted"], None]}),
    ("user_id", {"temporal.responses.users": [["ada"], "ben"]}),
    ("text", {"text": ["A bell"]}),
    ("annotators", {"annotators": "ada"}),
]


@pytest.mark.parametrize(("field", "odd"), FLAT_ODD)
def test_an_odd_flattened_record_is_skipped_by_name_and_field(field: str, odd: dict[str, Any], session: LabelSession) -> None:
    back = take(session, [flat(0, **odd), flat(1)])
    assert back.n_saved == 2 and [one.where for one in back.skipped] == ["record r0"]
    assert f"{field}: " in back.skipped[0].reason and "Expected" in back.skipped[0].reason


def test_an_odd_value_costs_only_the_person_who_gave_it(session: LabelSession) -> None:
    back = take(session, [flat(0, **{"temporal.responses": [{"start": 0}, "present"]})])
    assert temporal(session) == {("i0", "ben"): PRESENT}
    assert [(one.where, "temporal: " in one.reason) for one in back.skipped] == [("record r0, user ada", True)]


# ---- doccano's CSV -----------------------------------------------------------------------------------------------------


def test_a_csv_of_one_person(session: LabelSession) -> None:
    rows = [(1, TEXTS[0], "past#type:causal", "see #3#hm"), (2, TEXTS[1], "temporal:present", ""), (3, TEXTS[2], "", "")]
    back = take(session, table(*rows), "bo.csv")
    assert (back.format_name, back.n_saved, [one.where for one in back.skipped]) == ("doccano", 2, ["row 4"])
    assert temporal(session) == {("i0", "bo"): PAST, ("i1", "bo"): PRESENT}
    first = next(label for label in list_labels(session, "one") if label.item_id == "i0")
    assert first.value.types == {"causal"} and first.value.note == "see #3#hm"
    assert take(session, table(*rows), "bo.csv").n_already == 2


def test_a_zip_of_a_csv_a_person(session: LabelSession) -> None:
    empty = b"\n"  # what pandas writes for somebody who confirmed nothing
    data = packed(
        ada=table((1, TEXTS[0], "past", "")), ben=table((1, TEXTS[0], "future", "")), cy=empty, dy=b"id,text\n1,Plain.\n"
    )
    back = take(session, data, "export.zip")
    assert (back.format_name, back.n_saved) == ("doccano", 2)
    assert temporal(session) == {("i0", "ada"): PAST, ("i0", "ben"): FUTURE}
    assert [one.where for one in back.skipped] == ["dy.csv"] and "label" in back.skipped[0].reason


@pytest.mark.parametrize(
    ("delimiter", "encoding", "header"),
    [
        (";", "utf-8-sig", HEADER),
        ("\t", "utf-16", HEADER),
        (",", "cp1252", ("id", "data", "label", "Comments")),
        (";", "utf-8", ("id", "text", "labels", "extra")),
    ],
)
def test_a_csv_of_doccano_as_spreadsheets_and_early_versions_have_it(
    delimiter: str, encoding: str, header: Sequence[str], session: LabelSession
) -> None:
    data = table(*((k, text, "past", "caf\u00e9") for k, text in enumerate(TEXTS)), header=header, delimiter=delimiter)
    back = take(session, data.decode().encode(encoding), "bo.csv")
    assert (back.format_name, back.n_saved, back.skipped) == ("doccano", 3, ())


def test_a_row_with_an_odd_field_is_named_and_the_rest_is_taken(session: LabelSession) -> None:
    data = table((1, TEXTS[0], "past", "", "cell too many"), (2, TEXTS[1], "mood", ""), (3, TEXTS[2], "future", ""))
    back = take(session, data, "bo.csv")
    assert temporal(session) == {("i2", "bo"): FUTURE}
    assert [(one.where, one.reason) for one in back.skipped] == [
        ("row 3", "it has no label of an axis or type"),
        ("row 2", "it has 5 cells, the header 4"),
    ]
    assert any("mood" in what for what in back.taken_as)
    in_zip = take(session, packed(bo=data), "x.zip")
    assert sorted(one.where for one in in_zip.skipped) == ["bo.csv, row 2", "bo.csv, row 3"] and in_zip.n_already == 1


def test_a_csv_with_names_of_people_in_a_column(session: LabelSession) -> None:
    header = ("id", "text", "label", "username")
    data = table((1, TEXTS[0], "past", "ada"), (1, TEXTS[0], "future", "ben"), (2, TEXTS[1], "past", ""), header=header)
    assert take(session, data, "all.csv").n_saved == 3
    assert set(temporal(session)) == {("i0", "ada"), ("i0", "ben"), ("i1", "all")}


def test_what_is_no_csv_of_doccano_is_refused_with_what_is_missing(session: LabelSession) -> None:
    with pytest.raises(DataError, match="text"):
        take(session, b"id,label\n1,past\n", "x.csv", "doccano")
    with pytest.raises(DataError, match="twice"):
        take(session, b"id,text,label,label\n1,Plain.,past,past\n", "x.csv")
    with pytest.raises(DataError, match="closed quotes"):
        take(session, b'id,text,label\n1,"Plain.,past\n', "x.csv")


def test_our_own_csv_stays_ours_with_a_column_of_labels_beside_it() -> None:
    from rebracket_core.annotation.formats.native import COLUMNS

    assert detect(",".join([*COLUMNS, "label"]).encode(), name="x.csv").name == "csv"
    assert detect(b"id;text;label\n", name="x.csv").name == "doccano"
    assert detect(b"id,data,label\n1,Plain.,past\n", name="x.tmp").name == "doccano"


# ---- ids and files that lie ---------------------------------------------------------------------------------------------


def own(who: str, mode: str, label_id: str = "L1") -> dict[str, Any]:
    value = LabelValue(AxisLabel.hard("temporal", mode), AxisLabel.abstain(), AxisLabel.abstain())
    return {"label_id": label_id, "item_id": "i0", "annotator": who, "value": value.to_dict(), "text": TEXTS[0]}


def test_one_id_on_labels_of_several_people_loses_none(session: LabelSession) -> None:
    rows = [own("ada", "past"), own("ben", "future"), own("cy", "present")]
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    back = take(session, data, "own.jsonl")
    assert (back.n_saved, back.skipped) == (3, ()) and any("another label has" in what for what in back.taken_as)
    assert temporal(session) == {("i0", "ada"): PAST, ("i0", "ben"): FUTURE, ("i0", "cy"): PRESENT}
    for name in ("own.jsonl", "renamed.jsonl"):
        assert (again := take(session, data, name)).n_already == 3 and again.n_saved == again.n_revised == 0
    other = json.dumps(own("dy", "past")).encode()
    assert take(session, other, "other.jsonl").n_saved == 1
