"""Labels on their way into runs: what a training may take, and what the labels changed on a part that stays the same."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from rebracket_core.annotation import AxisLabel, LabelValue, ProjectSettings, Submission
from rebracket_core.annotation.labelling import submit_labels, undo_event
from rebracket_core.annotation.people import enrol
from rebracket_core.annotation.queries import list_labels
from rebracket_core.annotation.queue.leases import claim_items
from rebracket_core.annotation.snapshots import list_snapshots
from rebracket_core.errors import InputError
from rebracket_core.rainbow import MODES
from rebracket_core.stats.out_of_fold_rows import read_out_of_fold_rows
from rebracket_core.training import TrainingConfig
from rebracket_core.workbench import Workbench
from tests.conftest import open_home

SMALL = TrainingConfig.of(ensemble_size=1, folds=3, max_steps=15, tfidf=False)
SAID = LabelValue(AxisLabel.hard("temporal", "past"), AxisLabel.hard("spatial", "place"), AxisLabel.abstain())


def _labelled(bench: Workbench, *, n: int, share: float) -> str:
    session = bench.labels.session
    enrol(session, "Ada")
    settings = ProjectSettings(random_share=share)
    project = bench.labels.create_project("First", "starter", by="ada", settings=settings).project_id
    for c in claim_items(session, project, n=n, by="ada").items:
        sent = Submission(str(uuid.uuid4()), c.item.item_id, c.item.round, c.item.text_digest, SAID, "", c.lease.lease_id)
        assert submit_labels(session, project, submissions=[sent], by="ada")[0].status == "saved"
    return project


def test_what_a_training_may_take_and_that_a_project_is_named_by_its_labels_of_then(home: Path) -> None:
    bench = open_home(home)
    assert list(bench.retraining.choices()) == ["none"]
    project = _labelled(bench, n=5, share=0.2)
    assert list(bench.retraining.choices()) == ["none", "human", f"project:{project}"]
    told = bench.labels.snapshot_for_training(f"project:{project}")
    assert told == bench.labels.snapshot_for_training("human") == list_snapshots(bench.labels.session)[0].snapshot_id
    assert TrainingConfig.of(labels=f"project:{project}").data.labels == f"project:{project}"
    with pytest.raises(InputError, match="no such project"):
        bench.labels.snapshot_for_training("project:gone")


@pytest.mark.slow
def test_what_the_labels_changed_is_told_on_texts_drawn_by_chance_with_peoples_word_as_truth(home: Path) -> None:
    bench = open_home(home)
    before = bench.runs.production()
    assert before is not None and bench.retraining.effect(before.run_id) is None
    project = _labelled(bench, n=20, share=1.0)
    info = bench.training.train("starter", config=SMALL.with_(labels=f"project:{project}"))
    effect = bench.retraining.effect(info.run_id)
    assert effect is not None and effect.before == before.run_id and effect.n_texts == effect.n_chance == 20
    assert effect.fixed is not None and effect.same is not None
    told = {m.metric: m for m in effect.fixed.metrics}
    labelled = {label.item_id for label in list_labels(bench.labels.session, project)}
    rows = read_out_of_fold_rows(bench.resources.runs.folder_of(before.run_id).path)
    at = [k for k, row_id in enumerate(rows.row_id) if row_id in labelled]
    right = [rows.axis_top[k, 1] == MODES["spatial"].index("place") for k in at]
    assert told["spatial"].n == effect.fixed.n_rows == len(at)
    assert told["spatial"].first == pytest.approx(sum(right) / len(right), abs=0.2)  # the mean over songs, not over texts
    assert told["ontological"].n == 0  # nobody could tell
    bench.runs.promote(info.run_id)
    assert bench.retraining.effect(info.run_id) == effect  # now against the run that was in use before it


def test_nobody_labelled_anything_so_nothing_is_trained(home: Path) -> None:
    bench = open_home(home)
    project = _labelled(bench, n=1, share=0.2)
    undo_event(bench.labels.session, list_labels(bench.labels.session, project)[0].label_id, by="ada")
    with pytest.raises(InputError, match="no labels"):
        bench.retraining.retrain(project)
