"""One concept explained: which words a run's answer rests on, how far to trust that, and the nearest training texts."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from rebracket_core.errors import InputError, ModelError
from rebracket_core.models.layout import ALBUM, AXIS, TYPES
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES, N_MODES, TYPE_NAMES
from rebracket_core.settings import Settings
from rebracket_core.workbench.runs import RunShelf
from rebracket_core.workbench.usable import unusable

if TYPE_CHECKING:
    from rebracket_core.corpus import Dataset, DatasetMeta
    from rebracket_core.encoders import Encoder
    from rebracket_core.insight.attribution import Behaviour
    from rebracket_core.insight.gradients import GradientMiniLM
    from rebracket_core.validation import ConceptModel

OUTPUTS = ("album", *AXIS_NAMES, "type")
NEAREST = 5
DELTA_LIMIT = 0.01
FIELD = "concept"
_opened: dict[Settings, tuple[GradientMiniLM, Encoder]] = {}
_guard = threading.Lock()


class Bench(Protocol):
    """What an explanation needs of the workbench."""

    settings: Settings
    shelf: RunShelf

    def model(self, run_id: str | None = None) -> ConceptModel: ...
    def encoder(self, name: str) -> Encoder: ...
    def dataset(self, name: str) -> Dataset: ...
    def datasets(self) -> list[DatasetMeta]: ...


@dataclass(frozen=True, slots=True)
class Near:
    """A training text, its album label where it has one, and its cosine to the text that is explained."""

    text: str
    album: str | None
    cosine: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a head prefers `predicted` to `runner_up`: the share of each word in the logit margin.

    `gradients` are the words' shares by Integrated Gradients (vector part and word part together), `through_words` the
    word part of them, `shapley` the exact values for short texts, else None. `delta` is what the shares miss of the
    margin, as a share of the margin's way from the baseline. `second_baseline` is the rank correlation with [MASK] in the
    place of [PAD], `with_shapley` that with the exact values.
    """

    run_id: str
    output: str
    predicted: str
    runner_up: str
    margin: float
    words: tuple[str, ...]
    gradients: tuple[float, ...]
    through_words: tuple[float, ...]
    shapley: tuple[float, ...] | None
    delta: float
    behaviour: Behaviour | None
    second_baseline: float | None
    with_shapley: float | None
    nearest: tuple[Near, ...]

    @property
    def adds_up(self) -> bool:
        """The numerical lamp: whether the shares give the margin to within 1 %."""
        return self.delta <= DELTA_LIMIT

    def to_dict(self) -> dict[str, Any]:
        """The explanation as plain values."""
        holds = self.behaviour.holds if self.behaviour else None
        return {**asdict(self), "adds_up": self.adds_up, "behaviour_holds": holds}


@dataclass(frozen=True, slots=True)
class _Question:
    """The margin asked about: its names, and its slope (d,) and offset in the features."""

    predicted: str
    runner_up: str
    slope: np.ndarray
    offset: float


def explain(bench: Bench, text: str, *, output: str = "album", run_id: str | None = None) -> Explanation:
    """Why a run answers as it does for one text. Raises: InputError for an unknown output or a text that cannot be read."""
    from rebracket_core.insight.attribution import SHAPLEY_WORDS, behaviour, rank_correlation, shapley, term_shares

    words = text.split()
    clean = " ".join(words)
    error = unusable(clean, max_chars=bench.settings.max_text_chars)
    if error:
        raise InputError("The text cannot be explained.", expected="a text that can be judged", found=error,
                         hint="give another text")
    model = bench.model(run_id)
    encoder = bench.encoder(bench.shelf.encoder_of(model))
    _check(model, output)
    gradients, plain = _tools(bench.settings)
    features = _features(model, plain, [clean])
    asked = _question(model, features, output)
    size = len(model.recipe.fields) * encoder.dim

    def margin(texts: Sequence[str]) -> np.ndarray:
        return _features(model, plain, texts).astype(np.float64) @ asked.slope + asked.offset

    place = model.recipe.fields.index(FIELD) * encoder.dim
    direction = model.recipe.vector_weight * asked.slope[place : place + encoder.dim]
    through_words = term_shares(words, lexicon=model.recipe.lexicon, slope=asked.slope[size:])
    vector = gradients.shares(clean, direction, baseline="pad")
    masked = gradients.shares(clean, direction, baseline="mask")
    shares = vector.shares + through_words
    whole = float(margin([clean])[0])
    way = whole - vector.baseline - asked.offset
    exact = shapley(words, margin=margin) if len(words) <= SHAPLEY_WORDS else None
    return Explanation(
        run_id=model.run_id, output=output, predicted=asked.predicted, runner_up=asked.runner_up, margin=whole,
        words=tuple(words), gradients=tuple(shares.tolist()), through_words=tuple(through_words.tolist()),
        shapley=None if exact is None else tuple(exact.tolist()),
        delta=abs(float(shares.sum()) - way) / max(abs(way), 1e-9),
        behaviour=behaviour(words, shares, margin=margin, seed=bench.settings.seed),
        second_baseline=rank_correlation(shares, masked.shares + through_words),
        with_shapley=None if exact is None else rank_correlation(shares, exact),
        nearest=_nearest(bench, model, encoder, clean),
    )


