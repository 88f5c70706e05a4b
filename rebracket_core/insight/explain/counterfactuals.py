"""The smallest word edits that flip a prediction: proposed by slope, scored one by one by the engine itself, ranked."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from rebracket_core.insight.explain.fluency import WordModel
from rebracket_core.insight.explain.goals import Goal
from rebracket_core.insight.explain.word_edits import Edit, apply
from rebracket_core.progress import NoProgress, ProgressReporter
from rebracket_core.validation import Verdict

BUDGET_S = 8.0
MOST_EDITS = 4
SHOWN = 5
_BATCH, _BATCH_WORDS = 32, 1600
_BEAM, _SINGLES, _LEVEL = 8, 24, 192
_FIRST_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class EditScorer:
    """What a search asks: the verdict on the text itself, verdicts on other texts, and the word model (None: none)."""

    before: Verdict
    verdicts: Callable[[Sequence[str]], list[Verdict]]
    language: WordModel | None


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """A text that reaches the goal: its edits, its verdict, and how much less fluent it is than the original.

    `fluency` is the change of the mean log10 probability of a word under `WordModel`, 0 as fluent, -1 each word ten times
    less likely; None without training texts.
    """

    edits: tuple[Edit, ...]
    text: str
    verdict: Verdict
    fluency: float | None


@dataclass(frozen=True, slots=True)
class CounterfactualSearch:
    """What a search found: counterfactuals, the smallest and most fluent first; none where nothing was found.

    `tried` texts were scored in `seconds`; `complete` where the budget did not end it; `most_edits` the largest number of
    edits that was tried.
    """

    goal: Goal
    before: Verdict
    counterfactuals: tuple[Counterfactual, ...]
    tried: int
    seconds: float
    most_edits: int
    complete: bool


class _Trials:
    """Texts scored so far, with a clock."""

    def __init__(
        self, score: Callable[[Sequence[str]], list[Verdict]], *, budget_s: float, progress: ProgressReporter | None
    ) -> None:
        self._score, self._budget_s = score, budget_s
        self._progress = progress or NoProgress()
        self._start = time.monotonic()
        self.known: dict[str, Verdict] = {}

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    @property
    def left_s(self) -> float:
        return self._budget_s - self.seconds

    @property
    def over(self) -> bool:
        return self.left_s <= 0.0

    def verdicts(
        self, words: Sequence[str], sets: Sequence[tuple[Edit, ...]], *, stage: str, share: float = 1.0
    ) -> dict[tuple[Edit, ...], Verdict]:
        """The verdict of each set of edits that was scored in this share of the time that is left; one batch in any case."""
        found: dict[tuple[Edit, ...], Verdict] = {}
        todo, size = iter(sets), min(_BATCH, max(4, _BATCH_WORDS // len(words)))
        done, until = 0, self.seconds + share * self.left_s
        self._progress.update(stage, 0, len(sets))
        while batch := list(islice(todo, size)):
            if done and self.seconds >= until:
                break
            texts = {edits: " ".join(apply(words, edits)) for edits in batch}
            fresh = [t for t in dict.fromkeys(texts.values()) if t not in self.known]
            self.known.update(zip(fresh, self._score(fresh) if fresh else [], strict=True))
            found.update({edits: self.known[text] for edits, text in texts.items()})
            done += len(batch)
            self._progress.update(stage, done, len(sets))
        return found


@dataclass(frozen=True, slots=True)
class SearchLimits:
    """When a search for counterfactuals ends: after so many seconds, or at so many edits of one text."""

    budget_s: float = BUDGET_S
    most_edits: int = MOST_EDITS


DEFAULT_LIMITS = SearchLimits()


def find_counterfactuals(
    text: str,
    goal: Goal,
    *,
    scorer: EditScorer,
    propose: Callable[[Sequence[str]], list[Edit]],
    limits: SearchLimits = DEFAULT_LIMITS,
    progress: ProgressReporter | None = None,
) -> CounterfactualSearch:
    """Find the fewest word edits that reach a goal, tried in the order of `propose`, one edit first, then two, and so on.

    Args:
        text: the text; its verdict is `scorer.before`.
        goal: what is to change.
        scorer: verdicts on edited texts, and the word model that says how fluent they are.
        propose: words → single edits, the most promising first.
        limits: the search ends at the number of edits at which something was found, or when these are reached.
        progress: gets (stage, sets of edits tried, sets).

    Returns: what was found, the smallest and most fluent first.
    """
    words, before = text.split(), scorer.before
    trials = _Trials(scorer.verdicts, budget_s=limits.budget_s, progress=progress)
    found, n = _by_levels(words, goal, before=before, trials=trials, propose=propose, most_edits=limits.most_edits)
    reduced = _reduced(words, found, goal=goal, before=before, trials=trials)
    ranked = sorted((_counterfactual(words, e, verdict=v, language=scorer.language) for e, v in reduced.items()), key=_rank)
    return CounterfactualSearch(
        goal=goal,
        before=before,
        counterfactuals=tuple(ranked[:SHOWN]),
        tried=len(trials.known),
        seconds=trials.seconds,
        most_edits=n,
        complete=bool(ranked) or not trials.over,
    )


def _by_levels(
    words: Sequence[str],
    goal: Goal,
    *,
    before: Verdict,
    trials: _Trials,
    propose: Callable[[Sequence[str]], list[Edit]],
    most_edits: int,
) -> tuple[dict[tuple[Edit, ...], Verdict], int]:
    """The sets of edits that reach the goal, with their verdicts, and how many edits each set has: a beam search."""
    singles = [(edit,) for edit in propose(words)]
    verdicts = trials.verdicts(words, singles, stage="One edit", share=_FIRST_SHARE if most_edits > 1 else 1.0)
    near = {edits: goal.closeness(before, verdict) for edits, verdict in verdicts.items()}
    start = goal.closeness(before, before)
    best = sorted(verdicts, key=lambda edits: -near[edits])
    gain = {edits[0]: near[edits] - start for edits in best[:_SINGLES]}
    found, n = {e: v for e, v in verdicts.items() if goal.met(before, v)}, 1
    beam = best[:_BEAM]
    while not found and n < most_edits and beam and not trials.over:
        n += 1
        verdicts = trials.verdicts(words, _grown(beam, gain, near=near), stage=f"{n} edits")
        near |= {edits: goal.closeness(before, verdict) for edits, verdict in verdicts.items()}
        found = {e: v for e, v in verdicts.items() if goal.met(before, v)}
        beam = sorted(verdicts, key=lambda edits: -near[edits])[:_BEAM]
    return found, n


def _grown(
    beam: Sequence[tuple[Edit, ...]], gain: dict[Edit, float], *, near: dict[tuple[Edit, ...], float]
) -> list[tuple[Edit, ...]]:
    """Sets of one edit more, those that promise most first."""
    promise: dict[tuple[Edit, ...], float] = {}
    for edits in beam:
        taken = {edit.at for edit in edits}
        for edit, more in gain.items():
            if edit.at not in taken:
                grown = tuple(sorted((*edits, edit)))
                promise[grown] = max(promise.get(grown, -1e9), near[edits] + more)
    return sorted(promise, key=lambda edits: -promise[edits])[:_LEVEL]


def _reduced(
    words: Sequence[str], level: dict[tuple[Edit, ...], Verdict], *, goal: Goal, before: Verdict, trials: _Trials
) -> dict[tuple[Edit, ...], Verdict]:
    """The same sets without edits that they can do without: nothing smaller is left inside one."""
    sets = list(dict.fromkeys(tuple(e for e in edits if e != left) for edits in level if len(edits) > 2 for left in edits))
    if not sets:
        return level
    smaller = {e: v for e, v in trials.verdicts(words, sets, stage="Fewer edits").items() if goal.met(before, v)}
    if not smaller:
        return level
    return _reduced(words, smaller, goal=goal, before=before, trials=trials)


def _counterfactual(
    words: Sequence[str], edits: tuple[Edit, ...], *, verdict: Verdict, language: WordModel | None
) -> Counterfactual:
    edited = apply(words, edits)
    fluency = None if language is None else language.fluency(edited) - language.fluency(words)
    return Counterfactual(edits=edits, text=" ".join(edited), verdict=verdict, fluency=fluency)


def _rank(found: Counterfactual) -> tuple[int, float, str]:
    return len(found.edits), -(found.fluency or 0.0), found.text
