"""Concepts → verdicts, straight: model → predictions → evidence → the first rule that holds → verdict.

Or → predictions alone, of everything that a run learnt: for runs that give no verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from rebracket_core.encoders import DatasetVectors, Encoder
from rebracket_core.errors import EncoderError, InputError, ModelError
from rebracket_core.process import one_blas_thread
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES, TYPE_NAMES
from rebracket_core.settings import Thresholds
from rebracket_core.validation.concept import Concept
from rebracket_core.validation.evidence import DIGITS, Evidence, evidence_of
from rebracket_core.validation.fingerprints import text_fingerprint
from rebracket_core.validation.flags import SEEN_IN_TRAINING, UNKNOWN_SOURCE, WITHOUT
from rebracket_core.validation.model import ConceptModel, Predictions
from rebracket_core.validation.rules import RULES, Decision, decide
from rebracket_core.validation.usable import unusable
from rebracket_core.validation.verdict import Verdict, failed_verdict
from rebracket_core.validation.verdict_cache import VerdictCache

CHUNK = 256


class Scorer:
    """Scores concepts with a model; keeps verdicts for an hour. Safe to share between threads."""

    def __init__(self, *, max_text_chars: int) -> None:
        self._max_chars = max_text_chars
        self._cache = VerdictCache()

    def score(
        self,
        concepts: Sequence[Concept],
        *,
        model: ConceptModel,
        encoder: Encoder,
        thresholds: Thresholds,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Verdict]:
        """Return one verdict a concept, in input order; what cannot be scored carries `error`."""
        verdicts: list[Verdict | None] = [None] * len(concepts)
        fresh: list[int] = []
        for i, concept in enumerate(concepts):
            failed = failure_of(concept, max_chars=self._max_chars, model=model, encoder=encoder)
            if failed:
                verdicts[i] = failed
                continue
            known = self._cache.get(_key(concept, model=model, thresholds=thresholds))
            if known is None:
                fresh.append(i)
            else:
                verdicts[i] = replace(known, id=concept.id, source=concept.source, expected_album=concept.expected_album)
        for start in range(0, len(fresh), CHUNK):
            at = fresh[start : start + CHUNK]
            chunk = [concepts[i] for i in at]
            with one_blas_thread():
                predictions = predict(chunk, model=model, encoder=encoder)
                scored = verdicts_of(chunk, predictions, model=model, thresholds=thresholds)
            for i, verdict in zip(at, scored, strict=True):
                verdicts[i] = verdict
                self._cache.put(_key(concepts[i], model=model, thresholds=thresholds), verdict)
            if progress:
                progress(min(start + CHUNK, len(fresh)), len(fresh))
        return [v for v in verdicts if v is not None]


def predict(concepts: Sequence[Concept], *, model: ConceptModel, encoder: Encoder) -> Predictions:
    """What the model predicts for concepts that can be scored."""
    texts = {
        field: [c.text if field == "concept" else c.fields.get(field, "") for c in concepts] for field in model.recipe.fields
    }
    own = {field: [c.vectors.get(field) for c in concepts] for field in model.recipe.fields}
    return model.predict(texts, encoder=encoder, own=own)


def verdicts_of(
    concepts: Sequence[Concept], predictions: Predictions, *, model: ConceptModel, thresholds: Thresholds
) -> list[Verdict]:
    """The verdicts that follow from a model's predictions, in order, with what it knows of each concept as flags."""
    return verdicts_from(
        concepts,
        predictions,
        thresholds=thresholds,
        run_id=model.run_id,
        with_types=model.has_types,
        flags=[_flags(c, model=model) for c in concepts],
    )


