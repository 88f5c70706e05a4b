"""Labels of one home: projects from data sets, suggestions and queue orders from a run, labels for training."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core.annotation import (
    PROJECT,
    TRAINING,
    LabelSession,
    NewProject,
    Project,
    ProjectSettings,
    Suggestion,
    create_project,
    get_project,
    list_items,
    list_labels,
    list_projects,
    list_snapshots,
    resolve_labels,
    take_snapshot,
    text_digest,
)
from rebracket_core.annotation.queue import put_order, put_suggestions
from rebracket_core.annotation.queue.strategies import QUERY_STRATEGIES, Need, Pool, canonical_order, score_pool
from rebracket_core.corpus import HumanTarget
from rebracket_core.errors import InputError, NoModelError
from rebracket_core.progress import ProgressReporter
from rebracket_core.rainbow import AXIS_NAMES, MODES
from rebracket_core.services.labels.sending import LabelSets, new_items
from rebracket_core.texts import clean_text
from rebracket_core.validation import Concept

if TYPE_CHECKING:
    from rebracket_core.annotation.database import Backup
    from rebracket_core.services.concepts.verdicts import Verdicts
    from rebracket_core.services.resources import Resources
    from rebracket_core.validation import Verdict

_SURE_TYPE = 0.5


class Labels:
    """People's labels of one home.

    Functions of `rebracket_core.annotation` take its `session`; `picked` sends texts that somebody picked out to be labelled;
    the methods here need data sets or models besides.
    """

    def __init__(self, resources: Resources, *, verdicts: Verdicts) -> None:
        self._resources = resources
        self._verdicts = verdicts
        self.session = LabelSession.open(resources.settings.database_url)
        self.picked = LabelSets(resources, self.session)

    def create_project(
        self, name: str, dataset: str, *, by: str, settings: ProjectSettings | None = None, guideline: str = ""
    ) -> Project:
        """A new project over the texts of a data set, each different text once; ordered at once where no model is needed."""
        found = self._resources.dataset(dataset)
        new = NewProject(name, new_items(found.frame), found.name, found.meta.digest, settings or ProjectSettings(), guideline)
        return create_project(self.session, new, by=by)

    def suggest(self, project_id: str, *, by: str, run_id: str | None = None, progress: ProgressReporter | None = None) -> int:
        """The number of items that have a suggestion of a run now (by default of the production model)."""
        verdicts = self._item_verdicts(project_id, run_id=run_id, progress=progress)
        return put_suggestions(self.session, project_id, suggestions=[_suggestion(i, v) for i, v in verdicts.items()], by=by)

    def put_in_order(
        self,
        project_id: str,
        *,
        by: str,
        order: str | None = None,
        run_id: str | None = None,
        progress: ProgressReporter | None = None,
    ) -> int:
        """Order a project's queue by a query strategy, from models, vectors and labels as they are now.

        Args:
            project_id: the project whose queue is ordered.
            by: the person_id of whoever orders.
            order: the name or an alias of the strategy; by default the project's own.
            run_id: the run that gives verdicts where the strategy requires them; by default the production model.
            progress: gets (stage, done, total).

        Returns:
            The number of items that have a new place.

        Raises:
            InputError: for an unknown strategy or project.
            NoModelError: where the strategy requires verdicts and no run gives any.
        """
        project = get_project(self.session, project_id)
        name = canonical_order(order or project.settings.order)
        pool = self._pool(project, needs=QUERY_STRATEGIES.get(name).requires, run_id=run_id, progress=progress)
        found = score_pool(name, pool)
        return put_order(self.session, project_id, scores=found.scores, why=found.why, by=by)

    def _pool(
        self, project: Project, *, needs: Collection[Need], run_id: str | None, progress: ProgressReporter | None
    ) -> Pool:
        """The items of a project with just what a strategy needs."""
        items = [item for item in list_items(self.session, project.project_id) if not item.repeat_of]
        found: dict[str, Any] = {}
        if Need.VERDICTS in needs:
            found["verdicts"] = self._item_verdicts(project.project_id, run_id=run_id, progress=progress)
        if Need.VECTORS in needs:
            encoder = self._resources.encoder(self._resources.settings.encoder)
            found["vectors"] = encoder.encode([item.text for item in items])
        if Need.LABELS in needs:
            found["labels"] = list_labels(self.session, project.project_id)
        if Need.KEYWORD_ROWS in needs:
            found["keyword_rows"] = self._keyword_rows(project)
        return Pool(items, seed=self._resources.settings.seed, **found)

    def snapshot_for_training(self, labels: str) -> str:
        """The snapshots that a training takes, joined by "+": "human" takes every project's labels as they are now.

        "project:ID" takes those of one project. "none" and the names of snapshots come back as they are; "none" too where
        nobody labelled anything.
        """
        if labels != "human":
            return "+".join(self._snapshot_of(name) for name in labels.split("+"))
        taken = [take_snapshot(self.session, p.project_id, by=TRAINING) for p in list_projects(self.session)]
        return "+".join(snap.snapshot_id for snap in taken if snap.n_labels) or "none"

    def _snapshot_of(self, name: str) -> str:
        """The snapshot that "project:ID" stands for, taken now; another name as it is."""
        if not name.startswith(PROJECT):
            return name
        return take_snapshot(self.session, name.removeprefix(PROJECT), by=TRAINING).snapshot_id

    def human_targets(self, labels: str) -> list[HumanTarget]:
        """People's labels of each text, as named snapshots hold it; of a text in several projects the last named counts.

        Several ids stand in `labels` with a "+" between them; "none" gives nothing. Raises InputError for a snapshot that is
        unknown.
        """
        if labels == "none":
            return []
        project = {snap.snapshot_id: snap.project_id for snap in list_snapshots(self.session)}
        found: dict[str, HumanTarget] = {}
        for snapshot_id in labels.split("+"):
            if snapshot_id not in project:
                raise InputError(
                    "There is no such snapshot of labels.",
                    found=repr(snapshot_id),
                    expected="none, human, project:ID, or the id of a snapshot",
                    hint="see: rebracket annotations status",
                )
            for resolved in resolve_labels(self.session, project[snapshot_id], snapshot_id=snapshot_id):
                for digest in {resolved.text_digest, text_digest(clean_text(resolved.text))}:  # one, but for texts of old homes
                    found[digest] = HumanTarget(
                        text_digest=digest, axes=resolved.axes, types=resolved.types, weight=resolved.weight
                    )
        return list(found.values())

    def back_up(self, to: Path) -> Backup:
        """A copy of the database of labels, whole and checked, taken while others write."""
        from rebracket_core.annotation.database import back_up

        return back_up(self._resources.settings.database_url, to=to)

    def _item_verdicts(
        self, project_id: str, *, run_id: str | None, progress: ProgressReporter | None
    ) -> Mapping[str, Verdict]:
        items = [item for item in list_items(self.session, project_id) if not item.repeat_of]
        verdicts = self._verdicts.validate(
            [Concept(item.item_id, item.text) for item in items], run_id=run_id, progress=progress, keep=False
        )
        good = {item.item_id: v for item, v in zip(items, verdicts, strict=True) if v.error is None}
        if not good:
            raise NoModelError(
                "The run gives no verdict on any item.",
                expected="a run that scores concepts",
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
    scores: dict[str, Mapping[str, float]] = {axis: getattr(verdict, axis) for axis in AXIS_NAMES}
    return Suggestion(
        item_id=item_id,
        run_id=str(verdict.run_id),
        axes={axis: tuple(float(scores[axis][mode]) for mode in MODES[axis]) for axis in AXIS_NAMES},
        types=tuple(name for name, p in (verdict.types or {}).items() if p >= _SURE_TYPE),
        album=verdict.album or "",
        album_probability=verdict.album_probability,
    )
