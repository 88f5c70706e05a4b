"""The production run: promoted, rolled back, and the first run that gives verdicts promoted by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rebracket_core.errors import InputError, ModelError
from rebracket_core.jobs import JobFolder
from rebracket_core.runs.production import previous_id, promote, promote_first, promoted_id, roll_back
from rebracket_core.settings import Settings
from rebracket_core.training import TrainingConfig


def test_runs_are_promoted_and_rolled_back(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).mkdir()
        promote(tmp_path, name)
    promote(tmp_path, "c")
    assert promoted_id(tmp_path) == "c" and previous_id(tmp_path) == "b"
    assert [roll_back(tmp_path), roll_back(tmp_path)] == ["b", "a"]
    with pytest.raises(InputError, match="nothing to roll back to"):
        roll_back(tmp_path)
    (tmp_path / "promoted.json").write_text("{")
    with pytest.raises(ModelError, match="promote a run again"):
        promoted_id(tmp_path)


@pytest.mark.parametrize(("tasks", "promoted"), [(("axes", "album"), True), (("axes",), False)])
def test_the_first_run_that_gives_verdicts_is_promoted(tmp_path: Path, tasks: tuple[str, ...], promoted: bool) -> None:
    settings = Settings.from_env({"REBRACKET_HOME": str(tmp_path)})
    for name in ("first", "second"):
        folder = JobFolder(settings.runs / name)
        folder.path.mkdir(parents=True)
        (folder.path / "spec.json").write_text(json.dumps({"config": TrainingConfig.of(tasks=tasks).to_dict()}))
        promote_first(folder, settings)
    assert promoted_id(settings.runs) == ("first" if promoted else None)
    if not promoted:
        with pytest.raises(ModelError, match="cannot be promoted"):
            promote(settings.runs, "first")
