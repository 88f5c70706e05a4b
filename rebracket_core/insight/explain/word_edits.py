"""Word edits of a text: how they are applied, and which ones are worth trying, by the slope of a margin."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rebracket_core.insight.explain.fluency import WordModel, core
from rebracket_core.insight.explain.margins import Margin

if TYPE_CHECKING:
    from rebracket_core.insight.explain.gradients import OpenModel

MOST_WORDS = 4000
FITTING, ANY = 5, 2
_PARTS = re.compile(r"^(\W*)(.*?)(\W*)$", re.DOTALL)
_ENDS = (".", "!", "?")
# Words that carry grammar, by what they do: each is replaced by another of its kind alone, and all others by others.
_KINDS = (
    "a an the this that these those his her their our your my its every each some any all no",
    "it he she they we you i me him them us who whom",
    "and or but nor so yet if than then as because while",
    "at by for from in into of off on onto out over to up with without through under between after before until",
    "is are was were be been being am will would shall should can could may might must do does did have has had",
    "what when where why how whose which there here not",
)
_KIND = {word: i for i, words in enumerate(_KINDS) for word in words.split()}


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """One word of a text, by its position, replaced by another, or deleted (`new` is "")."""

    at: int
    old: str
    new: str = ""

    def __str__(self) -> str:
        return f"“{self.old}” → “{self.new}”" if self.new else f"without “{self.old}”"


def apply(words: Sequence[str], edits: Sequence[Edit]) -> list[str]:
    """The words after the edits; a deleted word leaves the end of its sentence to the word before it."""
    of = {edit.at: edit.new for edit in edits}
    found: list[str] = []
    for at, word in enumerate(words):
        new = of.get(at, word)
        if new:
            found.append(new)
        elif found and word.endswith(_ENDS) and not found[-1].endswith(_ENDS):
            found[-1] = found[-1].rstrip(",;:—-") + word[-1]
    return found


class Proposer:
    """Proposes edits from the words of the training texts, the most promising first; None of a vocabulary: deletions alone."""

    def __init__(self, model: OpenModel, language: WordModel | None) -> None:
        self._model, self._language = model, language
        self._words: list[str] = []
        self._means = np.zeros((0, 0), dtype=np.float32)
        if language is not None:
            kept = [w for w, n in language.words.most_common() if n >= 2 and w.isalpha() and len(w) > 1][:MOST_WORDS]
            self._words = kept
            self._means = _means(model, kept)
        self._at = {word: i for i, word in enumerate(self._words)}

    def propose(self, words: Sequence[str], margin: Margin) -> list[Edit]:
        """Deletions and substitutions of single words, by what the slope says that they add to the margin."""
        text = " ".join(words)
        by_token, by_term = self._model.slopes(text, margin)
        ids, of_word = self._model.encoder.read(text)
        table = self._model.encoder.table
        slope = np.zeros((len(words), by_token.shape[1]), dtype=np.float32)
        np.add.at(slope, of_word, by_token)
        now = np.zeros(len(words), dtype=np.float32)
        np.add.at(now, of_word, (by_token * table[ids.tolist()].numpy()).sum(axis=1))
        through = self._through_words(text, by_term)
        all_through = np.array([through(word) for word in self._words])
        blank = table[self._model.encoder.blank("pad")].numpy()
        gains: list[tuple[float, Edit]] = []
        for at, word in enumerate(words):
            own = through(core(word))
            if len(words) > 1:
                gains.append((float(slope[at] @ blank - now[at]) - own, Edit(at, word)))
            others = self._others(words, at, slope[at], now[at] + own, all_through)
            gains += [(gain, Edit(at, word, new)) for gain, new in others]
        return [edit for _, edit in sorted(gains, key=lambda pair: -pair[0])]

    def _others(
        self, words: Sequence[str], at: int, slope: np.ndarray, now: float, through: np.ndarray
    ) -> list[tuple[float, str]]:
        own = core(words[at])
        if not own.isalpha() or self._language is None or not self._words:
            return []
        left, right = (core(words[i]) if 0 <= i < len(words) else "" for i in (at - 1, at + 1))
        gain = self._means @ slope + through - now
        fits = {self._at[w] for w in self._language.fitting(left, right) if w in self._at}
        order = [i for i in np.argsort(-gain).tolist() if _same_kind(own, self._words[i])]
        chosen = [i for i in order if i in fits][:FITTING] + [i for i in order if i not in fits][:ANY]
        return [(float(gain[i]), _dressed(self._words[i], like=words[at])) for i in chosen]

    def _through_words(self, text: str, by_term: np.ndarray) -> Callable[[str], float]:
        """About what a word adds to the margin through the vocabulary, at the length that the text's row has."""
        vocabulary = self._model.model.recipe.vocabulary
        if vocabulary is None:
            return lambda word: 0.0
        places, values = self._model.terms(text)
        scale = float(np.median(values / vocabulary.idf[places])) if len(places) else 0.2
        at = {term: i for i, term in enumerate(vocabulary.terms)}
        return lambda word: float(by_term[at[word]] * vocabulary.idf[at[word]] * scale) if word in at else 0.0


def _means(model: OpenModel, words: Sequence[str]) -> np.ndarray:
    """(V, d) the mean embedding of each word's tokens."""
    table = model.encoder.table
    found = model.encoder.tokenizer.backend_tokenizer.encode_batch_fast(list(words), add_special_tokens=False)
    rows = [table[e.ids].mean(dim=0).numpy() if e.ids else np.zeros(table.shape[1], dtype=np.float32) for e in found]
    return np.stack(rows) if rows else np.zeros((0, table.shape[1]), dtype=np.float32)


def _same_kind(own: str, other: str) -> bool:
    return own != other and _KIND.get(own) == _KIND.get(other)


def _dressed(word: str, *, like: str) -> str:
    """The word with the punctuation and the capital of another."""
    before, inner, after = _PARTS.match(like).groups()  # type: ignore[union-attr]
    return f"{before}{word.capitalize() if inner[:1].isupper() else word}{after}"
