"""Beside a map: a new text placed on it, two selections or two maps compared, and its export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from rebracket_core.maps import VERDICTS, MapPredictions, scene
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES, MODES
from rebracket_core.runs import RunInfo
from rebracket_core.services.maps import MapInfo, Selection
from rebracket_core.texts import same_text
from rebracket_core.ui.concepts.sentences import count
from rebracket_core.ui.kit.errors import guard
from rebracket_core.ui.kit.markdown import escape, snippet
from rebracket_core.ui.review.maps.canvas import Drawing, show_map
from rebracket_core.ui.review.maps.view import MapRequest, choose, paint_of, predictions_for, reading
from rebracket_core.workbench import Workbench

_REST = "all the others"


def place_form(workbench: Workbench, request: MapRequest) -> None:
    """Draw the field for a new text; it lands on the map, which stays as it is, and its nearest texts are listed."""
    stored, last = request.stored, f"map.placed.{request.stored.map_id}"
    with st.form("map.place", border=False):
        text = st.text_area("A concept to place on this map", key="map.place.text", height=90)
        pressed = st.form_submit_button("Place it", icon=":material/add_location:")
    if pressed:
        with guard():
            found = workbench.maps.place(stored.map_id, text or "")
            st.session_state[last] = (found.placed.text, list(found.near), list(found.cosines))
            st.rerun()
    if last in st.session_state:
        placed_text, near, cosines = st.session_state[last]
        st.text(f"“{snippet(placed_text, limit=100)}” is the newest star on the map. Its nearest texts, in embedding space:")
        if any(same_text(placed_text, text) for text in stored.values("text", near)):
            st.info("The text itself stands on this map already, nearest of all.", icon=":material/content_copy:")
        st.dataframe(
            pd.DataFrame(
                {
                    "likeness": cosines,
                    "text": [snippet(t, limit=140) for t in stored.values("text", near)],
                    "album": stored.values("album", near),
                    "song or thread": stored.values("group_id", near),
                }
            ),
            hide_index=True,
            alt="The nearest texts",
            column_config={"likeness": st.column_config.NumberColumn(format="%.2f")},
        )
    if placed := stored.placed():
        st.caption(
            f"{len(placed)} placed since the map was fitted: "
            + "; ".join(f"{k} {escape(snippet(p.text, limit=40))}" for k, p in enumerate(placed, start=1))
            + "."
        )


def two_selections(workbench: Workbench, request: MapRequest) -> None:
    """Draw the choice of two kept selections and how they differ: words, the run's scores and states."""
    stored, kept = request.stored, workbench.maps.selections.named(request.stored.spec.dataset)
    if not kept:
        st.info("Save a selection under a name first: choose texts on the map, then press Save.", icon=":material/bookmark:")
        return
    names = {s.selection_id: s.name for s in kept}
    with st.container(horizontal=True):
        first = choose("First", names, param="first")
        second = choose("Second", {"rest": _REST, **{k: v for k, v in names.items() if k != first}}, param="second")
    one = _positions(request, next(s for s in kept if s.selection_id == first))
    other = (
        np.setdiff1d(np.arange(len(stored)), one)
        if second == "rest"
        else _positions(request, next(s for s in kept if s.selection_id == second))
    )
    if not len(one) or not len(other):
        st.info("One of them has no text on this map.")
        return
    st.text(f"{count(len(one), 'texts')} against {count(len(other), 'texts')}.")
    left, right = st.columns(2)
    with left:
        _show_words(workbench, request, (one, other))
    with right:
        _show_states(request, (one, other))


def _show_words(workbench: Workbench, request: MapRequest, pair: tuple[np.ndarray, np.ndarray]) -> None:
    one, other = pair
    gaps = workbench.maps.words(request.stored.map_id, one.tolist(), other.tolist())
    st.dataframe(
        pd.DataFrame([{"word": g.word, "first": g.first, "second": g.second, "z": g.z} for g in gaps]),
        hide_index=True,
        alt="Words that differ",
        column_config={"z": st.column_config.NumberColumn(format="%.1f")},
    )
    st.caption("Words by texts that hold them. z above 2: the first has it more than its share; below -2: the second.")


def _show_states(request: MapRequest, pair: tuple[np.ndarray, np.ndarray]) -> None:
    if request.predictions is None:
        st.info("Choose a model above, and colour by what it predicts, to compare scores and how clear each axis is.")
        return
    st.dataframe(
        states_apart(request.predictions, *pair),
        hide_index=True,
        alt="Scores of both, and how clear each axis is",
        column_config={n: st.column_config.NumberColumn(format="%.2f") for n in ("first", "second")},
    )
    st.caption("Means over the held-out texts. A selection is no sample: no interval is given.")


def _positions(request: MapRequest, selection: Selection) -> np.ndarray:
    return request.stored.positions(selection.row_ids)


def states_apart(predictions: MapPredictions, one: np.ndarray, other: np.ndarray) -> pd.DataFrame:
    """One row a score or state: its mean or share in both selections, of the texts with an answer; empty ones left out."""
    rows = []
    for k, album in enumerate(ALBUM_NAMES):
        rows.append((f"{album}, mean probability", *(_mean(predictions.album_proba[at, k]) for at in (one, other))))
    for j, axis in enumerate(AXIS_NAMES):
        for k, mode in enumerate(MODES[axis]):
            rows.append((f"{axis} is {mode}, share", *(_share(predictions.axis_top[at, j], k) for at in (one, other))))
    for k, verdict in enumerate(VERDICTS):
        rows.append((f"{verdict}, share", *(_share(predictions.verdict[at], k) for at in (one, other))))
    rows.append(("accuracy", *(_share(predictions.right[at], 1) for at in (one, other))))
    return pd.DataFrame(rows, columns=["what", "first", "second"]).dropna(subset=["first", "second"], how="all")


