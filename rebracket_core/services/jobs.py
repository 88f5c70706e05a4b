"""Jobs of every kind: listed together, and those that a kind describes by options submitted, watched, cancelled and resumed."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core.errors import InputError, RebracketError
from rebracket_core.jobs import (
    JOB_KINDS,
    JobFolder,
    JobState,
    LocalLauncher,
    create_job,
    job_state,
    job_states,
    kind_of,
    log_tail,
)
from rebracket_core.jobs.kinds import maps_dir
from rebracket_core.progress import ProgressReporter

if TYPE_CHECKING:
    from rebracket_core.jobs import JobKind
    from rebracket_core.services.resources import Resources

OPTIONS = "options"  # the field of a spec that holds what people chose
NOT_INSTALLED = "not installed"


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as it stands: its state, its kind's label, what was chosen, and the end of its log."""

    state: JobState
    label: str
    options: Mapping[str, Any]
    log: str

    def to_dict(self) -> dict[str, Any]:
        """The job as plain values."""
        return {**self.state.to_dict(), "label": self.label, "options": dict(self.options)}


class Jobs:
    """The jobs of one home. Trainings, searches and maps are listed here and started by their own services."""

    def __init__(self, resources: Resources) -> None:
        self._settings = resources.settings

    def kinds(self) -> tuple[JobKind, ...]:
        """Every registered kind, in order."""
        return JOB_KINDS.members

    def offered(self) -> dict[str, JobKind]:
        """The kinds that are started by their options, by name."""
        return {kind.name: kind for kind in JOB_KINDS if kind.Options is not None}

    def all(self) -> list[JobView]:
        """Every job of the home, of whatever kind, newest first."""
        folders = (self._settings.runs, self._settings.searches, maps_dir(self._settings), self._settings.jobs)
        found = [_view(JobFolder(parent / s.job_id), s, log="") for parent in folders for s in job_states(parent)]
        return sorted(found, key=lambda view: (view.state.created_at, view.state.job_id), reverse=True)

    def submitted(self) -> list[JobState]:
        """The jobs that were started by their options, newest first."""
        return job_states(self._settings.jobs)

    def has(self, job_id: str) -> bool:
        """Whether a job of that id was started by its options."""
        return Path(job_id).name == job_id and (self._settings.jobs / job_id / "spec.json").is_file()

    def submit(self, kind: str, *, values: Mapping[str, Any]) -> str:
        """Start a worker on a new job of a kind; its id at once. The worker outlives this process.

        Raises InputError for a kind that is not registered or is started in another way, ConfigError for options that the
        kind does not allow.
        """
        folder = self._new(kind, values)
        LocalLauncher(self._settings).launch(folder)
        return folder.job_id

    def run(self, kind: str, *, values: Mapping[str, Any], progress: ProgressReporter | None = None) -> JobView:
        """Run a new job of a kind in this process until it is through; raises as `submit` does, and what ends the job."""
        from rebracket_core.jobs import JobInputs, run_job

        folder = self._new(kind, values)
        run_job(folder, attempt=folder.new_attempt(), settings=self._settings, inputs=JobInputs(progress=progress))
        return self.view(folder.job_id)

    def view(self, job_id: str) -> JobView:
        """One job as it stands, with the end of its log. Raises InputError where there is none of that id."""
        folder = self.folder_of(job_id)
        return _view(folder, job_state(folder), log=log_tail(folder))

    def cancel(self, job_id: str) -> None:
        """Ask the worker of a job to stop at its next step; what is finished stays in the checkpoints."""
        LocalLauncher(self._settings).cancel(self.folder_of(job_id))

    def resume(self, job_id: str) -> None:
        """Start a worker on a job that was cancelled, failed or lost."""
        LocalLauncher(self._settings).launch(self.folder_of(job_id))

    def folder_of(self, job_id: str) -> JobFolder:
        """The folder of a job. Raises InputError where there is none of that id."""
        if not self.has(job_id):
            ids = ", ".join(state.job_id for state in self.submitted()[:5])
            raise InputError(
                "There is no such job.",
                expected=f"one of {ids}" if ids else "the id of a job",
                found=repr(job_id),
                hint="see: rebracket jobs",
            )
        return JobFolder(self._settings.jobs / job_id)

    def _new(self, kind: str, values: Mapping[str, Any]) -> JobFolder:
        chosen = JOB_KINDS.get(kind)
        if chosen.Options is None:
            raise InputError(
                f"A job of the kind '{kind}' is not started by options alone.",
                expected=f"one of {', '.join(self.offered())}" if self.offered() else "a kind that describes its options",
                found=repr(kind),
                hint="training, search and map have commands of their own",
            )
        options = chosen.chosen(values)
        name = f"{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}-{kind[:24]}-{secrets.token_hex(3)}"
        return create_job(self._settings.jobs / name, spec={"kind": kind, OPTIONS: options})


def _view(folder: JobFolder, state: JobState, *, log: str) -> JobView:
    try:
        label = kind_of(folder).label
    except RebracketError:  # its package was uninstalled; the job can be seen still
        label = f"{state.kind} ({NOT_INSTALLED})"
    found = folder.spec().get(OPTIONS)
    return JobView(state, label=label, options=found if isinstance(found, dict) else {}, log=log)
