"""The Map page: which map, its picture, its figures, and the texts that are chosen on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import streamlit as st

from rebracket_core.charts import MapPaint, album_colour
from rebracket_core.errors import InputError
from rebracket_core.maps import MapPredictions, MapQuality, PredictionSource, StoredMap, inside_polygon, on_plane, scene
from rebracket_core.runs import RunInfo
from rebracket_core.services.maps import MapInfo, MapPeople
from rebracket_core.ui.kit.markdown import escape, snippet
from rebracket_core.ui.kit.progress import working
from rebracket_core.ui.review.maps.canvas import MOST_LABELS, Drawing, Mark, drawn_anew, hidden_of, show_map, state_of, view_of
from rebracket_core.ui.review.maps.colours import KNOWN, PEOPLE, PREDICTED, known_paint, people_paint, predicted_paint
from rebracket_core.workbench import Workbench

CANVAS = "map.canvas"
WORDS, MEANING = "words", "meaning"
MOST_SELECTED = 20_000
_SELECTION, _CLEARED = "selection", "map.cleared"
_STAR = album_colour("White")


@dataclass(frozen=True, slots=True)
class MapRequest:
    """What the page is asked to show: a map, a run (or none), a colour, and what to find."""

    info: MapInfo
    stored: StoredMap
    run: RunInfo | None
    by: str
    find: str
    how: str
    predictions: MapPredictions | None = None
    people: MapPeople | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The texts that are chosen, as positions on the map, where they came from in words, and their cosines if by meaning."""

    at: np.ndarray
    why: str
    cosines: Mapping[int, float] = field(default_factory=dict)


def choose(label: str, options: Mapping[str, str], *, param: str, width: int = 260, help: str | None = None) -> str:
    """Draw a choice that stands in the address as `param`, the first one too; its key. `options`: key → words."""
    keys, state = list(options), f"map.{param}"
    named = st.query_params.get(param)
    if st.session_state.get(state) not in keys:
        if named is not None and named not in keys:
            gone = f"There is no {escape(label.lower())} {escape(named)} here; this is another one."
            st.toast(gone, icon=":material/search_off:")
        st.session_state[state] = named if named in keys else keys[0]
    words = options.get
    chosen = str(st.selectbox(label, keys, format_func=lambda k: words(k, k), key=state, width=width, help=help) or keys[0])
    if named != chosen:
        st.query_params[param] = chosen
    return chosen


def ask(workbench: Workbench, infos: Sequence[MapInfo], runs: Sequence[RunInfo]) -> MapRequest:
    """Draw the choice of map, run, colour and search, and return what was asked, with the answers of the run."""
    by_id = {info.map_id: info for info in infos}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        map_id = choose(
            "Map",
            {i: by_id[i].spec.title for i in by_id},
            param="map",
            width=330,
            help="Each fit is kept with its version; more are made under “Fit a map”.",
        )
        run_id = choose(
            "Model",
            {r.run_id: r.run_id for r in runs} | {"none": "none"},
            param="run",
            help="Whose predictions the map can be coloured by.",
        )
        run = next((r for r in runs if r.run_id == run_id), None)
        by = choose("Colour by", KNOWN | PEOPLE | (PREDICTED if run else {}), param="colour", width=230)
        find = st.text_input("Find texts", key="map.find", type="search", bind="query-params", width=230)
        how = st.segmented_control(
            "by their", [WORDS, MEANING], default=WORDS, required=True, key="map.how", bind="query-params"
        )
    stored = workbench.maps.open(map_id)
    needed = run is not None and (by in PREDICTED or workbench.maps.has_predictions(map_id, run.run_id))
    with st.container():
        predictions = predictions_for(workbench, stored, run) if run and needed else None
    people = workbench.maps.people(map_id) if by in PEOPLE else None
    return MapRequest(by_id[map_id], stored, run, by, (find or "").strip(), how or WORDS, predictions, people)


def predictions_for(workbench: Workbench, stored: StoredMap, run: RunInfo) -> MapPredictions:
    """What a run says of a map's texts, with a progress box the first time, when they must be predicted."""
    known = st.session_state.setdefault("map.answered", [])
    place, box = f"{stored.map_id} {run.run_id}", st.empty()  # always there: what moves on a page is drawn anew by the browser
    if place in known:
        return workbench.maps.predictions(stored.map_id, run.run_id)
    with box.container(), working("Predicting these texts", done="Predicted") as progress:
        found = workbench.maps.predictions(stored.map_id, run.run_id, progress=progress)
    box.empty()
    known.append(place)
    return found


def paint_of(request: MapRequest) -> MapPaint:
    """The paint that was asked for."""
    if request.by in PREDICTED and request.predictions is not None:
        return predicted_paint(request.predictions, request.by)
    if request.by in PEOPLE and request.people is not None:
        return people_paint(request.people, request.by)
    return known_paint(request.stored, request.by if request.by in KNOWN else "album")


def draw(workbench: Workbench, request: MapRequest) -> Chosen:
    """Draw the map with its legend and figures; the texts that are chosen on it."""
    stored, paint, key = request.stored, paint_of(request), f"{CANVAS}.{request.stored.map_id}"
    hidden = hidden_of(key)
    view = view_of(key, places=stored.places)
    shown = scene(stored.places, view=view, seed=stored.spec.seed)
    with st.container():
        chosen = choose_texts(workbench, request, paint=paint, at_shown=shown.at, key=key)
    mask = None
    if len(chosen.at):
        mask = np.zeros(len(stored), dtype=bool)
        mask[chosen.at] = True
    few = len(shown.at) <= MOST_LABELS
    placed = [Mark(p.at, _STAR) for p in stored.placed()]
    alt = f"{len(stored):,} texts of {stored.spec.dataset} on a map ({stored.spec.title}), coloured by {paint.title}. " + (
        "Each text that is chosen stands in the table below."
    )
    show_map(
        Drawing(
            stored.map_id,
            stored.places,
            shown,
            paint,
            alt,
            chosen=mask,
            placed=placed,
            hidden=hidden,
            labels=(lambda: [snippet(text, limit=72) for text in stored.values("text", shown.at)]) if few else None,
            whole_is_sampled=view is not None or shown.sampled,
        ),
        key=key,
    )
    st.caption(strip(stored.quality, shown=len(shown.at), inside=shown.inside, seed=stored.spec.seed, version=stored.map_id))
    st.caption(reading(stored, request))
    return chosen


