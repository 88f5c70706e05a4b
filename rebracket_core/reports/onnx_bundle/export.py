"""A run out of its home as one folder for ONNX Runtime, after it was held against the run itself in PyTorch."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core.encoders import MINILM, MINILM_TORCH, open_encoder
from rebracket_core.errors import InputError, ModelError
from rebracket_core.progress import ProgressReporter
from rebracket_core.reports.onnx_bundle import ExportedRun, Precision, read_manifest, write_folder
from rebracket_core.reports.onnx_bundle.layout import GRAPH, finish, refuse_taken, replace_graph, write_manifest
from rebracket_core.validation import Concept, ConceptModel, Prediction, Scorer, Verdict, predictions_of, untrained_tasks

if TYPE_CHECKING:
    from rebracket_core.runs import RunStore
    from rebracket_core.settings import Settings

Outcome = Verdict | Prediction
TOLERANCE = 1e-5
COMPARED_TEXTS = 32
MIN_CHECK = 8
CALIBRATION_STEP = 4
CALIBRATION_TEXTS = 64
_STEPS = ("Writing the encoder's graph", "Scoring with PyTorch", "Scoring with the exported model", "Lowering the precision")
_CHANGES_KEPT = 50
_SCORES = ("temporal", "spatial", "ontological", "album_probabilities", "types", "uncertainty")
_PLAIN = (
    "A bell that was cast for a tower that nobody built.",
    "rain",
    "A lighthouse will stand where the road ends, and the keeper's daughter has already forgotten it.",
    "\U0001f56f Ω 灯台 — naïve, coöperate; 1804?",
    # Longer than the window of every encoder here.
    " ".join(f"In {1800 + n} the clock of the town was {n} minutes late, and people said it was the sea." for n in range(60)),
)


@dataclass(frozen=True, slots=True)
class Change:
    """A concept whose verdict is another one at the lower precision: its id, and "VERDICT Album" before and after."""

    id: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """How two ways of scoring the same concepts differ.

    `concepts`: how many were scored; `longer_than_window`: how many of them take several windows; `score_difference`: the
    largest difference of a score, `p_difference` that of an out-of-distribution p-value (which moves in steps of one
    training text); `changed`: how many verdicts, reasons or albums are others, and the first of them.
    """

    concepts: int
    longer_than_window: int
    score_difference: float
    p_difference: float
    changed: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export wrote and measured: `equality` of float32 with PyTorch, `lowered` the lower precision against it."""

    folder: str
    run_id: str
    precision: Precision
    bytes: int
    equality: Difference
    lowered: Difference | None
    gives_verdicts: bool = True

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values."""
        return asdict(self)


def export_onnx(
    runs: RunStore,
    run_id: str,
    *,
    to: Path,
    settings: Settings,
    precision: Precision = Precision.FLOAT32,
    check: Sequence[Concept] = (),
    progress: ProgressReporter | None = None,
) -> ExportReport:
    """The report on a folder that gives the run's verdicts with ONNX Runtime alone, now at `to`.

    It is compared with the run in PyTorch on texts that the run was not trained on, on some of every length, and on `check`:
    scores within 1e-5, the same verdicts, or nothing is written. bf16 and int8 need `check`; how they change its
    verdicts is measured and written into the folder.
    Raises ModelError where the two differ, InputError where `to` is taken or `check` is too small, StoreError for the disk.
    """
    _enough(precision, check)
    refuse_taken(to)
    model = runs.load(run_id)
    tell = _teller(progress, steps=3 if precision is Precision.FLOAT32 else 4)
    source = _Source(run_id, model, runs.folder_of(run_id).path, encoder=runs.encoder_of(model))
    tell(0)
    room = _graph_folder(source, to, settings=settings)
    check = [concept for concept in check if concept.error is None]
    try:
        equality, lowered = _compared_with_run(source, room, precision=precision, check=check, settings=settings, tell=tell)
        _keep_check(room, equality=equality, lowered=lowered)
        size = sum(path.stat().st_size for path in room.rglob("*") if path.is_file())
        finish(room, to=to)
    except BaseException:
        shutil.rmtree(room, ignore_errors=True)
        raise
    return ExportReport(str(to), run_id, precision, size, equality, lowered, gives_verdicts=not untrained_tasks(model.manifest))


@dataclass(frozen=True, slots=True)
class _Source:
    """The run that is exported: its id, its model, its folder, and the name of its encoder."""

    run_id: str
    model: ConceptModel
    folder: Path
    encoder: str


def _graph_folder(source: _Source, to: Path, *, settings: Settings) -> Path:
    """The temporary folder beside `to` with the run and its encoder's graph in float32."""
    from rebracket_core.encoders.onnx import encoder_parts

    parts = encoder_parts(source.encoder, trained_as=source.model.encoder_id, settings=settings)
    return write_folder(
        to,
        graph=parts.graph,
        tokenizer=parts.tokenizer,
        model=source.folder / "model",
        run_id=source.run_id,
        precision=Precision.FLOAT32,
        encoder=parts.facts,
    )


