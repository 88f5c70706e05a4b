"""Searches for training options: started, listed, looked into, and their best trained on everything."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rebracket_core.aliases import modern, modern_name, with_old_names
from rebracket_core.errors import InputError, MissingExtraError
from rebracket_core.jobs import JobFolder, JobState, LocalLauncher, Status, create_run, job_state, job_states, log_tail
from rebracket_core.progress import NoProgress, ProgressReporter
from rebracket_core.services.usage import changing
from rebracket_core.training.config import TrainingConfig

if TYPE_CHECKING:
    from rebracket_core.services.resources import Resources
    from rebracket_core.training.hpo import SearchPlan


@dataclass(frozen=True, slots=True)
class SearchView:
    """A search as it stands: its state, its plan, the trials that ended, and what was found (None until it is through)."""

    state: JobState
    plan: SearchPlan
    trials: list[dict[str, Any]]
    found: dict[str, Any] | None
    log: str

    def to_dict(self) -> dict[str, Any]:
        """The search as plain values; options stand under their older names too."""
        plan, found = self.plan.to_dict(), self.found
        return {
            "state": self.state.to_dict(),
            "plan": {**plan, "base": with_old_names(plan["base"]), "space": with_old_names(plan["space"])},
            "trials": [_both(trial) for trial in self.ranked()],
            "found": found
            and {
                **found,
                "best": _both(found["best"]),
                "config": with_old_names(found["config"]),
                "importance": with_old_names(found["importance"]),
            },
        }

    def ranked(self) -> list[dict[str, Any]]:
        """The trials, the smallest value first, those without one at the end."""
        return sorted(self.trials, key=lambda t: (t["value"] is None, t["value"] or 0.0, t["number"]))


class Searches:
    """The searches of one home."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._folder = resources.settings.searches

    def states(self) -> list[JobState]:
        """What every search is doing, newest first."""
        return job_states(self._folder)

    def has(self, search_id: str) -> bool:
        """Whether there is a search of that id."""
        return Path(search_id).name == search_id and (self._folder / search_id / "spec.json").is_file()

    def view(self, search_id: str) -> SearchView:
        """One search as it stands; an InputError where there is none of that id."""
        from rebracket_core.jobs.kinds import plan_of
        from rebracket_core.training.hpo import RESULT_FILE, TRIALS_FILE

        folder = self.folder_of(search_id)
        trials = _json(folder.path / TRIALS_FILE) or {}
        return SearchView(
            state=job_state(folder),
            plan=plan_of(folder),
            trials=[_modern_trial(trial) for trial in trials.get("trials", [])],
            found=_modern_found(_json(folder.path / RESULT_FILE)),
            log=log_tail(folder),
        )

    def run(self, dataset: str, *, plan: SearchPlan, progress: ProgressReporter | None = None) -> SearchView:
        """Search in this process until all trials are through."""
        from rebracket_core.jobs import JobInputs, run_job

        folder = self._new(dataset, plan)
        inputs = JobInputs(self._resources.encoder, progress=progress or NoProgress())
        run_job(folder, attempt=folder.new_attempt(), settings=self._resources.settings, inputs=inputs)
        return self.view(folder.run_id)

    def launch(self, dataset: str, *, plan: SearchPlan) -> str:
        """Start a worker that searches; the search's id at once. The worker outlives this process."""
        folder = self._new(dataset, plan)
        LocalLauncher(self._resources.settings).launch(folder)
        return folder.run_id

    def resume(self, search_id: str) -> None:
        """Start a worker on a search that was cancelled, failed or lost; it goes on after the trials that ended."""
        LocalLauncher(self._resources.settings).launch(self.folder_of(search_id))

    def cancel(self, search_id: str) -> None:
        """Ask the worker of a search to stop; the trials that ended are kept."""
        LocalLauncher(self._resources.settings).cancel(self.folder_of(search_id))

    def run_of(self, search_id: str, *, trial: int | None = None) -> JobFolder:
        """A new run with the options of a trial (by default the best), on everything; nothing is trained yet.

        Its figures will come from groups on which the options were chosen, so the run says in a note that they are a little
        too good, and the figures on the outer groups.
        """
        from rebracket_core.training import refuse_unlearnable

        view = self.view(search_id)
        chosen = _chosen(view, trial)
        config = view.plan.base.with_(**chosen["options"])
        data = self._resources.dataset(view.state.dataset)
        refuse_unlearnable(data.frame, config=config)
        more = {"notes": [_note(view, chosen)], "search_id": search_id, "trial": chosen["number"]}
        encoder_id = self._resources.encoder(config.features.encoder).encoder_id
        with changing(self._resources.settings):
            self.folder_of(search_id)
            self._resources.library.require(data.name)
            return create_run(self._resources.settings.runs, meta=data.meta, config=config, encoder_id=encoder_id, more=more)

    def folder_of(self, search_id: str) -> JobFolder:
        """The folder of a search; an InputError where there is none of that id."""
        if not self.has(search_id):
            ids = ", ".join(s.run_id for s in self.states()[:5])
            raise InputError(
                "There is no such search.",
                expected=f"one of {ids}" if ids else "the id of a search",
                found=repr(search_id),
                hint="see: rebracket searches",
            )
        return JobFolder(self._folder / search_id)

    def _new(self, dataset: str, plan: SearchPlan) -> JobFolder:
        from rebracket_core.jobs.kinds import create_search
        from rebracket_core.training.hpo import shared_rows

        if find_spec("optuna") is None:
            raise MissingExtraError("search", what="A search")
        data = self._resources.dataset(dataset)
        shared_rows(data.frame, base=plan.base, space=plan.space, objective=plan.objective)
        encoder_id = self._resources.encoder(plan.base.features.encoder).encoder_id
        with changing(self._resources.settings):
            self._resources.library.require(dataset)
            return create_search(self._folder, meta=data.meta, plan=plan, encoder_id=encoder_id)


