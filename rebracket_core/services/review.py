"""Runs under review: their out-of-fold predictions are read and measured; nothing is trained anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rebracket_core.errors import DataError
from rebracket_core.files import write_json
from rebracket_core.insight.geometry import Geometry
from rebracket_core.progress import NoProgress, ProgressReporter, counts
from rebracket_core.rainbow import ALBUM_NAMES, AXIS_NAMES

if TYPE_CHECKING:
    from rebracket_core.encoders import Encoder
    from rebracket_core.insight import Review
    from rebracket_core.insight.calibration import KindOfNonConcepts
    from rebracket_core.insight.errors import SplitComparison
    from rebracket_core.insight.geometry import Layers
    from rebracket_core.reports.sections import ReviewContext
    from rebracket_core.runs import RunInfo
    from rebracket_core.services.resources import Resources

LAYER_TEXTS = 1000
_LAYERS_VERSION = 2


@dataclass(frozen=True, slots=True)
class _Texts:
    """The different texts of a data set with their labels, -1 for none, and the groups that leak nothing.

    `type_idx` is the type of texts with exactly one, `any_type` 1 or 0 for those known to have any or none; None: not read.
    """

    texts: list[str]
    album_idx: np.ndarray
    axis_truth: np.ndarray
    groups: np.ndarray
    type_idx: np.ndarray | None = None
    any_type: np.ndarray | None = None

    def take(self, at: np.ndarray) -> _Texts:
        """Some of the texts, by index."""
        arrays: dict[str, Any] = {name: getattr(self, name) for name in _Texts.__slots__[1:]}
        kept: dict[str, Any] = {name: None if values is None else values[at] for name, values in arrays.items()}
        return _Texts([self.texts[i] for i in at], **kept)

    @property
    def labels(self) -> dict[str, np.ndarray]:
        """(n,) labels by question: the album, each axis, the type, and any type; -1 for none."""
        found = {"album": self.album_idx, **{axis: self.axis_truth[:, j] for j, axis in enumerate(AXIS_NAMES)}}
        more = {"type": self.type_idx, "any type": self.any_type}
        return found | {name: labels for name, labels in more.items() if labels is not None}


class Reviews:
    """What the review pages, the report and the command line ask."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources

    @property
    def seed(self) -> int:
        """The seed of everything that is drawn."""
        return self._resources.settings.seed

    def review(self, run_id: str) -> Review:
        """A run's predictions of its held-out texts. Raises ModelError where it did not keep them."""
        from rebracket_core.insight import Review
        from rebracket_core.stats import OutOfFoldRows, read_out_of_fold_predictions, read_out_of_fold_rows

        info, folder = self._resources.runs.info(run_id), self._resources.runs.folder_of(run_id).path
        rows, predictions = read_out_of_fold_rows(folder), read_out_of_fold_predictions(folder)
        if predictions is not None and predictions.row_id != rows.row_id:
            predictions = None  # of another training: what is not surely of these rows is not shown
        columns = {name: getattr(rows, name) for name in OutOfFoldRows.__slots__}
        return Review(run_id=run_id, dataset=info.dataset, leaked=info.leaked, **columns, predictions=predictions)

    def vectors(self, review: Review, *, progress: ProgressReporter | None = None) -> np.ndarray:
        """(n, d) vectors of the held-out texts from the run's own encoder."""
        return self._encoder(review.run_id).encode(
            list(review.text), progress=counts(progress or NoProgress(), "Reading texts")
        )

    def context(self, run_id: str, *, progress: ProgressReporter | None = None) -> ReviewContext:
        """Everything that sections of a review are made from; vectors and geometry are computed when first asked for.

        Raises ModelError where the run did not keep its held-out predictions.
        """
        from rebracket_core.reports.sections import ReviewContext

        info, review = self._resources.runs.info(run_id), self.review(run_id)
        return ReviewContext(
            unit=unit_of(info.origins),
            seed=self.seed,
            run=info,
            review=review,
            vectors=cache(lambda: self.vectors(review, progress=progress)),
            geometry=cache(lambda: self.run_geometry(review, progress=progress)),
            non_concepts=cache(lambda: self.non_concepts(run_id, progress=progress)),
        )

    def report(self, run_id: str, *, sections: Sequence[str] = (), progress: ProgressReporter | None = None) -> str:
        """Write the sections of a run's review as one HTML document without texts; see `reports.review_html`."""
        from rebracket_core.reports import run_report

        return run_report(self.context(run_id, progress=progress), sections=sections, progress=progress)

    def non_concepts(self, run_id: str, *, progress: ProgressReporter | None = None) -> tuple[KindOfNonConcepts, ...]:
        """What a run makes of the starter corpus's texts that are no concepts, by kind; nothing is kept or counted.

        Raises what the run's encoder raises for texts that it cannot read.
        """
        from rebracket_core.corpus import read_not_concepts
        from rebracket_core.insight.calibration import non_concepts_by_kind
        from rebracket_core.settings import data_dir
        from rebracket_core.validation import Concept, Scorer

        frame, _ = read_not_concepts(data_dir() / "starter" / "not_concepts")
        model = self._resources.model(run_id)
        verdicts = Scorer(max_text_chars=self._resources.settings.max_text_chars).score(
            [Concept(id=i, text=text) for i, text in zip(frame["row_id"], frame["concept"], strict=True)],
            model=model,
            encoder=self._resources.encoder_of(model),
            thresholds=model.thresholds,
            progress=counts(progress or NoProgress(), "Scoring texts that are no concepts"),
        )
        return non_concepts_by_kind(verdicts, kinds=frame["group_id"].tolist(), hard=frame["hard"].tolist())

    def own_dataset(self, info: RunInfo) -> str | None:
        """The name under which the data that a run was trained on is imported here; None where it is not."""
        metas = self._resources.every_dataset()
        if "+" in info.dataset and set(info.dataset.split("+")) <= {m.name for m in metas}:
            metas = [self._resources.dataset(info.dataset).meta, *metas]
        named = [m.name for m in metas if m.digest == info.dataset_digest]
        return named[0] if named else None

    def split_contrast(self, dataset: str, *, progress: ProgressReporter | None = None) -> SplitComparison:
        """What a split by row would claim of a data set, beside the true one, over its rows as they stand.

        Raises DataError for rows of fewer than two albums.
        """
        from rebracket_core.corpus import leak_safe_groups, targets
        from rebracket_core.insight.errors import compare_splits

        frame = self._resources.dataset(dataset).frame
        album = targets(frame, smoothing=0.0).album_idx
        if len(np.unique(album[album >= 0])) < 2:
            raise DataError(
                "There are too few albums to tell apart.",
                expected="rows of at least two albums",
                found=f"{len(np.unique(album[album >= 0]))}",
                hint="choose a data set with album labels",
                where=dataset,
            )
        encoder = self._resources.encoder(self._resources.settings.encoder)
        vectors = encoder.encode(frame["concept"].tolist(), progress=counts(progress or NoProgress(), "Reading texts"))
        return compare_splits(
            vectors,
            album,
            leak_safe_groups(frame),
            seed=self.seed,
            progress=counts(progress or NoProgress(), "Splitting by song and by row"),
        )

    def geometry(self, dataset: str, *, progress: ProgressReporter | None = None) -> Geometry:
        """Distances, path, angles and colours of a data set's labels in the space of the default encoder."""
        return self._measured(self._texts(dataset), name=dataset, encoder=self._encoder(None), progress=progress)

    def run_geometry(self, review: Review, *, progress: ProgressReporter | None = None) -> Geometry:
        """The same of the held-out texts of a run, by their labels, in the space of the run's own encoder."""
        texts = _Texts(list(review.text), review.album_truth, review.axis_truth, review.groups)
        return self._measured(texts, name=review.dataset, encoder=self._encoder(review.run_id), progress=progress)

    def _encoder(self, run_id: str | None) -> Encoder:
        """The encoder of a run, or the settings' own."""
        named = self._resources.runs.info(run_id).config.get("encoder") if run_id else ""
        return self._resources.encoder(str(named or self._resources.settings.encoder))

    def _measured(self, texts: _Texts, *, name: str, encoder: Encoder, progress: ProgressReporter | None) -> Geometry:
        from rebracket_core.insight.geometry import (
            axis_angles,
            centroid_distances,
            colour_distances,
            make_units,
            mantel,
            trajectory,
        )

        vectors = encoder.encode(texts.texts, progress=counts(progress or NoProgress(), "Reading texts"))
        step = counts(progress or NoProgress(), "Measuring across songs")
        units = make_units(vectors, texts.album_idx, texts.groups, n_labels=len(ALBUM_NAMES), seed=self.seed)
        if not len(units.label):
            raise DataError(
                "No text has an album.", expected="texts with albums", found="none", hint="choose another data set", where=name
            )
        step(0, 4)
        distances = centroid_distances(units, seed=self.seed)
        step(1, 4)
        path = trajectory(units, seed=self.seed)
        step(2, 4)
        angles = axis_angles(vectors, texts.axis_truth, texts.groups, seed=self.seed)
        step(3, 4)
        colour = mantel(colour_distances(), distances.lengths + 0.0 * distances.squared, seed=self.seed)
        step(4, 4)
        return Geometry(
            dataset=name,
            encoder_id=encoder.encoder_id,
            n=len(texts.texts),
            n_groups=len(set(texts.groups.tolist())),
            distances=distances,
            path=path,
            angles=angles,
            colour=colour,
        )

    def known_layers(self, dataset: str) -> Layers | None:
        """The layers of a data set where they were measured before; nothing is computed."""
        from rebracket_core.insight.geometry import Layers

        path = self._layers_path(dataset)
        try:
            return Layers.from_dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None
        except (OSError, ValueError, KeyError, TypeError):
            return None  # a cache: what cannot be read is measured again

    def layers(self, dataset: str, *, progress: ProgressReporter | None = None) -> Layers:
        """What each layer of the default encoder knows, over at most 1,000 texts of whole songs; kept on disk."""
        from rebracket_core.encoders.transformers import layer_vectors
        from rebracket_core.insight.geometry import probe_layers

        known = self.known_layers(dataset)
        if known is not None:
            return known
        texts = self._some(self._texts(dataset))
        states = layer_vectors(
            texts.texts,
            name=self._resources.settings.encoder,
            settings=self._resources.settings,
            progress=counts(progress or NoProgress(), "Reading texts layer by layer"),
        )
        found = probe_layers(
            states, texts.labels, texts.groups, seed=self.seed, progress=counts(progress or NoProgress(), "Probing layers")
        )
        write_json(self._layers_path(dataset), found.to_dict())
        return found

    def _layers_path(self, dataset: str) -> Path:
        encoder = self._resources.encoder(self._resources.settings.encoder)
        meta = self._resources.dataset(dataset).meta
        key = f"{_LAYERS_VERSION} {encoder.encoder_id} {meta.digest} {self.seed} {LAYER_TEXTS}"
        return self._resources.settings.cache / "layers" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"

    def _texts(self, dataset: str) -> _Texts:
        from rebracket_core.corpus import collapse_repeats, leak_safe_groups, targets

        frame = collapse_repeats(self._resources.dataset(dataset).frame)
        frame = frame[frame["concept"].str.strip() != ""].reset_index(drop=True)
        truth = targets(frame, smoothing=0.0)
        return _Texts(
            texts=frame["concept"].tolist(),
            album_idx=truth.album_idx,
            axis_truth=np.where(truth.axis_kind == "single", truth.axis.argmax(axis=2), -1),
            groups=np.asarray(leak_safe_groups(frame), dtype=str),
            type_idx=np.where(truth.types_labelled & (truth.types.sum(axis=1) == 1), truth.types.argmax(axis=1), -1),
            any_type=np.where(truth.any_labelled, truth.any_type, -1.0).astype(np.int64),
        )

    def _some(self, texts: _Texts) -> _Texts:
        if len(texts.texts) <= LAYER_TEXTS:
            return texts
        order = np.random.default_rng(self.seed).permutation(np.unique(texts.groups))
        names, sizes = np.unique(texts.groups, return_counts=True)
        size = dict(zip(names.tolist(), sizes.tolist(), strict=True))
        total = np.cumsum([size[g] for g in order.tolist()])
        kept = np.isin(texts.groups, order[: max(1, int((total <= LAYER_TEXTS).sum()))])
        at = np.flatnonzero(kept)
        return texts.take(at)


def unit_of(origins: Iterable[str]) -> str:
    """What the rows of these origins are grouped by, in the plural: songs, threads or groups of texts."""
    names = set(origins)
    if names & {"songs", "table"}:
        return "songs"
    return "threads" if names and names <= {"proposals", "not_concepts"} else "groups of texts"
