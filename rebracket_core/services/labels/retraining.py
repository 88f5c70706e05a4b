"""The loop from labels to a run: whose labels a training takes, training again with them, and what they changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rebracket_core.annotation import PROJECT, get_progress, get_project, list_projects, list_snapshots, resolve_labels
from rebracket_core.errors import InputError
from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.runs import predictions_of
from rebracket_core.services.usage import listed_projects
from rebracket_core.training import TrainingConfig

if TYPE_CHECKING:
    from rebracket_core.runs import RunInfo
    from rebracket_core.services.labels.labels import Labels
    from rebracket_core.services.resources import Resources
    from rebracket_core.services.training import Trainings
    from rebracket_core.training.evaluation import Comparison

NONE, EVERYBODY = "none", "human"


@dataclass(frozen=True, slots=True)
class Effect:
    """What people's labels changed in a run, against the run that was in use before it.

    `n_texts` have a label of people, `n_chance` of them belong to the random control sample. `fixed` compares both runs on
    that share, as people label it, and `same` on the texts whose label is the same in both; None where there are too few.
    """

    before: str
    snapshots: tuple[str, ...]
    n_texts: int
    n_chance: int
    fixed: Comparison | None
    same: Comparison | None


class Retraining:
    """Labels on their way into runs."""

    def __init__(self, resources: Resources, *, labels: Labels, trainings: Trainings) -> None:
        self._resources = resources
        self._labels = labels
        self._trainings = trainings

    def choices(self) -> dict[str, str]:
        """What the option `labels` of a training may be here, and each in words."""
        session = self._labels.session
        counts = {p.project_id: (p.name, get_progress(session, p.project_id).n_labels) for p in list_projects(session)}
        found = {NONE: "none: albums and keywords alone"}
        if n := sum(n for _, n in counts.values()):
            found[EVERYBODY] = f"all labels so far ({n:,})"
        listed = [project.project_id for project in listed_projects(session, self._resources.settings)]
        counted = {key: counts[key] for key in listed if key in counts}
        return found | {f"{PROJECT}{key}": f"{name} as it stands ({n:,} labels)" for key, (name, n) in counted.items() if n}

    def retrain(self, project_id: str) -> str:
        """The id of a run that a worker now trains on the project's data set with all labels so far.

        Its other options are those of the production run, where that one was trained on the same data. Raises InputError where
        nobody labelled anything, or the project's data set is gone.
        """
        project = get_project(self._labels.session, project_id)
        if not get_progress(self._labels.session, project_id).n_labels:
            raise InputError(
                "There are no labels to train with.",
                expected="a project with labels",
                found=project.name,
                hint="label some texts first",
            )
        names = {meta.digest: meta.name for meta in self._resources.every_dataset()}
        dataset = names.get(project.dataset_digest, project.dataset)
        used, settings = self._production(), self._resources.settings
        config = TrainingConfig.of(encoder=settings.encoder, seed=settings.seed)
        if used is not None and used.dataset_digest == project.dataset_digest and not used.leaked:
            config = TrainingConfig.from_dict(dict(used.config))
        return self._trainings.launch(dataset, config=config.with_(labels=EVERYBODY))

    def effect(self, run_id: str) -> Effect | None:
        """What people's labels changed in a run; None where it was trained on none, or there is no run to compare it with."""
        info = self._resources.runs.info(run_id)
        before = self._before(info)
        snapshots = str(info.config.get("labels", NONE)).split("+")
        if snapshots == [NONE] or before is None:
            return None
        chance, n_texts = self._labelled(snapshots)
        first, second = (predictions_of(self._resources.runs, one) for one in (before, run_id))
        from rebracket_core.training.evaluation import compare_runs, on_truth_of_second

        def compared(*pair: object) -> Comparison | None:
            try:
                return compare_runs(pair, seed=self._resources.settings.seed)[0]  # type: ignore[arg-type]
            except InputError:
                return None  # fewer than two groups in common

        return Effect(
            before=before,
            snapshots=tuple(snapshots),
            n_texts=n_texts,
            n_chance=len(chance),
            fixed=compared(*on_truth_of_second(first, second, answered=chance)),
            same=compared(first, second),
        )

    def _labelled(self, snapshots: list[str]) -> tuple[dict[str, tuple[bool, ...]], int]:
        """The labelled texts of the random control sample, with the axes answered, and how many texts have a label at all."""
        session = self._labels.session
        project = {snap.snapshot_id: snap.project_id for snap in list_snapshots(session)}
        resolved = [
            r for name in snapshots if name in project for r in resolve_labels(session, project[name], snapshot_id=name)
        ]
        chance = {r.item_id: tuple(r.axes[axis] is not None for axis in AXIS_NAMES) for r in resolved if r.in_random_sample}
        return chance, len({r.text_digest for r in resolved})

    def _production(self) -> RunInfo | None:
        run_id = self._resources.runs.promoted_id()
        return self._resources.runs.info(run_id) if run_id else None

    def _before(self, info: RunInfo) -> str | None:
        """The production run, or for that one itself the run that was in use before it; None where there is none."""
        from rebracket_core.runs import previous_id

        if not info.promoted:
            return self._resources.runs.promoted_id()
        return previous_id(self._resources.settings.runs)
