"""People's labels from a data set to a training: projects, orders, the snapshot that a run names, the doctor's word."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from rebracket_core.annotation import (
    AxisLabel,
    Item,
    LabelValue,
    NewItem,
    NewProject,
    ProjectSettings,
    Submission,
    SuggestionPolicy,
    text_digest,
)
from rebracket_core.annotation.database.backup import check
from rebracket_core.annotation.labelling import submit_labels
from rebracket_core.annotation.people import enrol
from rebracket_core.annotation.projects import create_project
from rebracket_core.annotation.queries import get_item, list_labels
from rebracket_core.annotation.queue.leases import claim_items
from rebracket_core.annotation.queue.strategies.base import Pool
from rebracket_core.annotation.queue.strategies.registry import QUERY_STRATEGIES, score_pool
from rebracket_core.annotation.snapshots import list_snapshots
from rebracket_core.corpus.soft_targets import HumanTarget, axis_sources, targets, with_human
from rebracket_core.errors import ConfigError, InputError
from rebracket_core.services.health import Outcome, _labels
from rebracket_core.texts import clean_text
from rebracket_core.training import TrainingConfig
from rebracket_core.workbench import Workbench
from tests.conftest import open_home
from tests.support.labels import abstained

THIRDS: dict[str, tuple[float, ...] | None] = dict.fromkeys(("temporal", "spatial", "ontological"), (0.2, 0.3, 0.5))
SMALL = TrainingConfig.of(ensemble_size=1, folds=3, max_steps=15, tfidf=False)


def _label_all(bench: Workbench, project: str, value: LabelValue, *, n: int) -> None:
    session = bench.labels.session
    for c in claim_items(session, project, n=n, by="ada").items:
        sent = Submission(str(uuid.uuid4()), c.item.item_id, c.item.round, c.item.text_digest, value, "", c.lease.lease_id)
        assert submit_labels(session, project, submissions=[sent], by="ada")[0].status == "saved"


@pytest.mark.slow
def test_labels_become_targets_of_the_next_run_and_the_run_names_them(home: Path) -> None:
    bench = open_home(home)
    session = bench.labels.session
    enrol(session, "Ada")
    project = bench.labels.create_project("Starter", "starter", by="ada")
    assert project.n_items == len(set(bench.datasets.get("starter").frame["concept"]))
    _label_all(
        bench,
        project.project_id,
        n=12,
        value=LabelValue(AxisLabel.of((600, 400, 0)), AxisLabel.hard("spatial", "place"), AxisLabel.abstain(), confidence=700),
    )
    info = bench.training.train("starter", config=SMALL.with_(labels="human"))
    model = bench.resources.model(info.run_id)
    told = model.manifest["labels"]
    (snap,) = list_snapshots(session, project.project_id)
    assert told["snapshots"] == [snap.snapshot_id] and model.manifest["config"]["labels"] == snap.snapshot_id
    assert told["n_human"] == 12
    assert told["sources"]["temporal"]["human"] == 12 and "human" not in told["sources"]["ontological"]
    _label_all(bench, project.project_id, n=3, value=abstained())
    again = bench.training.train("starter", config=SMALL.with_(labels=snap.snapshot_id))
    assert bench.resources.model(again.run_id).manifest["labels"] == told
    with pytest.raises(InputError, match="no such snapshot"):
        bench.training.train("starter", config=SMALL.with_(labels="labels-unknown"))


def test_without_labels_human_is_none_and_other_words_are_refused(home: Path) -> None:
    bench = open_home(home)
    info = bench.training.train("starter", config=SMALL.with_(labels="human"))
    assert bench.resources.model(info.run_id).manifest["labels"]["snapshots"] == []
    with pytest.raises(ConfigError):
        TrainingConfig.of(labels="mine")


def test_people_come_before_albums_and_keywords(home: Path) -> None:
    frame = open_home(home).datasets.get("starter").frame.head(3)
    digest = NewItem("x", frame["concept"][1])
    human = HumanTarget(
        text_digest(digest.text), {"temporal": (0.2, 0.3, 0.5), "spatial": None, "ontological": None}, ("memory",), 0.4
    )
    rows, mask = with_human(frame, [human])
    assert mask.sum() == 1 and mask[1, 0] and rows["weight"].tolist()[1] == 0.4
    assert axis_sources(rows, mask)[1, 0] == "human" and axis_sources(rows, mask)[1, 1] != "human"
    assert targets(rows, smoothing=0.0).axis[1, 0].tolist() == pytest.approx([0.2, 0.3, 0.5])
    assert (rows["types"][1], rows["types_from"][1]) == (["memory"], "human")
    assert frame["weight"].tolist()[1] == 1.0  # the data set itself is as it was
    assert HumanTarget.from_dict(human.to_dict()) == human


def test_labels_and_rows_find_each_other_when_more_signs_are_cleaned_away_than_once(home: Path) -> None:
    bench = open_home(home)
    session = bench.labels.session
    enrol(session, "Ada")
    kept = "A bell\u00a0cast in \u845b\U000e0100 hung there."  # as a home of an earlier version has it
    create_project(session, NewProject("Old", [NewItem("x", kept)]), by="ada")
    _label_all(bench, "old", abstained(), n=1)
    human = bench.labels.human_targets(bench.labels.snapshot_for_training("project:old"))
    frame = bench.datasets.get("starter").frame.head(1)
    for text in (kept, clean_text(kept)):
        _, mask = with_human(frame.assign(concept=[text]), [replace(one, axes=THIRDS) for one in human])
        assert mask.all()
    (now,) = (one for one in human if one.text_digest == text_digest(clean_text(kept)))
    assert with_human(frame.assign(concept=[kept]), [replace(now, axes=THIRDS)])[1].all()


def test_every_order_and_the_suggestions_come_from_the_run(home: Path) -> None:
    bench = open_home(home)
    enrol(bench.labels.session, "Ada")
    settings = ProjectSettings(suggestions=SuggestionPolicy.BEFORE, random_share=0.0, blind_share=0.0)
    project = bench.labels.create_project("Starter", "starter", by="ada", settings=settings)
    n = project.n_items
    assert bench.labels.suggest(project.project_id, by="ada") == n
    given = claim_items(bench.labels.session, project.project_id, n=1, by="ada").items[0]
    assert given.suggestion is not None and given.suggestion.run_id == bench.runs.production().run_id  # type: ignore[union-attr]
    for order in QUERY_STRATEGIES.names:
        assert bench.labels.put_in_order(project.project_id, by="ada", order=order) == n
    assert "labels so far" in get_item(bench.labels.session, project.project_id, item_id=given.item.item_id).why


def test_ties_come_from_words_counted_ones_first_and_not_from_a_model() -> None:
    def item(item_id: str, text: str) -> Item:
        return Item("p", item_id, text, text_digest(text))

    items = [
        item("plain", "Nothing to count."),
        item("tied", "A wall, a room; she heard it and saw it."),
        item("near", "A wall, a room, a door; she heard it and saw it."),
        item("counted", "A wall, a room, a door, an edge; she saw it."),
    ]
    found = score_pool("ties", Pool(items, keyword_rows={"counted"}))
    assert sorted(found.scores, key=lambda i: -found.scores[i]) == ["counted", "tied", "near"]
    assert found.why["tied"] == "its words speak for spatial (wall, room) and perceptual (heard, saw)"
    assert found.why["counted"].startswith("its type was counted from keywords; ")


def test_the_doctor_tries_backup_and_restore_and_sees_damage(home: Path, tmp_path: Path) -> None:
    import sqlite3

    bench = open_home(home)
    assert _labels(bench.settings).outcome is Outcome.OK
    enrol(bench.labels.session, "Ada")
    project = bench.labels.create_project("Starter", "starter", by="ada")
    _label_all(bench, project.project_id, n=4, value=abstained())
    made = bench.labels.back_up(tmp_path / "copy.db")
    assert made.n_labels == 4 and check(made.path) == (made.n_events, 4)
    assert "backup and restore tried" in _labels(bench.settings).detail
    with pytest.raises(InputError):
        bench.labels.back_up(tmp_path / "copy.db")
    with sqlite3.connect(home / "workbench.db") as connection:
        connection.execute("DELETE FROM annotation_labels WHERE label_id = (SELECT min(label_id) FROM annotation_labels)")
    connection.close()
    assert _labels(bench.settings).outcome is Outcome.FAIL
    bench.labels.session.close()
    for name in ("workbench.db-wal", "workbench.db-shm"):
        (home / name).unlink(missing_ok=True)
    shutil.copy(made.path, home / "workbench.db")
    assert _labels(bench.settings).outcome is Outcome.OK
    assert len(list_labels(bench.labels.session, project.project_id)) == 4
