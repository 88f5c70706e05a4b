"""A map to take away: its coordinates with everything known of each text, and the picture as one page that opens offline."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rebracket_core.maps import STANDINGS, VERDICTS, MapPredictions
from rebracket_core.rainbow import ALBUM_NAMES

if TYPE_CHECKING:
    import pyarrow as pa

    from rebracket_core.charts import MapPaint
    from rebracket_core.maps import StoredMap

_RISKY = ("=", "+", "-", "@", "\t", "\r")
_RIGHT = {1: "right", 0: "wrong"}


def coordinates(stored: StoredMap, *, predictions: MapPredictions | None = None) -> pa.Table:
    """One row a text: id, text, place, trust, labels, the map's version, and what a run says of it where one is named."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from rebracket_core.maps import COORDINATES

    table = pq.read_table(stored.folder / COORDINATES)
    n = table.num_rows
    table = table.append_column("map_version", pa.array([stored.map_id] * n))
    if predictions is not None:
        for name, values in _columns(predictions).items():
            table = table.append_column(name, pa.array(values))
    return table


def _columns(predictions: MapPredictions) -> Mapping[str, list[Any]]:
    return {
        "run_id": [predictions.run_id] * len(predictions.album),
        "run_album": [ALBUM_NAMES[k] if k >= 0 else None for k in predictions.album],
        "run_album_probability": [None if np.isnan(p) else float(p) for p in predictions.probability],
        "run_confidence": [None if np.isnan(c) else float(c) for c in predictions.confidence],
        "run_verdict": [VERDICTS[k] if k >= 0 else None for k in predictions.verdict],
        "run_right": [_RIGHT.get(int(k)) for k in predictions.right],
        "run_standing": [STANDINGS[k] for k in predictions.standing],
    }


def to_parquet(table: pa.Table) -> bytes:
    """The table as one Parquet file."""
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def to_csv(table: pa.Table) -> bytes:
    """The table as CSV, UTF-8 with a header; text that a spreadsheet would run as a formula is led by an apostrophe."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\r\n")
    writer.writerow(table.column_names)
    for row in zip(*(table.column(name).to_pylist() for name in table.column_names), strict=True):
        writer.writerow([_safe(value) for value in row])
    return sink.getvalue().encode("utf-8")


def _safe(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_RISKY) else value


def to_html(stored: StoredMap, paint: MapPaint, *, at: np.ndarray, reading: str) -> bytes:
    """The map as one page that opens without a network, with the texts' beginnings on hover."""
    from rebracket_core.charts import point_map

    labels: Sequence[str] = stored.values("text", at)
    part = replace(paint, codes=paint.codes[at])
    figure = point_map(stored.places[at], part, labels, title=f"{stored.spec.dataset}: {stored.spec.title}", reading=reading)
    figure.update_layout(paper_bgcolor="#FFFFFF")
    page: str = figure.to_html(include_plotlyjs=True, full_html=True, config={"displaylogo": False, "scrollZoom": True})
    foot = f"<p style='font:14px sans-serif;margin:8px'>{_plain(reading)}</p></body>"
    return page.replace("</body>", foot).encode("utf-8")


def _plain(text: str) -> str:
    import html

    return html.escape(text)
