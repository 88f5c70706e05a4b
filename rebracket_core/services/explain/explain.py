"""One concept explained: which words a run's answer rests on, how far to trust that, and the nearest training texts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rebracket_core.encoders import uncached
from rebracket_core.errors import InputError, ModelError
from rebracket_core.insight.explain import ANY_TYPE, CONFIDENCE, LIMIT, OUTPUTS, Margin, margin_of
from rebracket_core.progress import NoProgress, ProgressReporter, counts
from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.settings import Settings
from rebracket_core.texts import identity, same_text
from rebracket_core.validation import learnt_parts, unusable

if TYPE_CHECKING:
    from rebracket_core.insight.explain import Attention, Faithfulness, OpenEncoder, OpenModel
    from rebracket_core.models import Scores
    from rebracket_core.services.resources import Resources
    from rebracket_core.validation import ConceptModel, Predictions

NEAREST = 5
AGREE = 0.7
FIELD = "concept"
_ENCODERS_KEPT = 2
_opened: dict[Path, OpenEncoder] = {}
_guard = threading.Lock()


@dataclass(frozen=True, slots=True)
class Near:
    """A training text, its album label where it has one, its cosine to the text that is explained, and whether it is that."""

    text: str
    album: str | None
    cosine: float
    same: bool


@dataclass(frozen=True, slots=True)
class Nearest:
    """The training texts nearest to a text, among the `n_known` of `n` whose vectors are remembered."""

    texts: tuple[Near, ...]
    n_known: int
    n: int

    @property
    def learned(self) -> bool:
        """Whether the text itself is among them: the run has seen it, and its answer may be memory."""
        return any(near.same for near in self.texts)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a run prefers `predicted` to `runner_up`: the share of each word in the margin of its calibrated answer.

    `gradients` are the words' shares by Integrated Gradients, vector part and word part together; `through_words` the word
    part of them. `missed` is what they miss of the margin's way from the baseline ([PAD] in the place of every word), in
    logits, `delta` the same as a share of that way.
    """

    run_id: str
    text: str
    output: str
    predicted: str
    runner_up: str
    margin: float
    baseline: float
    words: tuple[str, ...]
    gradients: tuple[float, ...]
    through_words: tuple[float, ...]
    steps: int
    missed: float
    delta: float

    @property
    def adds_up(self) -> bool:
        """Completeness: whether the shares give the margin to within 1 % of its way, or 0.01 logits."""
        return self.delta <= LIMIT or abs(self.missed) <= LIMIT

    def to_dict(self) -> dict[str, Any]:
        """The explanation as plain values."""
        return {**asdict(self), "adds_up": self.adds_up}


@dataclass(frozen=True, slots=True)
class Checks:
    """An explanation checked in other ways; None where a check is not possible.

    `masked` are the shares from a second baseline, [MASK] in the place of [PAD]; `shap` and `shapley` the words' SHAP and
    exact Shapley values (short texts alone). The correlations are of ranks.
    """

    behaviour: Faithfulness | None
    masked: tuple[float, ...]
    second_baseline: float | None
    shap: tuple[float, ...]
    shapley: tuple[float, ...] | None
    with_shap: float | None
    with_shapley: float | None
    shap_with_shapley: float | None

    @property
    def stable(self) -> bool:
        """Whether a second baseline ranks the words alike."""
        return self.second_baseline is None or self.second_baseline >= AGREE

    def to_dict(self) -> dict[str, Any]:
        """The checks as plain values."""
        document = {**asdict(self), "stable": self.stable}
        if self.behaviour is not None:
            document["behaviour"]["holds"] = self.behaviour.holds
        return document


