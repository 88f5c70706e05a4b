"""Concepts → verdicts: unusable texts set apart, remembered verdicts reused, the rest judged in chunks."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace

from rebracket_core.blas import one_blas_thread
from rebracket_core.encoders import Encoder
from rebracket_core.settings import Thresholds
from rebracket_core.validation.concept import Concept
from rebracket_core.validation.model import Answers, ConceptModel
from rebracket_core.validation.prints import text_print
from rebracket_core.validation.usable import unusable
from rebracket_core.validation.verdict import Item, Verdict, failed_verdict
from rebracket_core.validation.verdict_cache import VerdictCache

CHUNK = 256


class Judge:
    """Judges concepts with a model; remembers verdicts for an hour. Safe to share between threads."""

    def __init__(self, *, max_text_chars: int) -> None:
        self._max_chars = max_text_chars
        self._cache = VerdictCache()

    def judge(
        self,
        concepts: Sequence[Concept],
        *,
        model: ConceptModel,
        encoder: Encoder,
        thresholds: Thresholds,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Verdict]:
        """One verdict a concept, in input order."""
        verdicts: list[Verdict | None] = [None] * len(concepts)
        fresh: list[int] = []
        for i, concept in enumerate(concepts):
            failed = cannot_be_judged(concept, max_chars=self._max_chars, run_id=model.run_id)
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
            judged = self._judge_chunk([concepts[i] for i in at], model=model, encoder=encoder, thresholds=thresholds)
            for i, verdict in zip(at, judged, strict=True):
                verdicts[i] = verdict
                self._cache.put(_key(concepts[i], model=model, thresholds=thresholds), verdict)
            if progress:
                progress(min(start + CHUNK, len(fresh)), len(fresh))
        return [v for v in verdicts if v is not None]

    def _judge_chunk(
        self, concepts: list[Concept], *, model: ConceptModel, encoder: Encoder, thresholds: Thresholds
    ) -> list[Verdict]:
        with one_blas_thread():
            answers = answers_for(concepts, model=model, encoder=encoder)
            return verdicts_for(concepts, answers, model=model, thresholds=thresholds)


def answers_for(concepts: Sequence[Concept], *, model: ConceptModel, encoder: Encoder) -> Answers:
    """What the model says of concepts that can be judged."""
    texts = {
        field: [c.text if field == "concept" else c.fields.get(field, "") for c in concepts] for field in model.recipe.fields
    }
    return model.answer(texts, encoder=encoder)


def verdicts_for(
    concepts: Sequence[Concept], answers: Answers, *, model: ConceptModel, thresholds: Thresholds
) -> list[Verdict]:
    """The verdicts that follow from the answers, in order."""
    return answers.judge(
        [_item(c) for c in concepts],
        thresholds=thresholds,
        run_id=model.run_id,
        with_types=model.has_types,
        flags=[_flags(c, model=model) for c in concepts],
    )


def cannot_be_judged(concept: Concept, *, max_chars: int, run_id: str) -> Verdict | None:
    """The verdict of a concept that has an error or no usable text; None where it can be judged."""
    error = concept.error or unusable(concept.text, max_chars=max_chars)
    return failed_verdict(_item(concept), error, run_id=run_id) if error else None


def _item(concept: Concept) -> Item:
    return Item(id=concept.id, source=concept.source, text=concept.text, expected_album=concept.expected_album)


def _flags(concept: Concept, *, model: ConceptModel) -> tuple[str, ...]:
    """What is known of a text beside its scores: it was trained on, it comes from a strange source, a field is missing."""
    flags = []
    if text_print(concept.text) in model.prints:
        flags.append("seen_in_training")
    origin = concept.fields.get("origin")
    if origin and origin not in model.origins:
        flags.append("unknown_source")
    flags += [f"without_{field}" for field in model.recipe.fields if field != "concept" and not concept.fields.get(field)]
    return tuple(flags)


def _key(concept: Concept, *, model: ConceptModel, thresholds: Thresholds) -> Hashable:
    fields = tuple((f, concept.fields.get(f, "")) for f in (*model.recipe.fields, "origin") if f != "concept")
    return (model.run_id, model.encoder_id, thresholds, concept.text, fields)