def _compared_with_run(
    source: _Source,
    room: Path,
    *,
    precision: Precision,
    check: Sequence[Concept],
    settings: Settings,
    tell: Callable[[int], None],
) -> tuple[Difference, Difference | None]:
    """How the folder's verdicts differ from the run's: in float32, and then what the lower precision changes on `check`.

    The folder then holds the graph at `precision`. Raises ModelError where the float32 graph is not the run.
    """
    concepts = [*_own_texts(source.folder), *check]
    tell(1)
    wanted = _in_pytorch(concepts, model=source.model, name=source.encoder, settings=settings)
    tell(2)
    exported = ExportedRun(room, max_text_chars=settings.max_text_chars)
    equality = _compared(wanted, _predicted(exported, concepts), encoder=exported.encoder)
    _same_or_refused(equality, run_id=source.run_id)
    if precision is Precision.FLOAT32:
        return equality, None
    tell(3)
    lowered = _lower(
        room, exported, precision, check=check, before=wanted[-len(check) :], max_text_chars=settings.max_text_chars
    )
    return equality, lowered


def _teller(progress: ProgressReporter | None, *, steps: int) -> Callable[[int], None]:
    return lambda at: progress.update(_STEPS[at], at, steps) if progress else None


def _enough(precision: Precision, check: Sequence[Concept]) -> None:
    usable = sum(concept.error is None for concept in check)
    if precision is not Precision.FLOAT32 and usable < MIN_CHECK:
        raise InputError(
            f"What {precision} changes has to be measured.",
            expected=f"at least {MIN_CHECK} concepts of yours",
            found=str(usable),
            hint="name a file of them with --check",
        )