class ExplainedRun:
    """An opened run that scores any texts: its scores, its margins, and its model with gradients."""

    def __init__(self, resources: Resources, run_id: str | None) -> None:
        self._resources = resources
        self.model = resources.model(run_id)
        if FIELD not in self.model.recipe.fields:
            raise ModelError(
                "This run does not read concepts.",
                expected="a run with the field concept",
                found=", ".join(self.model.recipe.fields),
                hint="ask another run",
            )
        name = resources.runs.encoder_of(self.model)
        self._name, self.encoder = name, resources.encoder_of(self.model)
        self._quick = uncached(self.encoder)

    def scores(self, texts: Sequence[str]) -> Scores:
        """The calibrated scores of texts; their vectors are not kept."""
        return self.predictions(texts).scores

    def predictions(self, texts: Sequence[str]) -> Predictions:
        """What the run predicts for texts; their vectors are not kept."""
        return self.model.predict({FIELD: list(texts)}, encoder=self._quick)

    def margin(self, target: Margin) -> Callable[[Sequence[str]], np.ndarray]:
        """The margin as a function of n texts that gives (n,); each different text is scored once."""
        known: dict[str, float] = {}

        def margin(texts: Sequence[str]) -> np.ndarray:
            fresh = [t for t in dict.fromkeys(texts) if t not in known]
            if fresh:
                known.update(zip(fresh, target.of(self.scores(fresh)).tolist(), strict=True))
            return np.array([known[t] for t in texts])

        return margin

    @cached_property
    def gradients(self) -> OpenModel:
        """The model opened for gradients. Raises EncoderError where its encoder has no torch weights here."""
        from rebracket_core.insight.explain import OpenModel

        return OpenModel(self.model, _open_encoder(self._name, self._resources.settings, window=self.encoder.window))

    def texts(self) -> list[tuple[str, str | None]]:
        """The different texts that the run was trained on with their albums; none where its data set is not here."""
        digest = self._resources.runs.info(self.model.run_id).dataset_digest
        name = next((meta.name for meta in self._resources.every_dataset() if meta.digest == digest), None)
        if name is None:
            return []
        frame = self._resources.dataset(name).frame.drop_duplicates(FIELD)
        rows = zip(frame[FIELD].tolist(), frame["album"].tolist(), strict=True)
        return [(text, album if isinstance(album, str) else None) for text, album in rows if text.strip()]


