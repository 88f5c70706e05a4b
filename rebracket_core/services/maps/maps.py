"""Maps of data sets: fitted once and kept, coloured by what is known, searched, compared, and open to new texts."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rebracket_core.errors import InputError
from rebracket_core.files import ARCHIVED, is_archived
from rebracket_core.jobs import JobFolder
from rebracket_core.maps import FINAL, AddedText, MapMethod, MapPredictions, MapSpec, StoredMap, is_fitted, load_predictions
from rebracket_core.progress import NoProgress, ProgressReporter
from rebracket_core.services.maps.predictions import predictions_of
from rebracket_core.services.maps.ratings import MapPeople, people_of
from rebracket_core.services.maps.selections import Selections
from rebracket_core.services.usage import changing
from rebracket_core.texts import clean_text

if TYPE_CHECKING:
    import pyarrow as pa

    from rebracket_core.encoders import Encoder
    from rebracket_core.jobs import JobState
    from rebracket_core.maps import NeighbourhoodOverlap, WordContrast
    from rebracket_core.services.concepts.verdicts import Verdicts
    from rebracket_core.services.labels.labels import Labels
    from rebracket_core.services.resources import Resources
    from rebracket_core.services.review import Reviews

_KEPT = 4
ALIKE = 50  # texts that a search by meaning gives
NEAREST = 10
_DRIFT_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class MapInfo:
    """One map as it stands: fitted, or with the state of its worker."""

    spec: MapSpec
    created_at: str
    fitted: bool
    state: JobState

    @property
    def map_id(self) -> str:
        """The map's name and version."""
        return self.spec.map_id


@dataclass(frozen=True, slots=True)
class PlacedText:
    """A new text on a map, with the positions of its nearest texts and their cosines."""

    placed: AddedText
    near: tuple[int, ...]
    cosines: tuple[float, ...]


