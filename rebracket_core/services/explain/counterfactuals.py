"""Counterfactuals of a run: found, kept in the store, and tried again on other runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rebracket_core.errors import InputError
from rebracket_core.insight.explain import (
    BUDGET_S,
    MOST_EDITS,
    CounterfactualSearch,
    EditScorer,
    Goal,
    SearchLimits,
    answer_of,
    find_counterfactuals,
)
from rebracket_core.progress import ProgressReporter
from rebracket_core.services.explain.counterfactual_store import CounterfactualStore, StoredCounterfactual
from rebracket_core.services.explain.explain import Explain, ExplainedRun
from rebracket_core.settings import Thresholds
from rebracket_core.validation import Concept, Verdict, verdicts_from

if TYPE_CHECKING:
    from rebracket_core.insight.explain import Proposer, WordModel
    from rebracket_core.services.concepts.verdicts import Verdicts
    from rebracket_core.services.resources import Resources

LEAST_S = 3.0
_KEPT = 2
_guard = threading.Lock()
_proposers: dict[tuple[str, str], tuple[Proposer, WordModel | None]] = {}


class Outcome(StrEnum):
    """What became of a saved counterfactual on a run."""

    HOLDS = "holds"
    BROKEN = "no longer flips"
    MOOT = "already there without the edit"
    UNJUDGED = "cannot be scored"


@dataclass(frozen=True, slots=True)
class Replayed:
    """A saved counterfactual on a run: its outcome, and what the run answers to the text before and after the edit."""

    counterfactual: StoredCounterfactual
    outcome: Outcome
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Replay:
    """The whole store on one run, oldest first."""

    run_id: str
    rows: tuple[Replayed, ...]

    def count(self, outcome: Outcome) -> int:
        """How many counterfactuals came out so."""
        return sum(row.outcome is outcome for row in self.rows)


class Counterfactuals:
    """What pages and commands ask about counterfactuals."""

    def __init__(self, resources: Resources, *, verdicts: Verdicts) -> None:
        self._resources = resources
        self._verdicts = verdicts

    @property
    def store(self) -> CounterfactualStore:
        """The counterfactuals that are saved."""
        return _counterfactual_store(self._resources.settings.database_url)

    def find(
        self,
        text: str,
        goal: Goal,
        *,
        run_id: str | None = None,
        thresholds: Mapping[str, Any] | None = None,
        budget_s: float = BUDGET_S,
        most_edits: int = MOST_EDITS,
        keep: bool = True,
        progress: ProgressReporter | None = None,
    ) -> CounterfactualSearch:
        """The smallest word edits after which the run answers as the goal says, each scored by the run itself.

        The `budget_s` seconds hold what is opened first too: of them the search has what is left, but at least `LEAST_S`.
        What is found with the run's own thresholds is kept in the store. Raises InputError for a text that cannot be
        scored or is there already.
        """
        start = time.monotonic()
        clean, opened = Explain(self._resources).clean(text), ExplainedRun(self._resources, run_id)
        limits = opened.model.thresholds.with_(**(thresholds or {}))
        score = _scoring(opened, limits)
        before = score([clean])[0]
        _check_not_reached(goal, before)
        if progress:
            progress.update("Reading the words of the training texts", 0, 1)
        proposer, language = self._proposer(opened)
        margin = goal.margin(before)
        left_s = max(min(LEAST_S, budget_s), budget_s - (time.monotonic() - start))
        found = find_counterfactuals(
            clean,
            goal,
            scorer=EditScorer(before=before, verdicts=score, language=language),
            propose=lambda words: proposer.propose(words, margin),
            limits=SearchLimits(budget_s=left_s, most_edits=most_edits),
            progress=progress,
        )
        if keep and _same(limits, opened.model.thresholds):
            self.keep(clean, found)
        return found

    def keep(self, text: str, found: CounterfactualSearch) -> int:
        """The number of counterfactuals of a search that are new in the store."""
        what = found.goal.what
        return self.store.add(
            [
                {
                    "run_id": counterfactual.verdict.run_id,
                    "goal": str(Goal(what, answer_of(counterfactual.verdict, what))),
                    "text": text,
                    "edited": counterfactual.text,
                    "edits": [str(edit) for edit in counterfactual.edits],
                    "fluency": counterfactual.fluency,
                }
                for counterfactual in found.counterfactuals
            ]
        )

    def replay(self, run_id: str | None = None, *, progress: ProgressReporter | None = None) -> Replay:
        """What a run makes of every saved counterfactual: the store as a set of regression tests."""
        chosen, kept = self._resources.runs.chosen(run_id), self.store.all()
        texts = list(dict.fromkeys(text for counterfactual in kept for text in (counterfactual.text, counterfactual.edited)))
        verdicts = (
            self._verdicts.validate(
                [Concept(str(i), text) for i, text in enumerate(texts)], run_id=chosen, keep=False, progress=progress
            )
            if texts
            else []
        )
        by_text = dict(zip(texts, verdicts, strict=True))
        return Replay(run_id=chosen, rows=tuple(_replayed(counterfactual, by_text) for counterfactual in kept))

    def _proposer(self, opened: ExplainedRun) -> tuple[Proposer, WordModel | None]:
        from rebracket_core.insight.explain import Proposer, WordModel

        key = (str(self._resources.settings.home), opened.model.run_id)
        with _guard:
            if key not in _proposers:
                while len(_proposers) >= _KEPT:
                    _proposers.pop(next(iter(_proposers)))
                known_texts = opened.texts()
                language = WordModel.fit(text for text, _ in known_texts) if known_texts else None
                _proposers[key] = Proposer(opened.gradients, language), language
            return _proposers[key]


def _same(one: Thresholds, other: Thresholds) -> bool:
    """Whether thresholds are the same to the six digits that verdicts tell of them."""
    return one.rounded(6) == other.rounded(6)


@lru_cache(maxsize=4)
def _counterfactual_store(database_url: str) -> CounterfactualStore:
    return CounterfactualStore(database_url)


def _scoring(opened: ExplainedRun, thresholds: Thresholds) -> Callable[[Sequence[str]], list[Verdict]]:
    """A function that gives the run's verdicts on texts, in their order."""

    def score(texts: Sequence[str]) -> list[Verdict]:
        concepts = [Concept(id=str(i), text=one) for i, one in enumerate(texts)]
        return verdicts_from(
            concepts,
            opened.predictions(texts),
            thresholds=thresholds,
            run_id=opened.model.run_id,
            with_types=opened.model.has_types,
        )

    return score


def _check_not_reached(goal: Goal, before: Verdict) -> None:
    """Raise InputError where the unchanged text has what the goal asks for."""
    if goal.to and answer_of(before, goal.what) == goal.to:
        raise InputError(
            "The text is there already.", expected=f"a text that is not {goal.to}", found=str(goal), hint="choose another goal"
        )


def _replayed(counterfactual: StoredCounterfactual, by_text: Mapping[str, Verdict]) -> Replayed:
    before, after, goal = by_text[counterfactual.text], by_text[counterfactual.edited], Goal.parse(counterfactual.goal)
    if before.error or after.error:
        return Replayed(counterfactual, Outcome.UNJUDGED, "", "")
    old, new = answer_of(before, goal.what), answer_of(after, goal.what)
    if old == goal.to:
        outcome = Outcome.MOOT
    else:
        outcome = Outcome.HOLDS if goal.met(before, after) else Outcome.BROKEN
    return Replayed(counterfactual, outcome, old, new)
