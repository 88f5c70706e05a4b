"""A person has one name however it is typed: composed or not, wide or not, with characters that nobody sees."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings, strategies as st

from rebracket_core.annotation import LabelSession
from rebracket_core.annotation.database.tables import tables
from rebracket_core.annotation.database.values import new_id
from rebracket_core.annotation.entities.enums import EventKind
from rebracket_core.annotation.events.consistency import check_consistency
from rebracket_core.annotation.events.log import NewEvent, append_event, lock_events
from rebracket_core.annotation.events.projection import update_people
from rebracket_core.annotation.people import enrol, list_people, person_key
from rebracket_core.errors import InputError
from rebracket_core.texts import caseless_name, identity


@pytest.fixture
def session(tmp_path: Path) -> LabelSession:
    return LabelSession.open(f"sqlite:///{tmp_path / 'labels.db'}")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("\u00f6zil", "o\u0308zil"),  # composed, decomposed
        ("Ada", "Ada\u200b"),  # a zero-width space at its end
        ("Ada", "A\u00adda"),  # a soft hyphen
        ("Ada", "\u2066Ada\u2069"),  # direction marks of a web page
        ("Ada", "\uff21da"),  # a wide letter
        ("Ada  Lovelace", "ada\u00a0lovelace"),
        ("Strasse", "Stra\u00dfe"),
    ],
)
def test_two_ways_to_type_a_name_are_one_person(one: str, other: str, session: LabelSession) -> None:
    first, second = enrol(session, one), enrol(session, other)
    assert first == second and len(list_people(session)) == 1
    assert check_consistency(session) == []


@pytest.mark.parametrize("name", ["", " \u200b ", "\u2066\u2069", "(root)", "\uff08root\uff09", "\u200b(root)", "a" * 121])
def test_a_name_of_nothing_seen_or_with_a_bracket_is_refused(name: str, session: LabelSession) -> None:
    with pytest.raises(InputError, match="cannot be used"):
        enrol(session, name)
    assert list_people(session) == []


def test_names_that_only_look_alike_stay_two_people(session: LabelSession) -> None:
    assert enrol(session, "Ada") != enrol(session, "\u0410da")  # a Cyrillic letter
    assert enrol(session, "Ada 1") != enrol(session, "Ada 2")
    assert len(list_people(session)) == 4


def test_two_people_of_an_earlier_version_stay_two(session: LabelSession) -> None:
    both = ["\u00f6zil", "o\u0308zil"]

    def enrol_as_before(connection: sa.Connection) -> None:
        lock_events(connection)
        for person_id in both:
            payload = {"person_id": person_id, "name": person_id, "role": "annotator", "active": True}
            append_event(connection, NewEvent(EventKind.PERSON, new_id(), session.now(), person_id, payload=payload))
        update_people(connection)

    session.store.write(enrol_as_before)
    assert [enrol(session, name).person_id for name in both] == both
    assert enrol(session, "\u00f6zil\u200b").person_id in both
    rows = session.store.read(lambda c: c.execute(sa.select(tables().people)).all(), empty=[])
    assert len(rows) == 2


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=20))
def test_the_key_of_a_key_is_itself(name: str) -> None:
    assert caseless_name(caseless_name(name)) == caseless_name(name)
    assert caseless_name(identity(name)) == caseless_name(name)
    assert identity(identity(name)) == identity(name)
    try:
        key = person_key(name)
    except InputError:
        return
    assert person_key(key) == key and key


def test_a_name_of_marks_without_end_is_refused_as_soon_as_any_other() -> None:
    begin = time.process_time()
    with pytest.raises(InputError, match="cannot be used"):
        person_key("a" + "\u0301\u0323" * 200_000)
    assert time.process_time() - begin < 2  # in the order of its length: the square of it would take minutes
