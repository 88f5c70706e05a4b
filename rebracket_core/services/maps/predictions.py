"""What a run predicts of the texts on a map; of its training texts, only out-of-fold predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rebracket_core.errors import ModelError
from rebracket_core.maps import VERDICTS, MapPredictions, PredictionSource, load_predictions, save_predictions
from rebracket_core.progress import ProgressReporter
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES
from rebracket_core.validation import SEEN_IN_TRAINING, Concept

if TYPE_CHECKING:
    from rebracket_core.insight import Review
    from rebracket_core.maps import StoredMap
    from rebracket_core.runs import RunInfo
    from rebracket_core.services.concepts.verdicts import Verdicts
    from rebracket_core.services.review import Reviews
    from rebracket_core.validation import Verdict


def predictions_of(
    stored: StoredMap, run: RunInfo, *, reviews: Reviews, verdicts: Verdicts, progress: ProgressReporter | None = None
) -> MapPredictions:
    """What a run says of each point; kept beside the map, so that it is predicted once.

    Texts that the run was trained on carry the out-of-fold predictions (`held.parquet`); others are predicted now. A text
    that it was trained on without such a prediction has none here.
    """
    run_id = run.run_id
    if known := load_predictions(stored, run_id):
        return known
    n = len(stored)
    found = MapPredictions(
        run_id=run_id,
        album_proba=np.full((n, len(ALBUM_NAMES)), np.nan, dtype=np.float32),
        axis_top=np.full((n, len(AXIS_NAMES)), -1, dtype=np.int8),
        confidence=np.full(n, np.nan, dtype=np.float32),
        verdict=np.full(n, -1, dtype=np.int8),
        right=np.full(n, -1, dtype=np.int8),
        standing=np.full(n, PredictionSource.NOT_SCORED, dtype=np.int8),
    )
    _take_held(found, stored, run=run, reviews=reviews)
    _ask(found, stored, verdicts=verdicts, progress=progress)
    save_predictions(stored, found)
    return found


def _take_held(found: MapPredictions, stored: StoredMap, *, run: RunInfo, reviews: Reviews) -> None:
    try:
        held = reviews.review(found.run_id)
    except ModelError:  # a run of an older version kept none: what it was trained on is marked, not answered
        return
    by_id = run.dataset_digest == stored.spec.digest
    keys = stored.column("row_id" if by_id else "text").to_pylist()
    place = {key: at for at, key in enumerate(held.row_id if by_id else held.text)}
    if not by_id and stored.spec.text != "concept":
        return
    pairs = np.array([(at, place[key]) for at, key in enumerate(keys) if key in place], dtype=np.int64).reshape(-1, 2)
    _copy(found, held, here=pairs[:, 0], there=pairs[:, 1])


def _copy(found: MapPredictions, held: Review, *, here: np.ndarray, there: np.ndarray) -> None:
    truth, top = held.album_truth[there], held.album_top[there]
    codes = np.array([VERDICTS.index(v) if v else -1 for v in held.verdict], dtype=np.int8)
    found.album_proba[here] = held.album_proba[there]
    found.axis_top[here] = held.axis_top[there]
    if held.predictions is not None:
        found.confidence[here] = held.predictions.confidence[there]
    found.verdict[here] = codes[there] if len(codes) else codes
    found.right[here] = np.where((truth < 0) | (top < 0), -1, truth == top)
    found.standing[here] = PredictionSource.OUT_OF_FOLD


def _ask(found: MapPredictions, stored: StoredMap, *, verdicts: Verdicts, progress: ProgressReporter | None) -> None:
    """Predict the concepts that have no prediction yet; of other fields nothing is predicted, the run reads concepts."""
    rest = np.flatnonzero(found.standing == PredictionSource.NOT_SCORED)
    if stored.spec.text != "concept" or not len(rest):
        return
    texts, origins, labels = (stored.values(name, rest) for name in ("text", "origin", "album"))
    concepts = [
        Concept(id=str(at), text=text, fields={"origin": origin}) for at, text, origin in zip(rest, texts, origins, strict=True)
    ]
    given = verdicts.validate(concepts, run_id=found.run_id, keep=False, progress=progress)
    for at, label, verdict in zip(rest, labels, given, strict=True):
        if not verdict.error:
            _note(found, int(at), verdict, label=label)


def _note(found: MapPredictions, at: int, verdict: Verdict, *, label: str | None) -> None:
    if SEEN_IN_TRAINING in verdict.flags:
        found.standing[at] = PredictionSource.TRAINED_ON
        return
    shares = verdict.album_probabilities or {}
    found.album_proba[at] = [shares[name] for name in ALBUM_NAMES]
    for j, axis in enumerate(AXIS_NAMES):
        row = getattr(verdict, axis)
        found.axis_top[at, j] = np.argmax([row[mode] for mode in MODES[axis]])
    found.confidence[at] = np.nan if verdict.chromatic_confidence is None else verdict.chromatic_confidence
    found.verdict[at] = VERDICTS.index(str(verdict.verdict))
    found.right[at] = -1 if label is None else int(label == verdict.album)
    found.standing[at] = PredictionSource.HELD_OUT
