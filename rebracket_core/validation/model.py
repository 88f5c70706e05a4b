"""A run's model as one thing: texts in, calibrated scores and out-of-distribution p-values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rebracket_core.aliases import modern
from rebracket_core.encoders import DatasetVectors, Encoder, FeatureRecipe, encode_fields
from rebracket_core.errors import ConfigError, ModelError
from rebracket_core.models import Artefact, Calibration, ConformalSets, Scores
from rebracket_core.models.heads import Head, heads_from
from rebracket_core.rainbow import AXIS_NAMES
from rebracket_core.settings import Thresholds
from rebracket_core.validation.ood import OodDetector

_OOD = "ood."
_NEEDED = ("axes", "album")  # what a verdict rests on


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model predicts for n texts: its scores, and (n,) p-values of being like the training texts.

    `untrained` names what a verdict needs and the run did not learn; no verdict is then given.
    """

    scores: Scores
    ood_p: np.ndarray | None
    untrained: tuple[str, ...] = ()

    def take(self, rows: np.ndarray) -> Predictions:
        """The predictions for some rows (mask or indices)."""
        parts = {name: getattr(self.scores, name)[rows] for name in self.scores.__slots__}
        ood_p = None if self.ood_p is None else self.ood_p[rows]
        return Predictions(scores=Scores(**parts), ood_p=ood_p, untrained=self.untrained)

    def check_trained(self) -> None:
        """Raise ModelError where the run did not learn what a verdict needs."""
        if self.untrained:
            raise ModelError(
                "The run gives no verdicts.",
                expected="a run that was trained on axes and album",
                found=f"it was trained without {' and '.join(self.untrained)}",
                hint="ask it without a verdict (rebracket predict FILE --run RUN, or POST /v1/predict), ask another run, or "
                "train one with these tasks",
            )


def untrained_tasks(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """What a verdict needs and the run of the manifest did not learn: no task of it, or labels that could not teach it."""
    tasks = manifest.get("config", {}).get("tasks", _NEEDED)
    missing = set(manifest.get("metrics", {}).get("not_learnt", ()))
    parts = {"axes": set(AXIS_NAMES), "album": {"album"}}
    return tuple(name for name in _NEEDED if name not in tasks or parts[name] <= missing)


def _exclusive(manifest: Mapping[str, Any]) -> bool:
    """Whether the run learnt that a text has exactly one type; calibrations of earlier runs do not say it."""
    return bool(manifest["config"].get("type_loss") == "single")


@dataclass(frozen=True, slots=True)
class ConceptModel:
    """Everything that a run needs to predict, and the facts that its predictions carry.

    `fingerprints` are those of the texts that it was trained on.
    """

    run_id: str
    encoder_id: str
    recipe: FeatureRecipe
    head: Head
    calibration: Calibration
    ood: OodDetector
    thresholds: Thresholds
    manifest: Mapping[str, Any]
    sets: ConformalSets | None = None
    fingerprints: frozenset[str] = frozenset()

    def predict(
        self,
        texts: Mapping[str, Sequence[str]],
        *,
        encoder: Encoder,
        own: Mapping[str, Sequence[Sequence[float] | None]] | None = None,
    ) -> Predictions:
        """The predictions for texts by field; an absent field counts as empty. Raises ModelError for a foreign encoder.

        `own` are vectors by field that texts bring along, None for a text without; only a run on vectors reads them.
        """
        if encoder.encoder_id != self.encoder_id:
            raise ModelError(
                "The run was trained on other vectors.",
                expected=f"the encoder {self.encoder_id}",
                found=encoder.encoder_id,
                hint="open the run with its own encoder, or train again",
            )
        n = len(next(iter(texts.values())))
        full = {field: list(texts.get(field) or [""] * n) for field in self.recipe.fields}
        vectors = (
            {field: encoder.encode_own(full[field], own=(own or {}).get(field, ())) for field in self.recipe.fields}
            if isinstance(encoder, DatasetVectors)
            else encode_fields(full, fields=self.recipe.fields, encoder=encoder)
        )
        logits = self.head.logits(self.recipe.assemble(vectors, full))
        return Predictions(
            scores=self.head.scores(logits, calibration=self.calibration),
            ood_p=self.ood.p_value(vectors[self.recipe.fields[0]]),
            untrained=untrained_tasks(self.manifest),
        )

    @property
    def vectors(self) -> Mapping[str, Any] | None:
        """What a new text needs, where the run was trained on the vectors of its data (`dim`, `needs`); else None."""
        found: Mapping[str, Any] | None = self.manifest.get("vectors")
        return found

    @property
    def origins(self) -> tuple[str, ...]:
        """The kinds of source that the run was trained on."""
        return tuple(self.manifest.get("origins", ()))

    @property
    def has_types(self) -> bool:
        """Whether the run was trained on any rebracketing type, so that its type scores mean something."""
        return bool(self.manifest.get("n_typed", 0))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """The arrays of the model, for its artefact."""
        return {**self.head.to_arrays(), **{_OOD + name: value for name, value in self.ood.to_arrays().items()}}

    @classmethod
    def from_artefact(cls, artefact: Artefact) -> ConceptModel:
        """The model of an artefact; a ModelError names what it lacks or what does not fit."""
        manifest, arrays = {**artefact.manifest, "config": modern(artefact.manifest.get("config", {}))}, artefact.arrays
        try:
            sets = manifest.get("album_sets")
            return cls(
                run_id=manifest["run_id"],
                encoder_id=manifest["encoder_id"],
                recipe=FeatureRecipe.from_dict(manifest["recipe"]),
                head=heads_from(arrays, manifest["config"]),
                calibration=Calibration.from_dict({**manifest["calibration"], "exclusive_types": _exclusive(manifest)}),
                ood=OodDetector.from_arrays({k.removeprefix(_OOD): v for k, v in arrays.items() if k.startswith(_OOD)}),
                thresholds=Thresholds.from_dict(manifest["thresholds"]),
                manifest=manifest,
                sets=ConformalSets.from_dict(sets) if sets else None,
                fingerprints=frozenset(manifest["text_prints"]),
            )
        except (KeyError, TypeError, ValueError, IndexError, ConfigError) as cause:
            raise ModelError(
                "The run's model is incomplete.",
                expected="heads, recipe, calibration, detector and thresholds",
                found=f"{type(cause).__name__}: {cause}",
                hint="train again with this version",
            ) from cause