def _own_texts(folder: Path) -> list[Concept]:
    """Texts that the run was not trained on, evenly spread, where it keeps them; and some of every length."""
    from rebracket_core.stats import OUT_OF_FOLD_ROWS_FILE, read_out_of_fold_rows

    texts = read_out_of_fold_rows(folder).text if (folder / OUT_OF_FOLD_ROWS_FILE).is_file() else ()
    spread = texts[:: max(1, len(texts) // COMPARED_TEXTS)][:COMPARED_TEXTS]
    return [Concept(id=f"own-{at}", text=text) for at, text in enumerate(chain(_PLAIN, spread))]


def _predicted(exported: ExportedRun, concepts: Sequence[Concept]) -> Sequence[Outcome]:
    """The folder's verdicts, or the predictions of a run that gives none."""
    return exported.predict(concepts) if untrained_tasks(exported.model.manifest) else exported.validate(concepts)


def _in_pytorch(concepts: Sequence[Concept], *, model: ConceptModel, name: str, settings: Settings) -> Sequence[Outcome]:
    """The verdicts of the run with its encoder in PyTorch, on the CPU; predictions where it gives no verdicts."""
    settings = replace(settings, device="cpu")
    encoder = open_encoder(MINILM_TORCH if name == MINILM else name, settings=settings, cached=False)
    if name == MINILM:  # the same weights, in another engine
        model = replace(model, encoder_id=encoder.encoder_id)
    if untrained_tasks(model.manifest):
        return predictions_of(concepts, model=model, encoder=encoder, max_chars=settings.max_text_chars)
    scorer = Scorer(max_text_chars=settings.max_text_chars)
    return scorer.score(concepts, model=model, encoder=encoder, thresholds=model.thresholds)


def _compared(before: Sequence[Outcome], after: Sequence[Outcome], *, encoder: Any) -> Difference:
    pairs = list(zip(before, after, strict=True))
    changes = [Change(a.id, _outcome(a), _outcome(b)) for a, b in pairs if _outcome(a) != _outcome(b)]
    scored = [(a, b) for a, b in pairs if not (a.error or b.error)]
    steps = [abs((a.ood_p_value or 0.0) - (b.ood_p_value or 0.0)) for a, b in scored]
    return Difference(
        concepts=len(pairs),
        longer_than_window=encoder.too_long([a.text for a, _ in scored]),
        score_difference=round(max((_apart(a, b) for a, b in scored), default=0.0), 9),
        p_difference=round(max(steps, default=0.0), 9),
        changed=len(changes),
        changes=tuple(changes[:_CHANGES_KEPT]),
    )


def _outcome(verdict: Outcome) -> str:
    if verdict.error:
        return f"error: {verdict.error}"
    if isinstance(verdict, Prediction):
        any_type = {True: "some type", False: "no type", None: ""}[verdict.has_any_type]
        return "; ".join(part for part in (", ".join(verdict.predicted_types or ()), any_type, verdict.album) if part)
    return " ".join(str(part) for part in (verdict.verdict, verdict.reason, verdict.album) if part)


def _apart(a: Outcome, b: Outcome) -> float:
    """The largest difference of a score of two verdicts or predictions."""
    found = [abs((a.chromatic_confidence or 0.0) - (b.chromatic_confidence or 0.0))]
    for name in _SCORES:
        left, right = getattr(a, name, None) or {}, getattr(b, name, None) or {}
        found += [abs(left.get(key, 0.0) - right.get(key, 0.0)) for key in {*left, *right}]
    found.append(abs((getattr(a, "any_type", None) or 0.0) - (getattr(b, "any_type", None) or 0.0)))
    return max(found)


def _same_or_refused(found: Difference, *, run_id: str) -> None:
    if found.score_difference <= TOLERANCE and not found.changed:
        return
    first = f"; the first: {found.changes[0].before} became {found.changes[0].after}" if found.changes else ""
    raise ModelError(
        "The exported run is not the run, so it is not written.",
        expected=f"scores within {TOLERANCE:g} of PyTorch's and the same verdicts on {found.concepts} texts",
        found=f"a difference of {found.score_difference:.6f}, {found.changed} other verdicts{first}",
        hint="use the run through PyTorch; the encoder's weights may have been altered, or ONNX Runtime may not fit it",
        where=run_id,
    )


def _lower(
    room: Path,
    exported: ExportedRun,
    precision: Precision,
    *,
    check: Sequence[Concept],
    before: Sequence[Outcome],
    max_text_chars: int,
) -> Difference:
    """What the lower precision changes in `before`, the verdicts on `check`; its graph is now the one in the folder.

    int8 finds its ranges on every fourth of these concepts, and the other ones are compared.
    """
    from rebracket_core.encoders.onnx import as_bf16, as_int8, lowered_facts

    full = (room / GRAPH).read_bytes()
    compared = [at for at in range(len(check)) if precision is Precision.BF16 or at % CALIBRATION_STEP]
    if precision is Precision.BF16:
        graph = as_bf16(full)
    else:
        graph = as_int8(full, exported.encoder.batches([c.text for c in check[::CALIBRATION_STEP][:CALIBRATION_TEXTS]]))
    replace_graph(room, graph, precision=precision, encoder=lowered_facts(exported.manifest.encoder))
    lower = ExportedRun(room, max_text_chars=max_text_chars)
    after = _predicted(lower, [check[at] for at in compared])
    return _compared([before[at] for at in compared], after, encoder=lower.encoder)


def _keep_check(room: Path, *, equality: Difference, lowered: Difference | None) -> None:
    equalities = {"pytorch": asdict(equality), "lowered": asdict(lowered) if lowered else None}
    write_manifest(room, replace(read_manifest(room), check=equalities))
