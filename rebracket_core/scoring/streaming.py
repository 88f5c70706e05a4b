"""Verdicts on more concepts than fit into memory: read, scored and written as they come, and gone on with after a kill."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from rebracket_core.corpus.sources import fingerprint_of, iter_concepts
from rebracket_core.encoders import uncached
from rebracket_core.errors import ConfigError, InputError
from rebracket_core.process import one_blas_thread
from rebracket_core.progress import ProgressReporter
from rebracket_core.scoring.parts import Order, OrderOptions, Part, PartForm, Parts, write_part
from rebracket_core.validation import Verdict, failure_of, predict, rules_digest, verdicts_of

if TYPE_CHECKING:
    from rebracket_core.scoring.base import ScoringResources
    from rebracket_core.validation import Concept, Predictions

STAGE = "Scoring concepts"
ROWS_PER_PART = 10_000
CHUNK = 512
_THREADS = 2
_PREFETCH = 3
Numbered = tuple[int, list["Concept"]]


class StreamScorer:
    """Scores chunk after chunk with one run, and remembers nothing: a chunk's verdicts depend on the chunk alone.

    What is remembered would grow with the input, and would change last digits: a text's vector may differ by a rounding
    with the texts that it was encoded beside. The verdicts show in the home's monitoring.
    """

    def __init__(self, resources: ScoringResources, order: Order) -> None:
        self._model = resources.model(order.run_id)
        self._encoder = uncached(resources.encoder_of(self._model))
        self._thresholds = self._model.thresholds.with_(**order.thresholds)
        self._max_chars = order.max_text_chars
        self._counts = resources.counts

    @property
    def reads_vectors(self) -> bool:
        """Whether the run reads the vectors that stand beside the texts."""
        return self._model.vectors is not None

    def verdicts(self, chunks: Iterable[Numbered]) -> Iterator[tuple[int, list[Verdict]]]:
        """The verdicts on each chunk under its number, in order; the next chunks are encoded while one is scored."""
        waiting: deque[tuple[int, list[Concept], list[Verdict | None], Future[Predictions] | None]] = deque()
        # With more threads BLAS adds in another order, and a last digit would depend on the machine's cores.
        with one_blas_thread(), ThreadPoolExecutor(_THREADS, thread_name_prefix="stream") as pool:
            since = time.perf_counter()
            for number, concepts in chunks:
                known = [failure_of(c, max_chars=self._max_chars, model=self._model, encoder=self._encoder) for c in concepts]
                fresh = [c for c, verdict in zip(concepts, known, strict=True) if verdict is None]
                predicted = pool.submit(predict, fresh, model=self._model, encoder=self._encoder) if fresh else None
                waiting.append((number, fresh, known, predicted))
                if len(waiting) >= _PREFETCH:
                    yield self._counted(*waiting.popleft(), since=since)
                    since = time.perf_counter()
            while waiting:
                yield self._counted(*waiting.popleft(), since=since)
                since = time.perf_counter()
        self._counts.flush()

    def _counted(
        self,
        number: int,
        fresh: list[Concept],
        known: list[Verdict | None],
        predicted: Future[Predictions] | None,
        *,
        since: float,
    ) -> tuple[int, list[Verdict]]:
        found = self._finished(number, fresh, known, predicted)
        self._counts.count(found[1], seconds=time.perf_counter() - since, run_id=self._model.run_id)
        return found

    def _finished(
        self, number: int, fresh: list[Concept], known: list[Verdict | None], predicted: Future[Predictions] | None
    ) -> tuple[int, list[Verdict]]:
        if predicted is None:
            return number, [verdict for verdict in known if verdict is not None]
        made = iter(verdicts_of(fresh, predicted.result(), model=self._model, thresholds=self._thresholds))
        return number, [verdict or next(made) for verdict in known]


def score_into(
    resources: ScoringResources,
    sources: Sequence[Path | str],
    *,
    folder: Path,
    progress: ProgressReporter | None = None,
    **options: Unpack[OrderOptions],
) -> Parts:
    """The parts of all verdicts on the sources, in input order; parts that the folder holds already are not made again.

    Raises ConfigError for a folder that was begun with something else, InputError where there is nothing to score.
    """
    order = order_of(resources, sources, **options)
    with Parts(folder, order).held() as parts:
        scorer = StreamScorer(resources, order)
        chunks = _missing(sources, parts=parts, progress=progress, vectors=scorer.reads_vectors)
        scored = scorer.verdicts(chunks)
        for number, group in itertools.groupby(scored, key=lambda found: found[0]):
            parts.add(write_part(folder, number, form=order.form, chunks=(verdicts for _, verdicts in group)))
        return finished(parts)


def score_slice(scorer: StreamScorer, concepts: Iterable[Concept], *, number: int, folder: Path, form: PartForm) -> Part:
    """One part from the concepts that belong to it: the same bytes wherever it is made."""
    scored = scorer.verdicts((number, list(chunk)) for chunk in _chunks(concepts))
    return write_part(folder, number, form=form, chunks=(verdicts for _, verdicts in scored))


def order_of(resources: ScoringResources, sources: Sequence[Path | str], **options: Unpack[OrderOptions]) -> Order:
    """What is asked for, with the run chosen and the input's fingerprint taken.

    Raises ConfigError for parts that are not of 1 to 1,000,000 rows or thresholds out of their range, and whatever opening
    the run raises.
    """
    rows_per_part = options.get("rows_per_part", ROWS_PER_PART)
    if not 1 <= rows_per_part <= 1_000_000:
        raise ConfigError(
            "The size of a part is not allowed.",
            expected="1 to 1,000,000 rows",
            found=str(rows_per_part),
            hint="leave it out for the default",
        )
    model = resources.model(options.get("run_id"))
    limits = model.thresholds.with_(**(options.get("thresholds") or {}))
    found = fingerprint_of(sources)
    return Order(
        run_id=model.run_id,
        encoder_id=model.encoder_id,
        thresholds=limits.to_dict(),
        input_digest=found.digest,
        input_files=found.files,
        input_bytes=found.size,
        form=options.get("form", PartForm.JSONL),
        rows_per_part=rows_per_part,
        max_text_chars=resources.settings.max_text_chars,
        rules=rules_digest(),
        text_column=options.get("text_column", ""),
    )


def finished(parts: Parts) -> Parts:
    """The parts, sealed; an InputError where there was nothing to score."""
    if not parts.counts.total():
        raise InputError(
            "There is nothing to score.",
            expected="at least one concept",
            found="none in these sources",
            hint="name a file or a folder",
        )
    parts.close()
    return parts


def _missing(
    sources: Sequence[Path | str], *, parts: Parts, progress: ProgressReporter | None, vectors: bool
) -> Iterator[Numbered]:
    """The chunks of the parts that are not finished; a chunk never lies in two parts."""
    order, done = parts.order, 0
    how: dict[str, Any] = {"max_text_chars": order.max_text_chars, "text_column": order.text_column or None}
    concepts = iter_concepts(sources, **how, vectors=vectors)
    for number in itertools.count():
        part = itertools.islice(concepts, order.rows_per_part)
        rows = 0
        for chunk in _chunks(part):
            rows += len(chunk)
            if not parts.has(number):
                yield number, chunk
            done += len(chunk)
            if progress:
                progress.update(STAGE, done, 0)
        if rows < order.rows_per_part:
            return


def _chunks(concepts: Iterable[Any]) -> Iterator[list[Any]]:
    rows = iter(concepts)
    while chunk := list(itertools.islice(rows, CHUNK)):
        yield chunk
