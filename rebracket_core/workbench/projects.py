"""Projects of labels made from the data sets of the library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rebracket_core.annotation import NewItem, Project, ProjectSettings

if TYPE_CHECKING:
    from rebracket_core.corpus import Dataset
    from rebracket_core.workbench.bench import Workbench


def items_of(dataset: Dataset) -> list[NewItem]:
    """The rows of a data set as items to label, in their order; a row's group stands as its title."""
    rows = dataset.frame[["row_id", "concept", "group_id", "album"]].itertuples(index=False)
    return [
        NewItem(item_id=str(row_id), text=str(text), title=str(group_id), group_id=str(group_id), album=str(album or ""))
        for row_id, text, group_id, album in rows
    ]


def start_project(
    workbench: Workbench, name: str, *, dataset: str, by: str, settings: ProjectSettings, guideline: str = ""
) -> Project:
    """A new project with one item a row of a data set. `by` must be an admin; the service refuses others."""
    found = workbench.dataset(dataset)
    return workbench.annotation.create_project(
        name, items_of(found), by=by, dataset=dataset, dataset_digest=found.meta.digest, settings=settings, guideline=guideline
    )
