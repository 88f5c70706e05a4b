"""The store of runs: what was trained, on what, how good it is on held-out songs, and which run is in production."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rebracket_core.aliases import modern, with_old_names
from rebracket_core.errors import ModelError, NoModelError
from rebracket_core.files import is_archived
from rebracket_core.jobs import JobFolder, JobState, Status, job_state
from rebracket_core.models import load_artefact, load_manifest
from rebracket_core.runs.metrics import RunMetrics
from rebracket_core.runs.production import promote, promoted_id, roll_back
from rebracket_core.thresholds import Thresholds
from rebracket_core.validation import ConceptModel, untrained_tasks

STARTER = "starter"


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One finished run, from its folder. `metrics` is its evaluation on held-out groups as plain values."""

    run_id: str
    created_at: str
    dataset: str
    dataset_digest: str
    encoder_id: str
    origins: tuple[str, ...]
    n_rows: int
    n_groups: int
    metrics: Mapping[str, Any]
    transfer: tuple[Mapping[str, Any], ...]
    thresholds: Mapping[str, Any]
    config: Mapping[str, Any]
    promoted: bool
    starter: bool
    album_sets: Mapping[str, Any] | None = None

    @property
    def leaked(self) -> bool:
        """Whether its figures come from a row-level split."""
        return bool(self.metrics.get("leaked"))

    @property
    def measured(self) -> RunMetrics:
        """Its figures on held-out groups as values; None and empty where it did not measure them."""
        return RunMetrics.from_dict(self.metrics)

    @property
    def gives_verdicts(self) -> bool:
        """Whether it learnt what a verdict needs: axes and album."""
        return not untrained_tasks({"config": self.config, "metrics": self.metrics})

    @property
    def limits(self) -> Thresholds:
        """Its thresholds; those that it does not know stand at their default."""
        return Thresholds.from_dict(self.thresholds)

    def to_dict(self) -> dict[str, Any]:
        """The run as plain values; its options stand under their older names too."""
        return {**asdict(self), "config": with_old_names(self.config)}


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """All runs at one moment: the finished ones, newest first; those that a worker has; (run_id, why) of the others."""

    finished: tuple[RunInfo, ...]
    active: tuple[JobState, ...]
    broken: tuple[tuple[str, str], ...]


class RunStore:
    """The runs below one folder. Everything is read from the run folders; `promoted.json` names the production run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def snapshot(self) -> RunSnapshot:
        """Every run that is not archived as it stands now, each in exactly one of the lists, whatever ends meanwhile."""
        if not self.folder.is_dir():
            return RunSnapshot((), (), ())
        promoted = self.promoted_id()
        finished: list[RunInfo] = []
        active: list[JobState] = []
        broken: list[tuple[str, str]] = []
        listed = (p for p in self.folder.iterdir() if (p / "spec.json").is_file() and not is_archived(p))
        for folder in sorted(listed, reverse=True):
            match _read(folder, promoted=folder.name == promoted):
                case RunInfo() as info:
                    finished.append(info)
                case JobState() as state:
                    active.append(state)
                case str() as why:
                    broken.append((folder.name, why))
        finished.sort(key=lambda i: (i.created_at, i.run_id), reverse=True)
        return RunSnapshot(tuple(finished), tuple(active), tuple(broken))

    def infos(self) -> list[RunInfo]:
        """All finished runs, newest first; a folder whose model cannot be read is left out (see `broken`)."""
        return list(self.snapshot().finished)

    def broken(self) -> list[tuple[str, str]]:
        """Runs that cannot be used, as (run_id, why): failed, cancelled, lost or damaged; not those that are being trained."""
        return list(self.snapshot().broken)

    def info(self, run_id: str) -> RunInfo:
        """One run. Raises ModelError, with the known ids, where there is none."""
        folder = self._folder(run_id)
        return _info(folder, promoted=self.promoted_id() == run_id)

    def load(self, run_id: str) -> ConceptModel:
        """Load the model of a run. Raises ModelError, with what is wrong, for one that cannot be used."""
        return ConceptModel.from_artefact(load_artefact(self._folder(run_id) / "model"))

    def encoder_of(self, model: ConceptModel) -> str:
        """The name that opens the encoder of a run's model: where the run trained one along, the folder in which it lies."""
        if model.manifest["config"].get("method", "frozen") == "frozen":
            return str(model.manifest["encoder"])
        return str(self._folder(model.run_id) / "model" / "encoder")

    def promoted_id(self) -> str | None:
        """The id of the production run, or None."""
        return promoted_id(self.folder)

    def promote(self, run_id: str) -> None:
        """Make a run the production run; its model is loaded first, so that a damaged one is refused."""
        self.load(run_id)
        promote(self.folder, run_id)

    def roll_back(self) -> str:
        """Promote the previous production run again, and return its id."""
        return roll_back(self.folder)

    def chosen(self, run_id: str | None) -> str:
        """The id that is given, or that of the production run. Raises NoModelError where there is neither."""
        chosen = run_id or self.promoted_id()
        if chosen is None:
            raise NoModelError(
                "There is no model yet, and no verdict without one.",
                expected="a promoted run",
                found=f"{len(self.infos())} finished runs, none promoted",
                hint="train one (rebracket train DATASET) and promote it (rebracket promote RUN)",
            )
        return chosen

    def folder_of(self, run_id: str) -> JobFolder:
        """The folder of a run, finished or not. Raises ModelError, with the known ids, where there is none."""
        return JobFolder(self._folder(run_id))

    def _folder(self, run_id: str) -> Path:
        folder = self.folder / run_id
        if Path(run_id).name != run_id or run_id.startswith(".") or not folder.is_dir():
            names = [i.run_id for i in self.infos()]
            raise ModelError(
                "There is no such run.",
                expected=f"one of {', '.join(names[:5])}" if names else "a trained run",
                found=repr(run_id),
                hint="see: rebracket runs",
            )
        return folder


