"""How the people of a labelling project do: agreement, the effect of suggestions, steadiness, times and pace, all at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rebracket_core.annotation import (
    Label,
    LabelSession,
    LabelValue,
    Progress,
    get_progress,
    list_events,
    list_items,
    list_labels,
)
from rebracket_core.annotation.agreement import (
    AgainstOthers,
    Aggregation,
    AgreementReport,
    AutomationBias,
    Pace,
    Steadiness,
    TimeOutlier,
    Times,
    against_others,
    aggregate,
    agreement_report,
    axis_ratings,
    bias_by_axis,
    exposures,
    first_answers,
    pace,
    steadiness,
    times,
    unaided,
)
from rebracket_core.annotation.entities import EventKind
from rebracket_core.annotation.queue import list_suggestions
from rebracket_core.rainbow import AXIS_NAMES

if TYPE_CHECKING:
    import numpy as np

    from rebracket_core.annotation.agreement import Ratings
    from rebracket_core.services.labels.labels import Labels
    from rebracket_core.services.resources import Resources

_ALL = 2**31 - 1
_FOLDS = 5


@dataclass(frozen=True, slots=True)
class LabelHealth:
    """The figures of one project, computed from the labels as they stand."""

    progress: Progress
    agreement: AgreementReport
    automation_bias: tuple[AutomationBias, ...]
    against_others: dict[str, tuple[AgainstOthers, ...]]
    steadiness: tuple[Steadiness, ...]
    times: tuple[Times, ...]
    time_outliers: tuple[TimeOutlier, ...]
    pace: Pace

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain values."""
        return {
            "agreement": self.agreement.to_dict(),
            "anchoring": [one.to_dict() for one in self.automation_bias],
            "against_others": {axis: [one.to_dict() for one in people] for axis, people in self.against_others.items()},
            "steadiness": [one.to_dict() for one in self.steadiness],
            "times": [one.to_dict() for one in self.times],
            "pace": self.pace.to_dict(),
        }


def label_health(
    session: LabelSession, project_id: str, *, seed: int, progress: Callable[[int, int], None] | None = None
) -> LabelHealth:
    """All figures of a project; those that rest on too little say so."""
    items, labels = list_items(session, project_id), list_labels(session, project_id)
    found = get_progress(session, project_id)
    alone = unaided(labels, items).labels
    rows = exposures(
        labels, items, suggestions=list_suggestions(session, project_id), before=_before(session, project_id, labels)
    )
    spent, outliers = times(labels, {item.item_id: len(item.text) for item in items})
    return LabelHealth(
        progress=found,
        agreement=agreement_report(labels, items, seed=seed, progress=progress),
        automation_bias=tuple(bias_by_axis(rows, seed=seed)),
        against_others={axis: tuple(against_others(axis_ratings(alone, axis), seed=seed)) for axis in AXIS_NAMES},
        steadiness=tuple(steadiness(labels, items, seed=seed)),
        times=tuple(spent),
        time_outliers=tuple(outliers),
        pace=pace(labels, n_left=max(0, found.n_wanted - sum(1 for x in labels if x.round == 1))),
    )


def weigh_people(
    labels: Labels, resources: Resources, *, project_id: str, axis: str, progress: Callable[[int, int], None] | None = None
) -> Aggregation:
    """The answers of one axis by methods that weigh people, with a model trained on the ratings for CROWDLAB."""
    session, seed = labels.session, resources.settings.seed
    items = list_items(session, project_id)
    ratings = axis_ratings(unaided(list_labels(session, project_id), items).labels, axis)
    texts = {item.item_id: item.text for item in items}
    model = _out_of_fold(resources, ratings, [texts[item] for item in ratings.items], seed=seed)
    return aggregate(ratings, seed=seed, model=model, progress=progress)


def _before(session: LabelSession, project_id: str, labels: list[Label]) -> dict[str, LabelValue]:
    """What people had answered before a suggestion was shown; the history is read only where one was."""
    if not any(label.shown_at for label in labels):
        return {}
    revisions = [
        Label(
            event.event_id,
            project_id,
            event.item_id,
            event.payload["text_digest"],
            event.payload["annotator"],
            event.payload["round"],
            LabelValue.from_dict(event.payload["value"]),
            event.payload["client_time"],
            event.at,
            event.payload["guideline_version"],
            shown_at=event.payload["shown_at"],
        )
        for event in reversed(list_events(session, project_id, limit=_ALL))
        if event.kind is EventKind.LABEL and not event.undone
    ]
    return first_answers(revisions)


def _out_of_fold(resources: Resources, ratings: Ratings, texts: list[str], *, seed: int) -> np.ndarray | None:
    """(items, k) probabilities of a logistic regression on text vectors that did not see the item; None where it can't be."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    if not len(ratings):
        return None
    k = len(ratings.categories)
    totals = np.zeros((len(ratings.items), k))
    np.add.at(totals, ratings.item, ratings.shares)
    first = totals.argmax(axis=1)
    if np.bincount(first, minlength=k).min() < _FOLDS:
        return None
    vectors = resources.encoder(resources.settings.encoder).encode(texts)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    model = LogisticRegression(max_iter=1000, C=1.0)
    return np.asarray(cross_val_predict(model, vectors, first, cv=folds, method="predict_proba"))
