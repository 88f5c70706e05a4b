"""Picked texts on their way to people who label: first in a queue, in a project of their own, or for a blind second look."""

from __future__ import annotations

from pathlib import Path

import pytest

from rebracket_core.annotation import ProjectSettings
from rebracket_core.annotation.people import enrol
from rebracket_core.annotation.queries import list_items
from rebracket_core.annotation.queue.leases import claim_items
from rebracket_core.annotation.queue.ranking import put_order
from rebracket_core.errors import InputError
from rebracket_core.services.labels.sending import ReAnnotation
from rebracket_core.workbench import Workbench
from tests.conftest import open_home
from tests.support.labels import abstained
from tests.unit.services.test_annotating import _label_all


@pytest.fixture
def bench(home: Path) -> Workbench:
    bench = open_home(home)
    enrol(bench.labels.session, "Ada")
    return bench


def _rows(bench: Workbench, n: int) -> list[str]:
    frame = bench.datasets.get("starter").frame.drop_duplicates("concept")
    return [str(i) for i in frame["row_id"].tolist()[::7][:n]]


def test_picked_texts_come_first_and_the_others_keep_their_order(bench: Workbench) -> None:
    session, picked = bench.labels.session, bench.labels.picked
    settings = ProjectSettings(random_share=0.0, blind_share=0.0)
    project = bench.labels.create_project("Round", "starter", by="ada", settings=settings).project_id
    items = [item.item_id for item in list_items(session, project)]
    put_order(session, project, scores={i: float(k) for k, i in enumerate(items)}, by="ada", why={items[-1]: "the last"})
    rows = _rows(bench, 5)
    assert {p.project_id: n for p, n in picked.held_by("starter", rows).items()} == {project: 5}
    found = picked.put_first(project, dataset="starter", row_ids=rows, by="ada", why="between two groups")
    assert (found.first, found.in_random_sample, found.done, found.absent) == (5, 0, 0, 0)
    given = claim_items(session, project, n=7, by="ada").items
    assert {c.item.item_id for c in given[:5]} == set(rows) and {c.why for c in given[:5]} == {"between two groups"}
    rest = [i for i in reversed(items) if i not in rows]
    assert [c.item.item_id for c in given[5:]] == rest[:2] and given[5].why == "the last"


def test_texts_by_chance_stay_in_their_turn_and_labelled_ones_are_counted(bench: Workbench) -> None:
    session, picked = bench.labels.session, bench.labels.picked
    project = bench.labels.create_project("Round", "starter", by="ada").project_id
    _label_all(bench, project, n=4, value=abstained())
    items = list_items(session, project)
    chance = [i.item_id for i in items if i.in_random_sample and not i.n_labels][:3]
    done = [i.item_id for i in items if i.n_labels]
    plain = [i.item_id for i in items if not i.in_random_sample and not i.n_labels][:2]
    found = picked.put_first(project, dataset="starter", row_ids=[*chance, *done, *plain], by="ada", why="")
    assert (found.first, found.in_random_sample, found.done) == (2, 3, 4)
    before = {c.item.item_id for c in claim_items(session, project, n=3, by="ada").items}
    assert set(plain) <= before


def test_a_project_of_picked_texts_and_refusals(bench: Workbench) -> None:
    picked, rows = bench.labels.picked, _rows(bench, 6)
    made = picked.new_project("Six", dataset="starter", row_ids=rows, by="ada")
    assert made.first == made.project.n_items == 6
    other = [i for i in _rows(bench, 12) if i not in rows]
    with pytest.raises(InputError, match="none of these texts"):
        picked.put_first(made.project.project_id, dataset="starter", row_ids=other, by="ada", why="")
    with pytest.raises(InputError, match="None of these texts"):
        picked.new_project("None", dataset="starter", row_ids=["no such row"], by="ada")
    enrol(bench.labels.session, "Ben")
    with pytest.raises(InputError):
        picked.put_first(made.project.project_id, dataset="starter", row_ids=rows, by="ben", why="")


def test_a_second_look_tells_nothing_and_hides_the_doubted_among_others(bench: Workbench) -> None:
    session, picked, rows = bench.labels.session, bench.labels.picked, _rows(bench, 8)
    among = [str(i) for i in bench.datasets.get("starter").frame["row_id"]]
    made = picked.re_annotate("Second look", ReAnnotation("starter", rows, among), by="ada")
    items = list_items(session, made.project.project_id)
    assert len(items) == made.first >= 11 and set(rows) <= {item.item_id for item in items}
    assert all(item.blind and not item.album and not item.title for item in items)
    assert len({item.why for item in items}) == 1
    bench.labels.suggest(made.project.project_id, by="ada")
    given = claim_items(session, made.project.project_id, n=12, by="ada").items
    assert all(c.suggestion is None for c in given)
    assert {c.item.item_id for c in given[:8]} != set(rows)
