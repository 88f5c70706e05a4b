"""What a run says of a text without a verdict: of each task that it learnt, and of nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rebracket_core.encoders import Encoder
from rebracket_core.process import one_blas_thread
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES, TYPE_NAMES
from rebracket_core.validation.concept import Concept
from rebracket_core.validation.evidence import DIGITS
from rebracket_core.validation.model import ConceptModel, Predictions
from rebracket_core.validation.scorer import CHUNK, failure_of, predict


@dataclass(frozen=True, slots=True)
class Prediction:
    """What one run predicts of one text. What it did not learn is None; numbers are Python floats of six digits.

    `types` are the probabilities of the types and `predicted_types` those that are predicted: the likeliest of exactly one,
    else those beyond their thresholds; `any_type` is the probability of having any, `has_any_type` whether it is one half or
    more. A text that cannot be read has `error` set and nothing else.
    """

    id: str
    source: str
    text: str
    run_id: str
    types: Mapping[str, float] | None = None
    predicted_types: tuple[str, ...] | None = None
    any_type: float | None = None
    has_any_type: bool | None = None
    album: str | None = None
    album_probabilities: Mapping[str, float] | None = None
    temporal: Mapping[str, float] | None = None
    spatial: Mapping[str, float] | None = None
    ontological: Mapping[str, float] | None = None
    chromatic_confidence: float | None = None
    ood_p_value: float | None = None
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain values, in their order: one jsonl line of `rebracket predict`."""
        found = asdict(self)
        return {**found, "predicted_types": None if self.predicted_types is None else list(self.predicted_types)}


def learnt_parts(manifest: Mapping[str, Any]) -> frozenset[str]:
    """The parts that the run of a manifest learnt: "album", the axes by name, "types", "has_any_type"."""
    tasks = set(manifest.get("config", {}).get("tasks", ()))
    parts = {*(AXIS_NAMES if "axes" in tasks else ()), *(tasks & {"album", "types", "has_any_type"})}
    found = parts - set(manifest.get("metrics", {}).get("not_learnt", ()))
    return frozenset(found)


def predictions_of(
    concepts: Sequence[Concept],
    *,
    model: ConceptModel,
    encoder: Encoder,
    max_chars: int,
    progress: Callable[[int, int], None] | None = None,
) -> list[Prediction]:
    """One prediction a concept, in input order; what cannot be read carries `error`."""
    found: list[Prediction | None] = [None] * len(concepts)
    readable: list[int] = []
    for i, concept in enumerate(concepts):
        failed = failure_of(concept, max_chars=max_chars, run_id=model.run_id)
        if failed is None:
            readable.append(i)
        else:
            found[i] = Prediction(failed.id, failed.source, failed.text, model.run_id, error=failed.error)
    for start in range(0, len(readable), CHUNK):
        at = readable[start : start + CHUNK]
        with one_blas_thread():
            scored = predict([concepts[i] for i in at], model=model, encoder=encoder)
        for row, i in enumerate(at):
            found[i] = _prediction(concepts[i], scored, row, model=model)
        if progress:
            progress(min(start + CHUNK, len(readable)), len(readable))
    return [one for one in found if one is not None]


def _prediction(concept: Concept, of: Predictions, row: int, *, model: ConceptModel) -> Prediction:
    scores, parts = of.scores, learnt_parts(model.manifest)
    axes = {axis: _named(MODES[axis], scores.axis[row, j]) for j, axis in enumerate(AXIS_NAMES) if axis in parts}
    values: dict[str, Any] = dict(axes)
    if axes:
        values["chromatic_confidence"] = _number(scores.confidence[row])
    if "album" in parts:
        values["album"] = ALBUM_NAMES[int(scores.album[row].argmax())]
        values["album_probabilities"] = _named(ALBUM_NAMES, scores.album[row])
    if "types" in parts:
        values["types"] = _named(TYPE_NAMES, scores.types[row])
        chosen = zip(TYPE_NAMES, scores.predicted_types[row], strict=True)
        values["predicted_types"] = tuple(name for name, given in chosen if given > 0)
    if parts & {"types", "has_any_type"} and not model.calibration.exclusive_types:
        values["any_type"] = _number(scores.any_type[row])
        values["has_any_type"] = bool(scores.any_type[row] >= 0.5)
    if of.ood_p is not None:
        values["ood_p_value"] = _number(of.ood_p[row])
    return Prediction(concept.id, concept.source, concept.text, model.run_id, **values)


def _named(names: Sequence[str], values: np.ndarray) -> dict[str, float]:
    return {name: _number(value) for name, value in zip(names, values, strict=True)}


def _number(value: Any) -> float:
    return round(float(value), DIGITS)
