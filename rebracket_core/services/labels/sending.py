"""Texts that somebody picked out, on their way to the people who label: to the front of a project, or into a new one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rebracket_core.annotation import (
    Item,
    LabelSession,
    NewItem,
    NewProject,
    Project,
    ProjectSettings,
    Resolved,
    SuggestionPolicy,
    create_project,
    get_project,
    list_items,
    list_projects,
    resolve_labels,
)
from rebracket_core.annotation.queue import put_first
from rebracket_core.errors import InputError
from rebracket_core.services.usage import listed_projects

if TYPE_CHECKING:
    import pandas as pd

    from rebracket_core.services.resources import Resources

BLIND = ProjectSettings(suggestions=SuggestionPolicy.NEVER, blind_share=1.0, random_share=0.0)
"""Settings of a re-annotation: nobody sees what the model says, and nothing says which texts are the candidates."""


@dataclass(frozen=True, slots=True)
class Queued:
    """What became of picked texts in a project.

    It says how many come first now, how many in their turn because they belong to the random control sample, how many have
    all their labels already, and how many the project does not have.
    """

    project: Project
    first: int
    in_random_sample: int = 0
    done: int = 0
    absent: int = 0


@dataclass(frozen=True, slots=True)
class ReAnnotation:
    """What is labelled again: rows of a data set whose labels may be wrong, hidden among others.

    Args:
        row_ids: the candidates for label errors.
        among: the rows from which others are drawn, `mixed_in` times as many, so that a place in the queue says nothing.
        overlap: labels wanted of each.
    """

    dataset: str
    row_ids: Sequence[str]
    among: Sequence[str]
    mixed_in: float = 0.5
    overlap: int = 1


class LabelSets:
    """Picked texts and labelling projects. Texts are known by what they say: the same text in two data sets is one."""

    def __init__(self, resources: Resources, session: LabelSession) -> None:
        self._resources, self._session = resources, session

    def held_by(self, dataset: str, row_ids: Collection[str]) -> dict[Project, int]:
        """The open projects over a data set that have some of these texts, newest first, with how many."""
        texts = set(self._texts(dataset, row_ids))
        found: dict[Project, int] = {}
        for project in listed_projects(self._session, self._resources.settings):
            if not project.closed and set(project.dataset.split("+")) & set(dataset.split("+")):
                n = sum(text in texts for text in self._items(project.project_id))
                found |= {project: n} if n else {}
        return found

    def put_first(self, project_id: str, *, dataset: str, row_ids: Collection[str], by: str, why: str) -> Queued:
        """What became of the texts; those that still want labels come first in the project's queue.

        Raises InputError where the project has none of them.
        """
        texts, items = self._texts(dataset, row_ids), self._items(project_id)
        mine = [items[text] for text in texts if text in items]
        if not mine:
            raise InputError(
                "This project has none of these texts.",
                expected="texts of its data set",
                found=f"{len(texts):,} others",
                hint="choose another project, or make one of these texts",
            )
        open_ = [item for item in mine if item.n_labels < item.wanted and item.decision is None]
        put_first(self._session, project_id, item_ids=[item.item_id for item in open_], by=by, why=why)
        in_sample = sum(item.in_random_sample for item in open_)
        return Queued(
            get_project(self._session, project_id),
            first=len(open_) - in_sample,
            in_random_sample=in_sample,
            done=len(mine) - len(open_),
            absent=len(texts) - len(mine),
        )

    def new_project(
        self,
        name: str,
        *,
        dataset: str,
        row_ids: Collection[str],
        by: str,
        settings: ProjectSettings | None = None,
        guideline: str = "",
    ) -> Queued:
        """A new project of these texts alone, each different one once."""
        new = self._new_items(dataset, row_ids)
        found = self._resources.dataset(dataset)
        made = create_project(
            self._session, NewProject(name, new, found.name, found.meta.digest, settings or ProjectSettings(), guideline), by=by
        )
        return Queued(made, first=made.n_items)

    def re_annotate(self, name: str, plan: ReAnnotation, *, by: str) -> Queued:
        """Make a project in which people label candidates for label errors again without being told about them.

        Album, title and the model's answer are left out, and the order is random.
        """
        rng = np.random.default_rng(self._resources.settings.seed)
        candidates = list(dict.fromkeys(plan.row_ids))
        others = sorted(set(plan.among) - set(candidates))
        n = min(len(others), round(plan.mixed_in * len(candidates)))
        drawn = [others[k] for k in rng.choice(len(others), n, replace=False)] if n else []
        blank = [replace(item, title="", album="") for item in self._new_items(plan.dataset, [*candidates, *drawn])]
        found = self._resources.dataset(plan.dataset)
        new = NewProject(name, blank, found.name, found.meta.digest, replace(BLIND, overlap=plan.overlap))
        made = create_project(self._session, new, by=by)
        return Queued(made, first=made.n_items)

    def labels_of(self, texts: Collection[str]) -> dict[str, Resolved]:
        """What people say of each of these texts that somebody labelled; of several projects the newest counts."""
        wanted = {text.strip() for text in texts}
        found: dict[str, Resolved] = {}
        for project in list_projects(self._session):
            for resolved in resolve_labels(self._session, project.project_id):
                if resolved.text.strip() in wanted:
                    found.setdefault(resolved.text.strip(), resolved)
        return found

    def _items(self, project_id: str) -> Mapping[str, Item]:
        return {item.text.strip(): item for item in list_items(self._session, project_id) if not item.repeat_of}

    def _texts(self, dataset: str, row_ids: Collection[str]) -> list[str]:
        return list(dict.fromkeys(item.text.strip() for item in self._new_items(dataset, row_ids)))

    def _new_items(self, dataset: str, row_ids: Collection[str]) -> list[NewItem]:
        frame = self._resources.dataset(dataset).frame
        found = new_items(frame[frame["row_id"].isin(set(row_ids))])
        if not found:
            raise InputError(
                "None of these texts can be labelled.",
                expected="rows with a concept",
                found=f"{len(set(row_ids)):,} rows of {dataset} without one",
                hint="choose other texts",
            )
        return found


def new_items(frame: pd.DataFrame) -> list[NewItem]:
    """The concepts of some rows as items of a project, in their order, each different text once."""
    found: dict[str, NewItem] = {}
    for row in frame.to_dict("records"):
        text = str(row["concept"])
        if text.strip() and text not in found:
            found[text] = NewItem(
                str(row["row_id"]), text, title=str(row["title"]), group_id=str(row["group_id"]), album=str(row["album"] or "")
            )
    return list(found.values())
