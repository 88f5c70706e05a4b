"""The smallest word edits that flip an answer: proposed by slope, judged one by one by the engine itself, ranked."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from rebracket_core.insight.explain.fluency import WordModel
from rebracket_core.insight.explain.goals import Goal
from rebracket_core.insight.explain.word_edits import Edit, apply
from rebracket_core.validation import Verdict

BUDGET_S = 8.0
MOST_EDITS = 4
SHOWN = 5
_BATCH, _BATCH_WORDS = 32, 1600
_BEAM, _SINGLES, _LEVEL = 8, 24, 192
_FIRST_SHARE = 0.6
Score = Callable[[Sequence[str]], list[Verdict]]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Flip:
    """A text that reaches the goal: its edits, its verdict, and how much less fluent it is than the original.

    `fluency` is the change of the mean log10 probability of a word under `WordModel`, 0 as fluent, -1 each word ten times
    less likely; None without training texts.
    """

    edits: tuple[Edit, ...]
    text: str
    verdict: Verdict
    fluency: float | None


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found: flips, the smallest and most fluent first; none where nothing was found.

    `tried` texts were judged in `seconds`; `complete` where the budget did not end it; `most_edits` the largest number of
    edits that was tried.
    """

    goal: Goal
    before: Verdict
    flips: tuple[Flip, ...]
    tried: int
    seconds: float
    most_edits: int
    complete: bool


class _Trials:
    """Texts judged so far, with a clock."""

    def __init__(self, score: Score, *, budget_s: float, progress: Progress | None) -> None:
        self._score, self._budget_s = score, budget_s
        self._progress = progress or (lambda stage, done, total: None)
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
        """The verdict of each set of edits that was judged in this share of the time that is left; one batch in any case."""
        found: dict[tuple[Edit, ...], Verdict] = {}
        todo, size = iter(sets), min(_BATCH, max(4, _BATCH_WORDS // len(words)))
        done, until = 0, self.seconds + share * self.left_s
        self._progress(stage, 0, len(sets))
        while batch := list(islice(todo, size)):
            if done and self.seconds >= until:
                break
            texts = {edits: " ".join(apply(words, edits)) for edits in batch}
            fresh = [t for t in dict.fromkeys(texts.values()) if t not in self.known]
            self.known.update(zip(fresh, self._score(fresh) if fresh else [], strict=True))
            found.update({edits: self.known[text] for edits, text in texts.items()})
            done += len(batch)
            self._progress(stage, done, len(sets))
        return found


def search(
    text: str,
    goal: Goal,
    *,
    before: Verdict,
    score: Score,
    propose: Callable[[Sequence[str]], list[Edit]],
    language: WordModel | None,
    budget_s: float = BUDGET_S,
    most_edits: int = MOST_EDITS,
    progress: Progress | None = None,
) -> Search:
    """The fewest word edits that reach a goal, tried in the order of `propose`, one edit first, then two, and so on.

    Ends at the number of edits at which something was found, or when `budget_s` seconds are over.
    """
    words = text.split()
    trials = _Trials(score, budget_s=budget_s, progress=progress)
    singles = [(edit,) for edit in propose(words)]
    judged = trials.verdicts(words, singles, stage="One edit", share=_FIRST_SHARE if most_edits > 1 else 1.0)
    near = {edits: goal.closeness(before, verdict) for edits, verdict in judged.items()}
    start = goal.closeness(before, before)
    best = sorted(judged, key=lambda edits: -near[edits])
    gain = {edits[0]: near[edits] - start for edits in best[:_SINGLES]}
    level, n = {e: v for e, v in judged.items() if goal.met(before, v)}, 1
    beam = best[:_BEAM]
    while not level and n < most_edits and beam and not trials.over:
        n += 1
        sets = _grown(beam, gain, near)
        judged = trials.verdicts(words, sets, stage=f"{n} edits")
        near |= {edits: goal.closeness(before, verdict) for edits, verdict in judged.items()}
        level = {e: v for e, v in judged.items() if goal.met(before, v)}
        beam = sorted(judged, key=lambda edits: -near[edits])[:_BEAM]
    level = _reduced(words, level, goal=goal, before=before, trials=trials)
    flips = sorted((_flip(words, e, v, language) for e, v in level.items()), key=_rank)
    return Search(
        goal=goal,
        before=before,
        flips=tuple(flips[:SHOWN]),
        tried=len(trials.known),
        seconds=trials.seconds,
        most_edits=n,
        complete=bool(flips) or not trials.over,
    )


def _grown(
    beam: Sequence[tuple[Edit, ...]], gain: dict[Edit, float], near: dict[tuple[Edit, ...], float]
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
    """The same flips without edits that they can do without: nothing smaller is left inside one."""
    sets = list(dict.fromkeys(tuple(e for e in edits if e != left) for edits in level if len(edits) > 2 for left in edits))
    if not sets:
        return level
    smaller = {e: v for e, v in trials.verdicts(words, sets, stage="Fewer edits").items() if goal.met(before, v)}
    if not smaller:
        return level
    return _reduced(words, smaller, goal=goal, before=before, trials=trials)


def _flip(words: Sequence[str], edits: tuple[Edit, ...], verdict: Verdict, language: WordModel | None) -> Flip:
    edited = apply(words, edits)
    fluency = None if language is None else language.fluency(edited) - language.fluency(words)
    return Flip(edits=edits, text=" ".join(edited), verdict=verdict, fluency=fluency)


def _rank(flip: Flip) -> tuple[int, float, str]:
    return len(flip.edits), -(flip.fluency or 0.0), flip.text
