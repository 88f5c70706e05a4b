"""What a map can be coloured by, and the paint for each choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rebracket_core.charts import ALBUM_COLOURS, RIGHT_WRONG, MapPaint, class_paint, scale_paint
from rebracket_core.maps import STANDINGS, VERDICTS, MapPredictions, StoredMap
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES, TYPE_NAMES
from rebracket_core.services.maps import LABEL_STATES, MapPeople

if TYPE_CHECKING:
    import pyarrow as pa

TRUST = "trust"
KNOWN = {
    "album": "album (label)",
    **{axis: f"{axis} mode (label)" for axis in AXIS_NAMES},
    "type": "rebracketing type (label)",
    "group_id": "song or thread",
    "origin": "source",
    TRUST: "how far each point can be trusted",
}
"""Colours that need no run: column of the map → words."""
PREDICTED = {
    "run.album": "album (model)",
    **{f"run.{axis}": f"{axis} mode (model)" for axis in AXIS_NAMES},
    "run.right": "right or wrong (model)",
    "run.probability": "album probability (model)",
    "run.confidence": "confidence: how album-like (model)",
    "run.verdict": "verdict (model)",
    "run.standing": "held-out or trained on",
}
"""Colours that need a run."""
PEOPLE = {"people.state": "label state (people)", "people.annotator": "annotator (people)"}
"""Colours by people's labels in labelling projects, as it stands now."""
_ORDER = {"album": ALBUM_NAMES, "type": TYPE_NAMES, **MODES}


def known_paint(stored: StoredMap, by: str) -> MapPaint:
    """The paint by a column of the map."""
    if by == TRUST:
        return scale_paint("neighbourhood preservation", stored.trust, low=0.0, high=1.0)
    codes, names = coded(stored.column(by), order=_ORDER.get(by, ()))
    colours = ALBUM_COLOURS if by == "album" else None
    return class_paint(KNOWN[by], codes, names, colours=colours, unknown="no label")


def coded(column: pa.ChunkedArray, *, order: tuple[str, ...] = ()) -> tuple[np.ndarray, list[str]]:
    """(n,) positions in the names, -1 for null, and the names: first those of `order`, then the others by alphabet."""
    import pyarrow as pa

    whole = column.combine_chunks()
    whole = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
    if not pa.types.is_dictionary(whole.type):
        whole = whole.dictionary_encode()
    words = [str(word) for word in whole.dictionary.to_pylist()]
    names = [word for word in order if word in words] + sorted(set(words) - set(order))
    place = np.array([names.index(word) for word in words] + [-1], dtype=np.int64)
    return place[whole.indices.fill_null(len(words)).to_numpy(zero_copy_only=False).astype(np.int64)], names


def predicted_paint(predictions: MapPredictions, by: str) -> MapPaint:
    """The paint by what a run says; where it says nothing that can be shown, the point is grey."""
    title, what = PREDICTED[by], by.removeprefix("run.")
    unknown = "no prediction"
    if what == "album":
        return class_paint(title, predictions.album, ALBUM_NAMES, colours=ALBUM_COLOURS, unknown=unknown)
    if what == "right":
        codes = np.where(predictions.right < 0, -1, 1 - predictions.right)
        return class_paint(title, codes, ("right", "wrong"), colours=RIGHT_WRONG, unknown="no label or no prediction")
    if what == "probability":
        return scale_paint(title, predictions.probability, low=0.0, high=1.0, unknown=unknown)
    if what == "confidence":
        return scale_paint(title, predictions.confidence, low=0.0, high=1.0, unknown=unknown)
    if what == "verdict":
        return class_paint(title, predictions.verdict, VERDICTS, unknown=unknown)
    if what == "standing":
        return class_paint(title, predictions.standing, STANDINGS, unknown="other")
    return class_paint(title, predictions.axis_top[:, AXIS_NAMES.index(what)], MODES[what], unknown=unknown)


def people_paint(found: MapPeople, by: str) -> MapPaint:
    """The paint by how far people are with a text, or by who labelled it."""
    if by == "people.state":
        return class_paint(PEOPLE[by], found.state.astype(np.int64), LABEL_STATES, unknown="in no project")
    return class_paint(PEOPLE[by], found.annotator, found.names, unknown="nobody yet")