def verdicts_from(
    concepts: Sequence[Concept],
    predictions: Predictions,
    *,
    thresholds: Thresholds | Sequence[Thresholds],
    run_id: str = "",
    with_types: bool = True,
    flags: Sequence[Sequence[str]] | None = None,
) -> list[Verdict]:
    """The verdicts that follow from predictions alone, one a concept, in order.

    Args:
        concepts: n of them; one without a text, or with numbers that are no scores, gets an `error` and no verdict.
        predictions: for these n texts.
        thresholds: one set for all, or one for each.
        run_id: the run that predicted.
        with_types: False where the run learnt no types.
        flags: what is known of each text beside its scores.

    Raises:
        ModelError: the run did not learn what a verdict needs, or an array has the wrong shape.
    """
    predictions.check_trained()
    limits = [thresholds] * len(concepts) if isinstance(thresholds, Thresholds) else list(thresholds)
    evidence = evidence_of(
        predictions.scores, ood_p=predictions.ood_p, thresholds=thresholds, flags=flags, with_types=with_types
    )
    if not len(concepts) == len(evidence) == len(limits):
        raise ModelError(
            "Concepts and predictions differ in number.",
            expected=f"{len(concepts)} of each",
            found=f"{len(evidence)} predictions, {len(limits)} sets of thresholds",
            hint="predict for these concepts",
        )
    return [
        _verdict(concept, found, thresholds=limit, run_id=run_id)
        for concept, found, limit in zip(concepts, evidence, limits, strict=True)
    ]


def _verdict(concept: Concept, evidence: Evidence | ModelError, *, thresholds: Thresholds, run_id: str) -> Verdict:
    problem = _text_problem(concept.text) or (evidence if isinstance(evidence, ModelError) else None)
    if problem is not None or isinstance(evidence, ModelError):
        return failed_verdict(concept, str(problem), run_id=run_id, thresholds=thresholds)
    decision, suggestions = decide(evidence)
    return Verdict.of(concept, evidence, decision, suggestions=suggestions, run_id=run_id)


def decision_of(verdict: Verdict) -> Decision:
    """The decision behind a verdict, made again from the verdict's own numbers by the rules that are registered now.

    Raises InputError for a concept that could not be scored.
    """
    return decide(verdict.evidence())[0]


def failure_of(concept: Concept, *, max_chars: int, model: ConceptModel, encoder: Encoder) -> Verdict | None:
    """The verdict of a concept that has an error, no usable text, or none of the vectors that the run needs; else None."""
    error = concept.error or unusable(concept.text, max_chars=max_chars)
    error = error or _without_vector(concept, fields=model.recipe.fields, encoder=encoder)
    return failed_verdict(concept, error, run_id=model.run_id) if error else None


def _without_vector(concept: Concept, *, fields: Sequence[str], encoder: Encoder) -> str | None:
    """Why a run on vectors cannot score a concept: it brings none, or one that does not fit; None where it can."""
    if not isinstance(encoder, DatasetVectors):
        return None
    for field in fields:
        text = concept.text if field == "concept" else concept.fields.get(field, "")
        own = concept.vectors.get(field)
        try:
            if own is not None:
                encoder.checked(own)
            else:
                encoder.encode([text])
        except EncoderError as error:
            return str(error)
    return None


def _text_problem(text: object) -> InputError | None:
    if isinstance(text, str) and text.strip():
        return None
    found = "an empty text" if isinstance(text, str) else type(text).__name__
    return InputError("There is no text to score.", expected="a concept in words", found=found, hint="give it a text")


def _flags(concept: Concept, *, model: ConceptModel) -> tuple[str, ...]:
    """What is known of a text beside its scores: it was trained on, its kind of source is unknown, a field is missing."""
    flags = []
    if text_fingerprint(concept.text) in model.fingerprints:
        flags.append(SEEN_IN_TRAINING)
    origin = concept.fields.get("origin")
    if origin and origin not in model.origins:
        flags.append(UNKNOWN_SOURCE)
    flags += [f"{WITHOUT}{field}" for field in model.recipe.fields if field != "concept" and not concept.fields.get(field)]
    return tuple(flags)


def _key(concept: Concept, *, model: ConceptModel, thresholds: Thresholds) -> Hashable:
    """All that a verdict depends on: run, encoder, thresholds, the rules as they are now, and every field that is read."""
    fields = tuple((f, concept.fields.get(f, "")) for f in (*model.recipe.fields, "origin") if f != "concept")
    own = tuple((f, tuple(concept.vectors[f])) for f in model.recipe.fields if f in concept.vectors) if model.vectors else ()
    return (model.run_id, model.encoder_id, thresholds, RULES.revision, concept.text, fields, own)


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
        failed = failure_of(concept, max_chars=max_chars, model=model, encoder=encoder)
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
