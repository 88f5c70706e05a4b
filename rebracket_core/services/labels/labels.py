"""Labelling over the whole workbench: projects from data sets, suggestions and orders from a run, labels for training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core.annotation import AnnotationService, Order, Project, ProjectSettings, Suggestion
from rebracket_core.annotation.snapshots import PROJECT, TRAINING
from rebracket_core.corpus.soft_targets import HumanTarget
from rebracket_core.errors import InputError, NoModelError
from rebracket_core.rainbow import AXIS_NAMES, MODES
from rebracket_core.services.labels.sending import LabelSets, new_items
from rebracket_core.validation import Concept

if TYPE_CHECKING:
    from rebracket_core.annotation.database.backup import Backup
    from rebracket_core.services.resources import Resources
    from rebracket_core.services.verdicts import Verdicts
    from rebracket_core.validation import Verdict

Progress = Callable[[str, int, int], None]
_SURE_TYPE = 0.5
_NEEDS_RUN = frozenset({Order.EPISTEMIC, Order.COVERAGE})


class Labels:
    """People's labels of one home.

    `service` is the door to reading and writing, `picked` sends texts that somebody picked out to be labelled; the rest needs
    data sets or models.
    """

    def __init__(self, resources: Resources, *, verdicts: Verdicts) -> None:
        self._resources = resources
        self._verdicts = verdicts
        self.service = AnnotationService(resources.settings.database_url)
        self.picked = LabelSets(resources, self.service)

    def create_project(
        self, name: str, dataset: str, *, by: str, settings: ProjectSettings | None = None, guideline: str = ""
    ) -> Project:
        """A new project over the texts of a data set, each different text once; ordered at once where no model is needed."""
        found = self._resources.dataset(dataset)
        return self.service.create_project(
            name,
            new_items(found.frame),
            by=by,
            dataset=found.name,
            dataset_digest=found.meta.digest,
            settings=settings,
            guideline=guideline,
        )

    def suggest(self, project_id: str, *, by: str, run_id: str | None = None, progress: Progress | None = None) -> int:
        """The number of items that have a suggestion of a run now (by default of the run in use)."""
        verdicts = self._item_verdicts(project_id, run_id=run_id, progress=progress)
        return self.service.put_suggestions(project_id, [_suggestion(i, v) for i, v in verdicts.items()], by=by)

    def put_in_order(
        self,
        project_id: str,
        *,
        by: str,
        order: Order | None = None,
        run_id: str | None = None,
        progress: Progress | None = None,
    ) -> int:
        """The number of items put in the project's order (or another), computed now from models, vectors and labels."""
        from rebracket_core.annotation.queue.strategies import scores_for

        project = self.service.project(project_id)
        chosen = order or project.settings.order
        verdicts = self._item_verdicts(project_id, run_id=run_id, progress=progress) if chosen in _NEEDS_RUN else {}
        items = [item for item in self.service.items(project_id) if not item.repeat_of]
        vectors = None
        if chosen is Order.DIVERSITY:
            vectors = self._resources.encoder(self._resources.settings.encoder).encode([item.text for item in items])
        scored = scores_for(
            chosen,
            items=items,
            verdicts=verdicts,
            vectors=vectors,
            labels=self.service.labels(project_id),
            keyword_rows=self._keyword_rows(project) if chosen is Order.TIES else frozenset(),
            seed=self._resources.settings.seed,
        )
        return self.service.put_order(project_id, scored.scores, why=scored.why, by=by)

    def snapshot_for_training(self, labels: str) -> str:
        """The snapshots that a training takes, joined by "+": "human" takes every project's labels as they are now.

        "project:ID" takes those of one project. "none" and the names of snapshots come back as they are; "none" too where
        nobody labelled anything.
        """
        if labels != "human":
            return "+".join(
                self.service.snapshot(name.removeprefix(PROJECT), by=TRAINING).snapshot_id if name.startswith(PROJECT) else name
                for name in labels.split("+")
            )
        taken = [self.service.snapshot(p.project_id, by=TRAINING) for p in self.service.projects()]
        return "+".join(snap.snapshot_id for snap in taken if snap.n_labels) or "none"

    def human_targets(self, labels: str) -> list[HumanTarget]:
        """What people said of each text, as named snapshots hold it; of a text in several projects the last named counts."""
        if labels == "none":
            return []
        project = {snap.snapshot_id: snap.project_id for snap in self.service.snapshots()}
        found: dict[str, HumanTarget] = {}
        for snapshot_id in labels.split("+"):
            if snapshot_id not in project:
                raise InputError(
                    "There is no such snapshot of labels.",
                    found=repr(snapshot_id),
                    expected="none, human, project:ID, or the id of a snapshot",
                    hint="see: rebracket annotations status",
                )
            for told in self.service.resolved(project[snapshot_id], snapshot_id=snapshot_id):
                found[told.text_digest] = HumanTarget(
                    text_digest=told.text_digest, axes=told.axes, types=told.types, weight=told.weight
                )
        return list(found.values())

    def back_up(self, to: Path) -> Backup:
        """A copy of the database of labels, whole and checked, taken while others write."""
        from rebracket_core.annotation.database.backup import back_up

        return back_up(self._resources.settings.database_url, to=to)

    def _item_verdicts(self, project_id: str, *, run_id: str | None, progress: Progress | None) -> Mapping[str, Verdict]:
        items = [item for item in self.service.items(project_id) if not item.repeat_of]
        verdicts = self._verdicts.validate(
            [Concept(item.item_id, item.text) for item in items], run_id=run_id, progress=progress, keep=False
        )
        good = {item.item_id: v for item, v in zip(items, verdicts, strict=True) if v.error is None}
        if not good:
            raise NoModelError(
                "The run gives no verdict on any item.",
                expected="a run that judges concepts",
                found="errors for all of them",
                hint="train a run, or choose another order",
            )
        return good

    def _keyword_rows(self, project: Project) -> frozenset[str]:
        """The items whose types were counted from keywords, as their data set says."""
        frame = self._resources.dataset(project.dataset).frame
        keyword: Sequence[Any] = frame.loc[frame["types_from"] == "keyword", "row_id"].tolist()
        return frozenset(map(str, keyword))


def _suggestion(item_id: str, verdict: Verdict) -> Suggestion:
    told: dict[str, Mapping[str, float]] = {axis: getattr(verdict, axis) for axis in AXIS_NAMES}
    return Suggestion(
        item_id=item_id,
        run_id=str(verdict.run_id),
        axes={axis: tuple(float(told[axis][mode]) for mode in MODES[axis]) for axis in AXIS_NAMES},
        types=tuple(name for name, p in (verdict.types or {}).items() if p >= _SURE_TYPE),
        album=verdict.album or "",
        album_probability=verdict.album_probability,
    )
