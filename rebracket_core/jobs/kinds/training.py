"""Training a run: a job below `runs/`, with its config, people's labels and the model that it makes."""

from __future__ import annotations

import datetime as dt
import json
import platform
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core import __version__
from rebracket_core.errors import DataError
from rebracket_core.files import PRIVATE_FOLDER, make_folder, write_json
from rebracket_core.jobs.device_queue import hold_device
from rebracket_core.jobs.folder import JobFolder, create_job
from rebracket_core.jobs.job import Job
from rebracket_core.jobs.kinds.base import JobKind
from rebracket_core.jobs.kinds.pinned_data import pinned_dataset

if TYPE_CHECKING:
    from rebracket_core.corpus import DatasetMeta, HumanTarget
    from rebracket_core.encoders import Encoder
    from rebracket_core.training import Evaluation, TrainingConfig

LABELS = "labels.json"
_SCORES = (
    ("calibration_error", "calibration", "ece"),
    ("accepted_share", "selective", "coverage"),
    ("accepted_accuracy", "selective", "accuracy"),
)


class TrainingJob(JobKind):
    """A training: cross-fitting, calibration, evaluation, and the model of a run."""

    name = "training"
    label = "Training"
    help = "Train a run on a data set, measure it on held-out songs, and keep its model."
    stages = ("Reading texts", "Training on the other songs", "Calibrating on held-out songs")
    memory_hint = "train with a smaller ensemble_size, fewer max_tfidf_terms or on a part of the data"
    is_tracked = True
    runs_remotely = True

    def run(self, job: Job) -> Evaluation:
        """Wait for the device, train, and return the evaluation."""
        from rebracket_core.encoders import device_name

        device = device_name(job.settings)
        with hold_device(job.settings.runs, device=device, job_id=job.folder.job_id, reporter=job.callback):
            return _train(job)

    def final_scores(self, folder: JobFolder) -> dict[str, float]:
        """The scores of a finished run on held-out groups with the ends of their intervals, by name; empty before that."""
        try:
            found = json.loads((folder.path / "evaluation.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        scores: dict[str, float] = {}
        for name, row in {"album": found.get("album", {}), **found.get("metrics", {})}.items():
            for key, as_name in (("accuracy", "accuracy"), ("ci_low", "accuracy_low"), ("ci_high", "accuracy_high")):
                if _is_number(row.get(key)):
                    scores[f"final/{name}_{as_name}"] = float(row[key])
        for name, part, key in _SCORES:
            if _is_number(found.get(part, {}).get(key)):
                scores[f"final/{name}"] = float(found[part][key])
        return scores

    def warm_up(self) -> None:
        """Import torch and what trains."""
        import torch  # noqa: F401

        import rebracket_core.corpus
        import rebracket_core.encoders
        import rebracket_core.training.run  # noqa: F401


def create_run(
    runs: Path,
    *,
    meta: DatasetMeta,
    config: TrainingConfig,
    encoder_id: str,
    human: Sequence[HumanTarget] = (),
    more: Mapping[str, Any] | None = None,
) -> JobFolder:
    """Make a run folder below `runs` with its spec, and people's labels that it learns from; nothing is trained yet.

    `more` is kept in the spec as it is.
    """
    spec = {**training_spec(meta=meta, config=config, encoder_id=encoder_id), **(more or {})}
    return create_training(runs, spec=spec, config=config, human=human)


def training_spec(*, meta: DatasetMeta, config: TrainingConfig, encoder_id: str) -> dict[str, Any]:
    """What the spec of a run says of its data, its config and the code that made it."""
    return {
        "kind": TrainingJob.name,
        "dataset": meta.name,
        "dataset_digest": meta.digest,
        "config": config.to_dict(),
        "encoder_id": encoder_id,
        "code_version": __version__,
        "python": platform.python_version(),
        "seed": config.data.seed,
    }


def create_training(
    parent: Path, *, spec: Mapping[str, Any], config: TrainingConfig, human: Sequence[HumanTarget] = ()
) -> JobFolder:
    """Make a folder with a new id below `parent`; the labels are there before the spec, which makes it a job."""
    stamp = dt.datetime.now(dt.UTC)
    path = _fresh_folder(parent, f"{stamp:%Y%m%d-%H%M%S}-{spec['dataset'][:24]}")
    if config.data.labels != "none":
        write_json(path / LABELS, {"labels": config.data.labels, "texts": [target.to_dict() for target in human]})
    return create_job(path, spec={"created_at": stamp.isoformat(timespec="seconds"), **spec})


def _fresh_folder(parent: Path, name: str) -> Path:
    """A new folder below `parent`, its name ended by chance; two runs that are made in one second never share one."""
    make_folder(parent)
    while True:
        path = parent / f"{name}-{secrets.token_hex(2)}"
        try:
            path.mkdir(mode=PRIVATE_FOLDER)
            return path
        except FileExistsError:
            continue


def human_targets(folder: JobFolder, *, config: TrainingConfig) -> list[HumanTarget]:
    """People's labels, kept when the run was made, so that it can be trained anywhere. Raises DataError without them."""
    from rebracket_core.corpus import HumanTarget

    if config.data.labels == "none":
        return []
    try:
        found = json.loads((folder.path / LABELS).read_text(encoding="utf-8"))
        if found["labels"] != config.data.labels:
            raise ValueError(f"they are of {found['labels']}")
        return [HumanTarget.from_dict(raw) for raw in found["texts"]]
    except (OSError, ValueError, KeyError, TypeError) as cause:
        raise DataError(
            "The labels of the run cannot be read.",
            expected=f"{LABELS} with the labels of {config.data.labels}",
            found=f"{type(cause).__name__}: {cause}",
            hint="train a new run",
            where=str(folder.path),
        ) from cause


def _train(job: Job) -> Evaluation:
    from rebracket_core.encoders import open_text_encoder
    from rebracket_core.training import TrainingConfig, train_run

    spec, settings, opener = job.spec, job.settings, job.inputs.open_encoder
    config = TrainingConfig.from_dict(spec["config"])
    name = config.features.encoder
    encoder = opener(name) if opener else open_text_encoder(name, settings=settings)
    _check_vectors(encoder, encoder_id=str(spec["encoder_id"]))
    return train_run(
        pinned_dataset(spec["dataset"], digest=spec["dataset_digest"], settings=settings),
        config=config,
        encoder=encoder,
        folder=job.folder.path,
        thresholds=settings.thresholds,
        callback=job.callback,
        human=human_targets(job.folder, config=config),
        settings=settings,
        notes=tuple(spec.get("notes", ())),
    )


def _check_vectors(encoder: Encoder, *, encoder_id: str) -> None:
    """Raise DataError where the vectors of the data are others than when the run was made."""
    from rebracket_core.encoders import DatasetVectors

    if isinstance(encoder, DatasetVectors) and encoder.encoder_id != encoder_id:
        raise DataError(
            "The vectors of the data set have changed since the run was made.",
            expected=encoder_id,
            found=encoder.encoder_id,
            hint="train a new run",
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