def plan_from(
    space: dict[str, Any] | Path, *, base: TrainingConfig, n_trials: int, objective: str = "album_log_loss"
) -> SearchPlan:
    """A plan from a space as plain values or as a file; a ConfigError names what is not allowed."""
    from rebracket_core.training.hpo import SearchPlan, SearchSpace

    read = SearchSpace.from_file(space, base=base) if isinstance(space, Path) else SearchSpace.from_dict(space, base=base)
    return SearchPlan(base=base, space=read, n_trials=n_trials, objective=objective)


def _chosen(view: SearchView, trial: int | None) -> dict[str, Any]:
    if trial is None and view.found is None:
        raise InputError(
            "The search is not through.",
            expected="a search that is done, or the number of a trial",
            found=f"{view.state.run_id} is {view.state.status}",
            hint="wait for it, or name a trial",
        )
    number = trial if trial is not None else (view.found or {})["best"]["number"]
    chosen = next((t for t in view.trials if t["number"] == number and t["value"] is not None), None)
    if chosen is None:
        able = ", ".join(str(t["number"]) for t in view.ranked()[:10] if t["value"] is not None)
        raise InputError(
            "This trial cannot be trained.",
            expected=f"a trial that went through: {able or 'none yet'}",
            found=str(number),
            hint="see: rebracket searches SEARCH",
        )
    return chosen


def _note(view: SearchView, chosen: dict[str, Any]) -> str:
    summary = (
        f"Its options are those of trial {chosen['number']} of the search {view.state.run_id}, chosen among "
        f"{len(view.trials)} on groups that are also measured here: these figures are a little too good."
    )
    found = view.found
    if found is None or view.state.status is not Status.DONE or chosen["number"] != found["best"]["number"]:
        return summary
    share = found["outer"]["best"]["album_accuracy"]
    if share["value"] is None or share["ci_low"] is None:
        return summary
    return (
        f"{summary} On {found['outer']['n_groups']} groups that no trial had met, these options were right "
        f"{share['value']:.2f} of the time ({share['ci_low']:.2f} to {share['ci_high']:.2f})."
    )


def _both(trial: dict[str, Any]) -> dict[str, Any]:
    return {**trial, "options": with_old_names(trial["options"])}


def _modern_trial(trial: dict[str, Any]) -> dict[str, Any]:
    return {**trial, "options": modern(trial["options"])}


def _modern_found(found: dict[str, Any] | None) -> dict[str, Any] | None:
    """What a search found, its options under today's names."""
    if found is None:
        return None
    importance = {modern_name(name): share for name, share in found["importance"].items()}
    return {**found, "best": _modern_trial(found["best"]), "config": modern(found["config"]), "importance": importance}


def _json(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