class Maps:
    """All that can be done with maps; safe to share between threads."""

    def __init__(self, resources: Resources, *, labels: Labels, verdicts: Verdicts, reviews: Reviews) -> None:
        self._resources = resources
        self._labels, self._verdicts, self._reviews = labels, verdicts, reviews
        self._settings = resources.settings
        self._lock = threading.Lock()
        self._open: OrderedDict[str, StoredMap] = OrderedDict()
        self._predictions: OrderedDict[tuple[str, str], MapPredictions] = OrderedDict()
        self._layers: dict[tuple[str, str], Encoder] = {}
        self.selections = Selections(resources.settings.home)

    # ---- fitting -------------------------------------------------------------------------------------------------------

    def spec(
        self,
        dataset: str,
        *,
        method: MapMethod | str = MapMethod.UMAP,
        dims: int = 2,
        text: str = "concept",
        run_id: str = "",
        encoder: str = "",
        layer: str = FINAL,
        seed: int | None = None,
        params: Mapping[str, float] | None = None,
    ) -> MapSpec:
        """The request for a map: with the encoder of a run, or one by name, by default the settings' own.

        Raises InputError for an unknown method, and whatever opening the run or the data set raises.
        """
        name = encoder or self._settings.encoder
        if run_id:
            name = str(self._resources.model(run_id).manifest["encoder"])
        meta = self._resources.library.joined(dataset).meta if "+" in dataset else self._resources.library.meta(dataset)
        chosen = _method(method)
        return MapSpec(
            dataset=dataset,
            digest=meta.digest,
            encoder=name,
            encoder_id=self._encoder(name, layer).encoder_id,
            method=chosen,
            dims=dims,
            text=text,
            layer=layer,
            run_id=run_id,
            seed=self._settings.seed if seed is None else seed,
            params=dict(params or {}),
        )

    def fit(self, spec: MapSpec, *, progress: ProgressReporter | None = None) -> StoredMap:
        """The map of a request, fitted in this process where it is not there yet."""
        from rebracket_core.jobs import JobInputs, run_job

        folder = self._wanted(spec)
        if not is_fitted(folder.path):
            inputs = JobInputs(self._encoder, progress=progress or NoProgress())
            run_job(folder, attempt=folder.new_attempt(), settings=self._settings, inputs=inputs)
        return self.open(spec.map_id)

    def launch(self, spec: MapSpec) -> str:
        """Start a worker that fits a map, unless it is fitted or has one, and return the map's id at once."""
        from rebracket_core.jobs import job_state
        from rebracket_core.jobs.workers import start_worker

        folder = self._wanted(spec)
        if not is_fitted(folder.path) and not job_state(folder).status.active:
            start_worker(folder, settings=self._settings)
        return folder.job_id

    def _wanted(self, spec: MapSpec) -> JobFolder:
        """The folder of a map, made where it is not there yet; an archived one is wanted again."""
        from rebracket_core.jobs.kinds import create_map

        with changing(self._settings):
            self._resources.library.require(spec.dataset)
            folder = create_map(self._settings, spec)
            (folder.path / ARCHIVED).unlink(missing_ok=True)
            return folder

    def cancel(self, map_id: str) -> None:
        """Ask the worker of a map to stop at its next step."""
        from rebracket_core.jobs import request_cancel

        request_cancel(self._folder(map_id))

    def infos(self, dataset: str | None = None, *, archived: bool = False) -> list[MapInfo]:
        """The maps of a data set (of all by default), newest first, fitted or not; those that are archived, or the others."""
        from rebracket_core.jobs.kinds import maps_dir

        folder, found = maps_dir(self._settings), []
        for path in folder.iterdir() if folder.is_dir() else ():
            if (path / "spec.json").is_file() and is_archived(path) == archived:
                info = self._info(JobFolder(path))
                if dataset in (None, info.spec.dataset):
                    found.append(info)
        return sorted(found, key=lambda i: (i.created_at, i.map_id), reverse=True)

    def info(self, map_id: str) -> MapInfo:
        """One map as it stands."""
        return self._info(self._folder(map_id))

    def _info(self, folder: JobFolder) -> MapInfo:
        from rebracket_core.jobs import job_state

        raw = folder.spec()
        return MapInfo(MapSpec.from_dict(raw["config"]), str(raw["created_at"]), is_fitted(folder.path), job_state(folder))

    def _folder(self, map_id: str) -> JobFolder:
        from rebracket_core.jobs.kinds import maps_dir

        path = maps_dir(self._settings) / map_id
        if path.parent != maps_dir(self._settings) or map_id.startswith(".") or not (path / "spec.json").is_file():
            raise InputError(
                "There is no such map.",
                expected="the name of a map",
                found=repr(map_id[:80]),
                hint="fit one: rebracket map DATASET",
            )
        return JobFolder(path)

    def _encoder(self, name: str, layer: str) -> Encoder:
        from rebracket_core.jobs.kinds import open_for_map

        if layer == FINAL:
            return self._resources.encoder(name)
        with self._lock:
            if (name, layer) not in self._layers:
                self._layers[name, layer] = open_for_map(name, layer, settings=self._settings)
            return self._layers[name, layer]

    # ---- reading -------------------------------------------------------------------------------------------------------

    def open(self, map_id: str) -> StoredMap:
        """A fitted map; a few are kept in memory.

        Raises InputError where it is unknown or not fitted yet, StoreError where its files are damaged.
        """
        folder = self._folder(map_id)
        if not is_fitted(folder.path):
            raise InputError("The map is not fitted yet.", expected="a fitted map", found=map_id, hint="wait for its worker")
        with self._lock:
            if map_id not in self._open:
                self._open[map_id] = StoredMap(folder.path)
            self._open.move_to_end(map_id)
            while len(self._open) > _KEPT:
                self._open.popitem(last=False)
            return self._open[map_id]

    def predictions(self, map_id: str, run_id: str, *, progress: ProgressReporter | None = None) -> MapPredictions:
        """What a run says of each text of a map, out of fold where it was trained on it."""
        key = (map_id, run_id)
        if key not in self._predictions:
            found = self._predictions_of(map_id, run_id, progress=progress)
            with self._lock:
                self._predictions[key] = found
                while len(self._predictions) > _KEPT:
                    self._predictions.popitem(last=False)
        return self._predictions.get(key) or self._predictions_of(map_id, run_id)

    def _predictions_of(self, map_id: str, run_id: str, *, progress: ProgressReporter | None = None) -> MapPredictions:
        return predictions_of(
            self.open(map_id),
            self._resources.runs.info(run_id),
            reviews=self._reviews,
            verdicts=self._verdicts,
            progress=progress,
        )

    def people(self, map_id: str) -> MapPeople:
        """People's labels of each text of a map in labelling projects, as it stands now."""
        return people_of(self._labels.session, self.open(map_id))

    def has_predictions(self, map_id: str, run_id: str) -> bool:
        """Whether what a run says of a map's texts is there without asking it: kept before, or among its held-out rows."""
        stored = self.open(map_id)
        same = self._resources.runs.info(run_id).dataset_digest == stored.spec.digest
        return same or load_predictions(stored, run_id) is not None

    def with_words(self, map_id: str, words: str) -> np.ndarray:
        """(k,) the positions of the texts that hold these words as written, in any case."""
        import pyarrow.compute as pc

        hits = pc.match_substring(self.open(map_id).column("text"), words.strip(), ignore_case=True)
        return np.flatnonzero(hits.to_numpy()).astype(np.int64)

    def alike(self, map_id: str, text: str, *, most: int = ALIKE) -> tuple[np.ndarray, np.ndarray]:
        """(k,) the positions of the texts nearest to a text in embedding space, nearest first, and (k,) their cosines."""
        from rebracket_core.stats import nearest_of

        stored = self.open(map_id)
        return nearest_of(self._vector(stored, clean_text(text)), vectors=self._vectors(stored), k=most)

    def place(self, map_id: str, text: str) -> PlacedText:
        """A new text on a map that stays as it is, with its nearest texts. Its place is kept with the map.

        Raises InputError for a text that cannot be scored or a map that is not fitted.
        """
        from rebracket_core.maps import place
        from rebracket_core.validation import unusable

        stored = self.open(map_id)
        if why := unusable(text, max_chars=self._settings.max_text_chars):
            raise InputError("This text cannot be placed.", expected="a concept", found=why, hint="write a sentence")
        clean = clean_text(text)
        vector, vectors = self._vector(stored, clean), self._vectors(stored)
        at = place(vector, vectors=vectors, places=stored.places, projection=stored.projection)
        near, cosines = self.alike(map_id, clean, most=NEAREST)
        kept = stored.keep_placed(clean, at.tolist())
        return PlacedText(kept, tuple(near.tolist()), tuple(cosines.tolist()))

    def _vector(self, stored: StoredMap, text: str) -> np.ndarray:
        return self._encoder(stored.spec.encoder, stored.spec.layer).encode([text])[0]

    @staticmethod
    def _vectors(stored: StoredMap) -> np.ndarray:
        if stored.vectors is None:
            raise InputError(
                "This map kept no vectors.",
                expected="vectors beside the map",
                found="none",
                hint="search by words, or fit the map again",
            )
        return stored.vectors

    def coordinates(self, map_id: str, *, run_id: str | None = None, progress: ProgressReporter | None = None) -> pa.Table:
        """A map as a table to take away, with what a run says where one is named."""
        from rebracket_core.reports import coordinates

        predictions = self.predictions(map_id, run_id, progress=progress) if run_id else None
        return coordinates(self.open(map_id), predictions=predictions)

    # ---- comparing -----------------------------------------------------------------------------------------------------

    def words(self, map_id: str, first: Sequence[int], second: Sequence[int]) -> list[WordContrast]:
        """The words that tell two selections of a map apart."""
        from rebracket_core.maps import most_distinctive

        stored = self.open(map_id)
        texts = [stored.values("text", at) for at in (first, second)]
        return most_distinctive(texts[0], texts[1], background=stored.column("text").to_pylist())

    def beside(self, map_id: str, other_id: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The positions of common texts on two maps, and the second's places laid over the first's (n common, dims).

        Raises InputError for maps of different dimensions or with fewer than three texts in common.
        """
        from rebracket_core.maps import procrustes_aligned

        one, other = self.open(map_id), self.open(other_id)
        here, there = common_texts(one, other)
        if one.spec.dims != other.spec.dims or len(here) < 3:
            raise InputError(
                "These maps cannot be laid over one another.",
                expected="maps of the same texts and dimensions",
                found=f"{one.spec.dims}-D and {other.spec.dims}-D, {len(here)} common texts",
                hint="choose another second map",
            )
        return here, there, procrustes_aligned(other.places[there], one.places[here])

    def drift(self, map_id: str, other_id: str) -> tuple[np.ndarray, NeighbourhoodOverlap]:
        """(k,) the positions of common texts on the first map, and how much of their neighbourhood both encoders share.

        Of more than 20,000 texts, 2,000 are measured.
        """
        from rebracket_core.maps import ALL_UP_TO, neighbourhood_overlap

        one, other = self.open(map_id), self.open(other_id)
        here, there = common_texts(one, other)
        rows = None
        if len(here) > ALL_UP_TO:
            lot = np.random.default_rng(self._settings.seed)
            rows = np.sort(lot.choice(len(here), _DRIFT_ROWS, replace=False)).astype(np.int64)
        found = neighbourhood_overlap(self._vectors(one)[here], self._vectors(other)[there], rows=rows)
        return (here if rows is None else here[rows]), found


def common_texts(one: StoredMap, other: StoredMap) -> tuple[np.ndarray, np.ndarray]:
    """(k,) and (k,) the positions on both maps of the texts that both hold, in the first's order."""
    place: dict[Any, int] = {text: at for at, text in enumerate(other.column("text").to_pylist())}
    pairs = [(at, place[text]) for at, text in enumerate(one.column("text").to_pylist()) if text in place]
    both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _method(name: MapMethod | str) -> MapMethod:
    try:
        return MapMethod(name)
    except ValueError as cause:
        raise InputError(
            "There is no such method for a map.",
            expected=f"one of {', '.join(MapMethod)}",
            found=repr(name),
            hint="umap is the default",
        ) from cause