def strip(quality: MapQuality, *, shown: int, inside: int, seed: int, version: str) -> str:
    """The line under every map: n of N, what is kept of the neighbours beside chance, seed and version."""
    part = f"{shown:,} of {inside:,} texts" + ("" if inside == quality.n else f" in view ({quality.n:,} in all)")
    measured = "on all" if quality.measured == quality.n else f"on {quality.measured:,} of {quality.n:,}, each against all"
    return escape(
        f"{part} · neighbourhood preservation (k = {quality.k}) {quality.knn_preservation:.3f} (by chance "
        f"{quality.chance:.3f}) · "
        f"trustworthiness {quality.trustworthiness:.3f} · continuity {quality.continuity:.3f} (measured {measured}) · "
        f"seed {seed} · version {version}"
    )


def reading(stored: StoredMap, request: MapRequest) -> str:
    """How to read the map, and whose answers are shown."""
    lost = 1 - stored.quality.knn_preservation
    sentence = (
        f"Texts that lie together are mostly alike, but of a text's {stored.quality.k} nearest the map loses {lost:.0%}: "
        "check in the table. Distances between far groups say little."
    )
    if request.by in PEOPLE:
        return f"{sentence} The colours say what people did in all labelling projects, as it stands now."
    if request.run is None or request.predictions is None or request.by not in PREDICTED:
        return sentence
    found = request.predictions
    parts = [f"{found.count(PredictionSource.OUT_OF_FOLD):,} predictions are held-out"]
    if n := found.count(PredictionSource.HELD_OUT):
        parts.append(f"{n:,} of the model itself about texts that it was not trained on")
    if n := found.count(PredictionSource.TRAINED_ON):
        parts.append(f"{n:,} texts were trained on and are not shown")
    if n := found.count(PredictionSource.NOT_SCORED):
        parts.append(f"{n:,} could not be predicted")
    leaked = " **Leaked:** the model was split by row, so that its predictions are by memory." if request.run.leaked else ""
    return f"{sentence} {'; '.join(parts)}.{leaked}"


# ---- what is chosen ------------------------------------------------------------------------------------------------------


def choose_texts(workbench: Workbench, request: MapRequest, *, paint: MapPaint, at_shown: np.ndarray, key: str) -> Chosen:
    """The texts that were drawn around, or that the address names, or that were searched for; in this order."""
    if drawn_anew(key):
        _take_region(workbench, request, paint=paint, at_shown=at_shown, key=key)
    if named := st.query_params.get(_SELECTION):
        try:
            kept = workbench.maps.selections.get(named)
            at = request.stored.positions(kept.row_ids)
            gone = len(kept.row_ids) - len(at)
            return Chosen(at, f"{kept.name or 'selected'}{f', {gone:,} of them not on this map' if gone else ''}")
        except InputError as cause:
            st.caption(f":material/search_off: {escape(cause)}")
    return found_texts(workbench, request)


def found_texts(workbench: Workbench, request: MapRequest) -> Chosen:
    """The texts that were searched for; none without a search."""
    if not request.find:
        return Chosen(np.zeros(0, dtype=np.int64), "")
    if request.how == WORDS:
        return Chosen(workbench.maps.with_words(request.stored.map_id, request.find), f"with “{request.find}”")
    near, cosines = workbench.maps.alike(request.stored.map_id, request.find)
    return Chosen(near, f"nearest in meaning to “{request.find}”", dict(zip(near.tolist(), cosines.tolist(), strict=True)))


def _take_region(workbench: Workbench, request: MapRequest, *, paint: MapPaint, at_shown: np.ndarray, key: str) -> None:
    region: dict[str, Any] | None = state_of(key).get("region")
    st.query_params.pop(_SELECTION, None)
    at = region_texts(region, request.stored.places, at_shown=at_shown)
    off = [k for k, name in enumerate(paint.names) if name in hidden_of(key)]
    at = at[~np.isin(paint.codes[at], off)]
    if len(at) > MOST_SELECTED:
        st.caption(f":material/info: {len(at):,} texts lie inside; at most {MOST_SELECTED:,} can be selected at once. Zoom in.")
    elif len(at):
        kept = workbench.maps.selections.keep(request.stored.spec.dataset, request.stored.values("row_id", at))
        st.query_params[_SELECTION] = kept.selection_id


def region_texts(region: Mapping[str, Any] | None, places: np.ndarray, *, at_shown: np.ndarray) -> np.ndarray:
    """The positions inside what was drawn: a polygon on the plane that the map was seen on, or one point."""
    if not region:
        return np.zeros(0, dtype=np.int64)
    if "point" in region:
        shown = int(region["point"])
        return at_shown[shown : shown + 1].astype(np.int64) if 0 <= shown < len(at_shown) else np.zeros(0, dtype=np.int64)
    low, high = places.min(axis=0), places.max(axis=0)
    flat = on_plane(places, basis=region["basis"], middle=(low + high) / 2)
    return np.flatnonzero(inside_polygon(flat, region["corners"])).astype(np.int64)