def _check(model: ConceptModel, output: str) -> None:
    if output not in OUTPUTS:
        raise InputError("This output is not known.", expected=", ".join(OUTPUTS), found=output, hint="choose one of these")
    learnt = model.manifest.get("config", {}).get("outputs", ("axes", "album"))
    needed = "axes" if output in AXIS_NAMES else output
    if (needed == "type" and not model.has_types) or (needed != "type" and needed not in learnt):
        raise ModelError("The run did not learn this output.", expected=f"a run that was trained on {needed}",
                         found=model.run_id, hint="ask about another output or another run")
    if not model.encoder_id.startswith("minilm|") or FIELD not in model.recipe.fields:
        raise ModelError("Only runs on the bundled MiniLM can be explained.", expected="a run with the encoder minilm",
                         found=model.encoder_id, hint="choose a run with frozen MiniLM vectors")


def _features(model: ConceptModel, encoder: Encoder, texts: Sequence[str]) -> np.ndarray:
    from rebracket_core.encoders import encode_fields

    full = {field: list(texts) if field == FIELD else [""] * len(texts) for field in model.recipe.fields}
    return model.recipe.assemble(encode_fields(full, fields=model.recipe.fields, encoder=encoder), full)


def _question(model: ConceptModel, features: np.ndarray, output: str) -> _Question:
    weight = model.ensemble.weight.mean(axis=0, dtype=np.float64)
    bias = model.ensemble.bias.mean(axis=0, dtype=np.float64)
    names, part = _part(output)
    logits = (features[0] @ weight + bias)[part]
    first, second = np.argsort(-logits, kind="stable")[:2]
    return _Question(
        predicted=names[first], runner_up=names[second],
        slope=weight[:, part][:, first] - weight[:, part][:, second], offset=float(bias[part][first] - bias[part][second]),
    )


def _part(output: str) -> tuple[Sequence[str], slice]:
    if output == "album":
        return ALBUM_NAMES, ALBUM
    if output == "type":
        return TYPE_NAMES, TYPES
    start = AXIS.start + AXIS_NAMES.index(output) * N_MODES
    return MODES[output], slice(start, start + N_MODES)


def _tools(settings: Settings) -> tuple[GradientMiniLM, Encoder]:
    """MiniLM for gradients, and MiniLM without a memory: what is asked about parts of a text is not worth keeping."""
    from rebracket_core.encoders import open_encoder
    from rebracket_core.insight.gradients import GradientMiniLM

    with _guard:
        if settings not in _opened:
            _opened.clear()
            _opened[settings] = GradientMiniLM(settings), open_encoder("minilm", settings=settings, cached=False)
        return _opened[settings]


def _nearest(bench: Bench, model: ConceptModel, encoder: Encoder, text: str) -> tuple[Near, ...]:
    """The training texts nearest in embedding space; none where the run's data set is no longer there."""
    from rebracket_core.insight.neighbours import nearest_of

    digest = bench.shelf.info(model.run_id).dataset_digest
    name = next((meta.name for meta in bench.datasets() if meta.digest == digest), None)
    if name is None:
        return ()
    frame = bench.dataset(name).frame.drop_duplicates(FIELD)
    texts = frame[FIELD].tolist()
    albums = frame["album"].tolist() if "album" in frame else [None] * len(texts)
    at, cosines = nearest_of(encoder.encode([text])[0], vectors=encoder.encode(texts), k=NEAREST)
    return tuple(
        Near(text=texts[i], album=albums[i] if isinstance(albums[i], str) else None, cosine=float(c))
        for i, c in zip(at, cosines, strict=True)
    )