def _read(folder: Path, *, promoted: bool) -> RunInfo | JobState | str:
    """A run where it can be used, its state where a worker has it, or why it cannot be used."""
    try:
        return _info(folder, promoted=promoted)
    except ModelError:
        try:
            state = job_state(JobFolder(folder))
        except ModelError as unread:
            return str(unread)
    if state.status.active:
        return state
    try:
        return _info(folder, promoted=promoted)  # its model may have come between the looks
    except ModelError as cause:
        return _why(state, cause)


def info_of(manifest: Mapping[str, Any], *, run_id: str, created_at: str, promoted: bool) -> RunInfo:
    """The run that a model's manifest describes; KeyError where it lacks something."""
    return RunInfo(
        run_id=run_id,
        created_at=created_at,
        dataset=manifest["dataset"],
        dataset_digest=manifest["dataset_digest"],
        encoder_id=manifest["encoder_id"],
        origins=tuple(manifest["origins"]),
        n_rows=manifest["n_rows"],
        n_groups=manifest["n_groups"],
        metrics=manifest["metrics"],
        transfer=tuple(manifest["transfer"]),
        thresholds=manifest["thresholds"],
        config=modern(manifest["config"]),
        promoted=promoted,
        starter=manifest["dataset"] == STARTER,
        album_sets=manifest.get("album_sets"),
    )


def _info(folder: Path, *, promoted: bool) -> RunInfo:
    manifest = load_manifest(folder / "model")
    try:
        spec = json.loads((folder / "spec.json").read_text(encoding="utf-8"))
        return info_of(manifest, run_id=spec["run_id"], created_at=spec["created_at"], promoted=promoted)
    except (OSError, ValueError, KeyError) as cause:
        raise ModelError(
            "The run's description cannot be read.",
            expected="spec.json and manifest.json of one run",
            found=f"{type(cause).__name__}: {cause}",
            hint="train again",
            where=str(folder),
        ) from cause


def _why(state: JobState, cause: ModelError) -> str:
    """Why a run cannot be used, in the words of its last attempt."""
    if state.status is Status.LOST:
        return "lost: its worker ended without a word; resume it"
    if state.status in (Status.FAILED, Status.CANCELLED):
        return f"{state.status}: {state.error} {state.hint}".strip()
    return str(cause)