class Explain:
    """What the Explain page and the command `explain` ask of a home's runs."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    def explain(
        self,
        text: str,
        *,
        output: str | None = None,
        answer: str | None = None,
        against: str | None = None,
        run_id: str | None = None,
    ) -> Explanation:
        """Which words speak for an answer, by Integrated Gradients; by default for the first answer against the second.

        The output is by default the album, or the first thing that the run learnt.

        Raises: InputError for an unknown output or answer, or a text that cannot be scored.
        """
        output = output or next(iter(self.outputs(run_id)), "album")
        clean, opened = self.clean(text), self.opened(run_id, output=output)
        scores = opened.scores([clean])
        target = margin_of(scores, output, answer=answer, against=against)
        whole = float(target.of(scores)[0])
        found = opened.gradients.shares(clean, target, whole=whole)
        return Explanation(
            run_id=opened.model.run_id,
            text=clean,
            output=output,
            predicted=target.predicted,
            runner_up=target.runner_up,
            margin=whole,
            baseline=found.baseline,
            words=tuple(clean.split()),
            gradients=tuple(found.shares.tolist()),
            through_words=tuple(found.through_words.tolist()),
            steps=found.steps,
            missed=found.missed,
            delta=found.delta,
        )

    def check(self, found: Explanation, *, progress: ProgressReporter | None = None) -> Checks:
        """What deleting words and a second baseline say of an explanation: see `Checks`."""
        from rebracket_core.insight.explain import MASK, SHAPLEY_WORDS, faithfulness, rank_correlation, shap_values, shapley

        reporter = progress or NoProgress()
        opened, seed = self.opened(found.run_id, output=found.output), self._resources.settings.seed
        target = margin_of(opened.scores([found.text]), found.output, answer=found.predicted, against=found.runner_up)
        margin, words, own = opened.margin(target), found.words, np.array(found.gradients)
        reporter.update("Integrating from a second baseline", 0, 4)
        masked = opened.gradients.shares(found.text, target, whole=found.margin, baseline=MASK, steps=(found.steps,)).shares
        reporter.update("Deleting words", 1, 4)
        checked = faithfulness(words, own, margin=margin, seed=seed)
        reporter.update("Computing SHAP values", 2, 4)
        by_shap = shap_values(words, margin=margin, seed=seed)
        reporter.update("Scoring every part of the text", 3, 4)
        exact = shapley(words, margin=margin) if len(words) <= SHAPLEY_WORDS else None
        reporter.update("Done", 4, 4)
        return Checks(
            behaviour=checked,
            masked=tuple(masked.tolist()),
            second_baseline=rank_correlation(own, masked),
            shap=tuple(by_shap.tolist()),
            shapley=None if exact is None else tuple(exact.tolist()),
            with_shap=rank_correlation(own, by_shap),
            with_shapley=None if exact is None else rank_correlation(own, exact),
            shap_with_shapley=None if exact is None else rank_correlation(by_shap, exact),
        )

    def attention(self, text: str, *, run_id: str | None = None) -> Attention:
        """Where the encoder of a run looked: no reason for its answer."""
        from rebracket_core.insight.explain import attention

        return attention(self.opened(run_id, output=None).gradients.encoder, self.clean(text))

    def nearest(self, text: str, *, run_id: str | None = None) -> Nearest:
        """The training texts nearest in embedding space, of those whose vectors are remembered: nothing else is encoded."""
        from rebracket_core.stats import nearest_of

        opened, clean = self.opened(run_id, output=None), self.clean(text)
        known_texts = opened.texts()
        lookup = getattr(opened.encoder, "lookup", None)
        if not known_texts or lookup is None:
            return Nearest((), n_known=0, n=len(known_texts))
        known, vectors = lookup([one for one, _ in known_texts])
        rows = np.flatnonzero(known)
        if not len(rows):
            return Nearest((), n_known=0, n=len(known_texts))
        at, cosines = nearest_of(opened.encoder.encode([clean])[0], vectors=vectors, k=NEAREST)
        found = [(*known_texts[int(rows[i])], float(cosine)) for i, cosine in zip(at, cosines, strict=True)]
        near = tuple(Near(one, album, cosine, same=same_text(one, clean)) for one, album, cosine in found)
        return Nearest(near, n_known=len(rows), n=len(known_texts))

    def remember(self, run_id: str | None = None, *, progress: ProgressReporter | None = None) -> int:
        """The number of training texts of a run whose vectors are remembered from now on: all of them."""
        opened = self.opened(run_id, output=None)
        known_texts = [text for text, _ in opened.texts()]
        opened.encoder.encode(known_texts, progress=counts(progress, "Reading texts") if progress else None)
        return len(known_texts)

    def outputs(self, run_id: str | None = None) -> tuple[str, ...]:
        """The outputs of a run that can be explained: what it learnt, album first."""
        return outputs_of(self._resources.model(run_id))

    def opened(self, run_id: str | None, *, output: str | None) -> ExplainedRun:
        """Open a run for explanations of an output, or for its vectors alone. Raises ModelError where it did not learn it."""
        from rebracket_core.insight.explain import classes_of

        opened = ExplainedRun(self._resources, run_id)
        if output is None:
            return opened
        classes_of(output)
        learnt = outputs_of(opened.model)
        if output not in learnt:
            raise ModelError(
                "The run did not learn this output.",
                expected=f"one that it learnt: {', '.join(learnt)}",
                found=output,
                hint="ask about another output (--output) or another run",
                where=opened.model.run_id,
            )
        return opened

    def clean(self, text: str) -> str:
        """The text as it is scored, with single spaces. Raises InputError for one that cannot be scored."""
        clean = identity(text)
        if error := unusable(clean, max_chars=self._resources.settings.max_text_chars):
            raise InputError(
                "The text cannot be explained.", expected="a text that can be scored", found=error, hint="give another text"
            )
        return clean


def outputs_of(model: ConceptModel) -> tuple[str, ...]:
    """The outputs of a run that can be explained: what it learnt, album first."""
    parts = learnt_parts(model.manifest)
    found = {
        "type": model.has_types and "types" in parts,
        ANY_TYPE: bool(parts & {"types", "has_any_type"}) and not model.calibration.exclusive_types,
        CONFIDENCE: bool(parts & set(AXIS_NAMES)),
    }
    return tuple(name for name in OUTPUTS if found.get(name, name in parts))


def _open_encoder(name: str, settings: Settings, *, window: int) -> OpenEncoder:
    """The encoder of a run opened for gradients, kept for the process; at most two at a time."""
    from rebracket_core.encoders import thread_count
    from rebracket_core.encoders.transformers import trainable_folder
    from rebracket_core.insight.explain import OpenEncoder

    folder = trainable_folder(name, settings=settings)
    with _guard:
        if folder not in _opened:
            while len(_opened) >= _ENCODERS_KEPT:
                _opened.pop(next(iter(_opened)))
            _opened[folder] = OpenEncoder(folder, window=window, threads=thread_count(settings))
        return _opened[folder]
