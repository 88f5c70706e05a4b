"""The choices of a training: what is refused and why, and that each reaches the targets and the heads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rebracket_core.corpus import make_frame
from rebracket_core.corpus.soft_targets import targets
from rebracket_core.errors import ConfigError, ModelError
from rebracket_core.files import write_json
from rebracket_core.runs.production import promote, promoted_id
from rebracket_core.training import TrainingConfig
from rebracket_core.training.rows import head_targets, labels_of_tasks, soft_targets


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        ({"tasks": []}, "tasks"),
        ({"tasks": ["axes", "axes"]}, "tasks"),
        ({"tasks": ["mood"]}, "tasks"),
        ({"tasks": ["has_any_type"], "type_loss": "single"}, "softmax"),
        ({"axis_loss": "l3"}, "axis_loss"),
        ({"axis_delta": 0}, "axis_delta"),
        ({"class_weights": "heavy"}, "class_weights"),
        ({"label_smoothing": 1}, "label_smoothing"),
        ({"context_smoothing": "perhaps"}, "context_smoothing"),
        ({"type_loss": "both"}, "type_loss"),
        ({"album_weight": 0}, "album_weight"),
        ({"weighting": "luck"}, "weighting"),
        ({"weighting": "gradnorm"}, "share"),
        ({"weighting": "pcgrad"}, "share"),
        ({"head": "laplace"}, "head"),
        ({"head": "mc_dropout", "mc_samples": 3}, "members"),
        ({"head": "evidential", "tasks": ["axes"]}, "evidence"),
        ({"dropout": 0}, "dropout"),
        ({"coverage": 1}, "coverage"),
    ],
)
def test_what_cannot_be_is_refused_by_name(raw: dict[str, Any], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        TrainingConfig.from_dict(raw)


def test_the_choices_go_through_a_file_and_a_command_line() -> None:
    config = TrainingConfig.of(tasks=("types", "has_any_type"), weighting="uncertainty", context_smoothing=True)
    assert TrainingConfig.from_dict(config.to_dict()) == config
    assert TrainingConfig.from_dict({"tasks": "axes, album"}).tasks.tasks == ("axes", "album")


def test_a_part_whose_task_is_not_learnt_weighs_nothing() -> None:
    tasks = TrainingConfig.of(tasks=("album", "has_any_type"), album_weight=2.0).tasks
    assert [tasks.weight_of(part) for part in ("temporal", "confidence", "types")] == [0.0, 0.0, 0.0]
    assert (tasks.weight_of("album"), tasks.weight_of("has_any_type")) == (2.0, 0.5)


def _rows(*cells: dict[str, Any]) -> Any:
    return make_frame({"row_id": str(i), "group_id": "one", "concept": f"text {i}", **cell} for i, cell in enumerate(cells))


def test_labels_that_are_not_asked_for_are_not_there() -> None:
    told = targets(_rows({"album": "Red", "types": ["memory"]}), smoothing=0.0)
    album = labels_of_tasks(told, tasks=("album",))
    assert album.album_idx[0] >= 0 and not album.labelled.any() and not album.types_labelled.any()
    marked = labels_of_tasks(told, tasks=("has_any_type",))
    assert marked.album_idx[0] == -1 and marked.any_labelled.all() and not marked.types_labelled.any()


def test_context_is_taken_from_the_same_song_alone() -> None:
    frame = _rows(*({"album": name, "group_id": song} for name, song in (("Red", "a"), ("Violet", "a"), ("Violet", "b"))))
    plain = soft_targets(frame, config=TrainingConfig())
    blended = soft_targets(frame, config=TrainingConfig.of(context_smoothing=True))
    assert np.array_equal(plain.axis, targets(frame).axis)
    assert blended.axis[0, 0] == pytest.approx(0.7 * plain.axis[0, 0] + 0.3 * plain.axis[1, 0])
    assert np.array_equal(blended.axis[2], plain.axis[2])


def test_a_persons_distribution_is_the_target_and_their_confidence_its_weight() -> None:
    frame = _rows({"album": "Red", "temporal": [0.2, 0.8, 0.0], "weight": 0.6}, {"album": "Red"})
    told = head_targets(soft_targets(frame, config=TrainingConfig.of(smoothing=0.0)))
    assert told.axis[0, 0].tolist() == pytest.approx([0.2, 0.8, 0.0])
    assert told.axis[1, 0].tolist() == [1.0, 0.0, 0.0]
    assert told.weight.tolist() == [0.6, 1.0]


def test_a_run_that_cannot_judge_is_not_put_to_use(tmp_path: Path) -> None:
    for name, tasks in (("whole", ("axes", "album")), ("part", ("axes", "types"))):
        write_json(tmp_path / name / "spec.json", {"config": TrainingConfig.of(tasks=tasks).to_dict()})
    with pytest.raises(ModelError, match="axes and album"):
        promote(tmp_path, "part")
    assert promoted_id(tmp_path) is None
    promote(tmp_path, "whole")
    assert promoted_id(tmp_path) == "whole"