def _mean(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def _share(codes: np.ndarray, code: int) -> float | None:
    known = codes[codes >= 0]
    return float((known == code).mean()) if len(known) else None


def two_maps(workbench: Workbench, request: MapRequest, infos: Sequence[MapInfo], runs: Sequence[RunInfo]) -> None:
    """Draw a second map or a second run beside the first, and the texts that moved."""
    stored = request.stored
    maps = {i.map_id: i.spec.title for i in infos if i.map_id != stored.map_id and i.spec.dims == stored.spec.dims}
    others = {r.run_id: r.run_id for r in runs if request.run is None or r.run_id != request.run.run_id}
    kinds = (["another model"] if request.run and others else []) + (["another map"] if maps else [])
    if not kinds:
        st.info("There is no second model and no second map with as many dimensions yet.", icon=":material/compare:")
        return
    kind = st.segmented_control("Compare with", kinds, default=kinds[0], required=True, key="map.beside", bind="query-params")
    if kind == "another model":
        second = choose("Second model", others, param="run2")
        _two_runs(workbench, request, next(r for r in runs if r.run_id == second))
    else:
        _two_fits(workbench, request, choose("Second map", maps, param="map2", width=330))


def _two_runs(workbench: Workbench, request: MapRequest, other: RunInfo) -> None:
    """Two runs on the same places: what moves is what they predict."""
    stored, first = request.stored, request.predictions
    if first is None or request.run is None:
        st.info("Colour the map by what the first model predicts.")
        return
    second = predictions_for(workbench, stored, other)
    both = (first.album >= 0) & (second.album >= 0)
    moved = np.flatnonzero(both & (first.album != second.album))
    if request.run.encoder_id == other.encoder_id:
        st.caption("Both models read the same frozen encoder: the places are the same, and what moves is what they predict.")
    else:
        st.caption("The places are of one encoder. To see how the other encoder lays the texts out, fit a map of its own.")
    st.text(f"They predict another album for {count(len(moved), 'texts')} of {int(both.sum()):,} that both predicted.")
    _moved_table(
        request,
        moved,
        {
            run_id: [ALBUM_NAMES[k] for k in album[moved]]
            for run_id, album in ((request.run.run_id, first.album), (other.run_id, second.album))
        },
    )


def _two_fits(workbench: Workbench, request: MapRequest, other_id: str) -> None:
    """Two fits side by side, the second laid over the first; movers by neighbours in embedding space."""
    with guard():
        stored, paint = request.stored, paint_of(request)
        here, _, laid = workbench.maps.beside(stored.map_id, other_id)
        other = workbench.maps.open(other_id)
        part = replace(paint, codes=paint.codes[here])
        for column, (name, places) in zip(
            st.columns(2), {stored.map_id: stored.places[here], f"{other_id}-laid-over": laid}.items(), strict=True
        ):
            with column:
                title = stored.spec.title if name == stored.map_id else other.spec.title
                st.caption(escape(title))
                view = scene(places, seed=stored.spec.seed)
                show_map(
                    Drawing(f"beside-{name}", places, view, part, f"{title}, coloured by {paint.title}", view_only=True),
                    key=f"map.beside.{name}",
                )
        st.caption("The second is turned, mirrored and scaled to lie on the first, never bent.")
        if stored.spec.encoder_id == other.spec.encoder_id and stored.spec.text == other.spec.text:
            st.caption("Both maps show the same vectors: no text has moved in embedding space, only the layout differs.")
            return
        at, found = workbench.maps.drift(stored.map_id, other_id)
        order = np.argsort(found.kept, kind="stable")
        moved = order[found.moved[order]]
        st.text(
            f"{count(len(moved), 'texts')} of {len(at):,} keep fewer than a third of their {found.k} nearest; on the mean "
            f"{found.kept.mean():.2f} are kept (chance {found.chance:.3f}). Decided by neighbours in embedding space."
        )
        _moved_table(request, at[moved], {"nearest shared": found.kept[moved].tolist()})


def _moved_table(request: MapRequest, at: np.ndarray, columns: Mapping[str, Sequence[object]]) -> None:
    if len(at):
        most = at[:500]
        st.dataframe(
            pd.DataFrame(
                {
                    **{name: list(values)[: len(most)] for name, values in columns.items()},
                    "label": request.stored.values("album", most),
                    "text": [snippet(t, limit=140) for t in request.stored.values("text", most)],
                }
            ),
            hide_index=True,
            alt="The texts that moved",
        )


def export(workbench: Workbench, request: MapRequest) -> None:
    """Draw the downloads: coordinates with everything known of each text, and the map as one page. Pictures are on the map."""
    from rebracket_core.reports import coordinates, to_csv, to_html, to_parquet

    stored, name = request.stored, request.stored.map_id
    at = scene(stored.places, seed=stored.spec.seed).at
    files = (
        (
            "Coordinates as Parquet",
            lambda: to_parquet(coordinates(stored, predictions=request.predictions)),
            "parquet",
            "application/vnd.apache.parquet",
        ),
        ("Coordinates as CSV", lambda: to_csv(coordinates(stored, predictions=request.predictions)), "csv", "text/csv"),
        (
            "The map as a page (HTML)",
            lambda: to_html(stored, paint_of(request), at=at, reading=reading(stored, request)),
            "html",
            "text/html",
        ),
    )
    with st.container(horizontal=True):
        for label, make, suffix, mime in files:
            st.download_button(
                label,
                make,
                file_name=f"{name}.{suffix}",
                mime=mime,
                key=f"map.take.{suffix}",
                icon=":material/download:",
                on_click="ignore",
            )
    st.caption("PNG and SVG of what is in view: the buttons above the map. The files hold the texts.")
