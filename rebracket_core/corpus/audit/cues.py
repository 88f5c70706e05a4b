"""Surface cues: what counts of small words alone tell of the axes, with no reading at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from rebracket_core.corpus.soft_targets import targets
from rebracket_core.corpus.splits import grouped_folds
from rebracket_core.errors import DataError
from rebracket_core.rainbow import AXIS_NAMES, MODES

AGAINST = "against"  # the mark of a concept that was written against the cues
_FOLDS = 5
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|\d+")


_PAST = r"""
was were had did wasn't weren't hadn't didn't (?!(?:hundr|inde|se|ne|fe|we|spe|re)ed\b)\w{2,}ed said
went came saw took made found gave told stood lay kept
held knew hung ran wrote sat began brought bought sold sent lost became got let left led met fell felt grew built
drew wore rose spoke broke thought taught caught paid put slept spent swore threw won blew bore chose died drank fed
flew heard laid meant read rang sang sank shook shot shut stole struck stuck swam swept tore woke wound
"""
_PRESENT = """
is are am has have does do isn't aren't hasn't haven't doesn't don't it's he's she's that's there's they're we're
i'm says stands comes goes looks sits knows holds keeps takes makes gives finds runs lies hangs turns calls asks
hears sees feels leaves opens walks speaks waits lives wants counts reads writes begins starts stays remains puts
sets lets brings carries tells works falls rises moves passes shows thinks wears hands gets
"""
_PLACE = """
in at on under over across between behind beyond through inside outside above below beneath beside along around near
toward towards into onto against among past down up
"""
_NUMERALS = r"""
two three four five six seven eight nine ten eleven twelve \w+teen \w+teenth twenty thirty forty fifty sixty seventy
eighty ninety hundred thousand million dozen half
second third fourth fifth sixth seventh eighth ninth tenth
"""
_RECORD = r"""
record\w* regist\w+ catalogue\w* inventor(?:y|ies) ledger\w* report\w* file\w* list(?:s|ed)? log(?:s|ged)?
document\w* certif\w+ receipt\w* invoice\w* contract\w* signed stamped measured weighed entered archive\w*
photograph\w* minutes proved survey\w*
"""
_FICTION = r"""
dream\w* imagin\w+ invent(?:ed|s|ion|ing|or|ors)? stor(?:y|ies) tales? legend\w* fable\w* pretend\w* suppos\w+
hoax\w* myth\w* fairy fanc(?:y|ied) fictio\w+ forger\w* yarn\w*
"""
_MEMORY = r"""
forg[eo]t\w* remember\w* recall\w* memor\w+ lost name\w* known famous unknown unnamed nameless unread unmarked
unclaimed recogni\w+ noticed? anybody anyone everybody everyone
"""
_WORDS: dict[str, str] = {
    "numerals": _NUMERALS,
    "will, shall": r"will shall won't shan't \w+'ll",
    "would, could, might": r"would could might should may can can't cannot couldn't wouldn't \w+'d",
    "past forms": _PAST,
    "present forms": _PRESENT,
    "now": "now today tonight this these already still yet currently",
    "once": "once ago then later after before until when by year years day days century tomorrow",
    "I, you, we": "i me my mine you your yours we us our ours myself yourself ourselves",
    "he, she": "he she him her his hers himself herself he's she's he'd she'd he'll she'll",
    "they": "they them their theirs themselves they're they'll they'd",
    "it": "it its itself it's it'll",
    "place words": _PLACE,
    "the": "the",
    "a, an": "a an",
    "negations": r"no not never nobody none nothing nor neither without nowhere \w+n't",
    "fiction words": _FICTION,
    "record words": _RECORD,
    "memory words": _MEMORY,
}
_SIGNS: dict[str, re.Pattern[str]] = {
    "years": re.compile(r"\b(?:1\d|20|21|22|23)\d\d\b"),
    "digits": re.compile(r"\b\d[\d.,:]*"),
    "names": re.compile(r"(?<![.!?:\"“”]\s)(?<=[\w,;'’)]\s)[A-ZÀ-Þ][\w'’-]+"),
    "quotes": re.compile(r"[\"“”]"),
    "will, shall": re.compile(r"\bgoing\s+to\b", re.IGNORECASE),
}
_KINDS = {cue: re.compile("|".join(words.split())) for cue, words in _WORDS.items()}
CUES: tuple[str, ...] = ("length", *dict.fromkeys((*_WORDS, *_SIGNS)))


@dataclass(frozen=True, slots=True)
class CueAccuracy:
    """What the cue counts alone tell of one axis, over its `n_rows` rows of a single mode in `n_groups` groups.

    `accuracy` is that of a logistic regression on rows of held-out groups, `majority` that of the commonest mode.
    """

    axis: str
    accuracy: float
    majority: float
    n_rows: int
    n_groups: int


def cue_counts(texts: Sequence[str]) -> np.ndarray:
    """The cues of n texts, (n, 23) float64 in the order of CUES: log(1 + count) of all words, then of each cue."""
    counts = np.zeros((len(texts), len(CUES)))
    for row, text in zip(counts, texts, strict=True):
        words = _WORD.findall(text.replace("’", "'").lower())
        row[0] = len(words)
        for word in words:
            row[list(_cues_of(word))] += 1
        for cue, sign in _SIGNS.items():
            row[CUES.index(cue)] += len(sign.findall(text))
    return np.log1p(counts)


@lru_cache(maxsize=50_000)
def _cues_of(word: str) -> tuple[int, ...]:
    """The columns of CUES that a word in lower case counts for."""
    return tuple(CUES.index(cue) for cue, kind in _KINDS.items() if kind.fullmatch(word))


def cue_predictions(frame: pd.DataFrame, *, learn: np.ndarray | None = None, seed: int = 0) -> np.ndarray:
    """The mode that cue counts alone give each row on each axis, (n, 3) int64 into MODES; -1 without a single mode there.

    Out-of-fold: five folds by group, a logistic regression on standardised counts, fitted on the rows of `learn`, (n,) bool,
    of the other folds; on all of them where it is None. Raises DataError where an axis has fewer than two modes or the groups
    are too few.
    """
    counts, of = cue_counts(frame["concept"].tolist()), targets(frame)
    groups = frame["group_id"].to_numpy(dtype=str)
    usable = _mask(learn, n_rows=len(frame))
    predicted = np.full(of.axis_kind.shape, -1, dtype=np.int64)
    for j, axis in enumerate(AXIS_NAMES):
        rows = np.flatnonzero(of.axis_kind[:, j] == "single")
        modes = of.axis[rows, j].argmax(axis=1)
        if len(np.unique(modes)) < 2:
            raise DataError(
                f"The {axis} axis has nothing to tell apart.",
                expected=f"two of {', '.join(MODES[axis])} or more, as single modes",
                found=f"{len(np.unique(modes))} in {len(rows)} rows",
                hint="measure cues on a corpus whose labels vary",
            )
        folds = grouped_folds(groups[rows], modes, n_folds=_FOLDS, seed=seed)
        predicted[rows, j] = _out_of_fold(counts[rows], modes, folds=folds, usable=usable[rows])
    return predicted


def _mask(rows: np.ndarray | None, *, n_rows: int) -> np.ndarray:
    return np.ones(n_rows, dtype=bool) if rows is None else np.asarray(rows, dtype=bool)


def _out_of_fold(counts: np.ndarray, modes: np.ndarray, *, folds: np.ndarray, usable: np.ndarray) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    predicted = np.empty(len(modes), dtype=np.int64)
    for fold in range(_FOLDS):
        rows = (folds != fold) & usable
        if len(np.unique(modes[rows])) < 2:
            raise DataError(
                "There is nothing to learn from.",
                expected="rows of two modes or more outside each fold",
                found=f"{int(rows.sum())} rows of {len(np.unique(modes[rows]))}",
                hint="learn from more rows",
            )
        model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1000))
        predicted[folds == fold] = model.fit(counts[rows], modes[rows]).predict(counts[folds == fold])
    return predicted


def cue_accuracies(
    frame: pd.DataFrame, *, part: np.ndarray | None = None, learn: np.ndarray | None = None, seed: int = 0
) -> tuple[CueAccuracy, ...]:
    """What cue counts alone tell of each axis, in the order of AXIS_NAMES, by group-wise cross-validation.

    `part` (n,) bool: the rows whose figures are reported; `learn` (n,) bool: the rows that models are fitted on; all rows where
    either is None. Raises DataError as `cue_predictions` does, and where the part has no row with a single mode on an axis.
    """
    predicted, of = cue_predictions(frame, learn=learn, seed=seed), targets(frame)
    wanted = _mask(part, n_rows=len(frame))
    groups = frame["group_id"].to_numpy(dtype=str)
    return tuple(
        _accuracy(axis, of.axis[rows, j].argmax(axis=1), predicted=predicted[rows, j], groups=groups[rows])
        for j, axis in enumerate(AXIS_NAMES)
        for rows in [np.flatnonzero((predicted[:, j] >= 0) & wanted)]
    )


def _accuracy(axis: str, truth: np.ndarray, *, predicted: np.ndarray, groups: np.ndarray) -> CueAccuracy:
    if not len(truth):
        raise DataError(
            f"No row of this part has a single {axis} mode.", expected="at least one", found="none", hint="name another part"
        )
    majority = float(np.bincount(truth).max() / len(truth))
    return CueAccuracy(axis, float((predicted == truth).mean()), majority, len(truth), len(np.unique(groups)))
