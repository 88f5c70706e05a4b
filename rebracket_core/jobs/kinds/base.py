"""What a kind of job is: an object that describes itself and runs a job from its folder."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from rebracket_core.errors import ConfigError
from rebracket_core.jobs.folder import JobFolder
from rebracket_core.jobs.job import Job
from rebracket_core.options import Option, options_of


class JobKind(ABC):
    """One kind of long work outside the page. Members of `jobs.kinds.JOB_KINDS`; a spec names its kind by `kind`.

    Everything else is the same for every kind: folder, lock, log, progress, cancel, the ending, workers, launchers.

    Attributes:
        name: what `kind` in a spec says; stable.
        label: for people, such as "Training".
        help: one sentence.
        stages: the stages that a job usually goes through, in their order, as progress names them.
        cancelled_hint: what people can do about a job that was cancelled.
        memory_hint: what they can do where the memory was not enough.
        is_tracked: whether its curves and scores go to the tracker of the settings.
        Options: a frozen dataclass of `option(...)` fields: what people choose when they start such a job by its form or
            `rebracket submit`; they stand in its spec as `options`. None where it is started in a way of its own.
        runs_remotely: whether a remote machine can run it: it needs the code, its folder and its data set alone.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    help: ClassVar[str]
    stages: ClassVar[tuple[str, ...]] = ()
    cancelled_hint: ClassVar[str] = "resume it to go on where it was"
    memory_hint: ClassVar[str] = "work on a part of the data"
    is_tracked: ClassVar[bool] = False
    runs_remotely: ClassVar[bool] = False
    Options: ClassVar[type | None] = None

    @abstractmethod
    def run(self, job: Job) -> object:
        """Do the work, and return what it made for whoever runs it in its own process.

        What a later attempt can go on from belongs into `job.folder.checkpoints`. The call is made while this process holds
        the attempt; whatever it raises ends the job: `training.Cancelled` as cancelled, everything else as failed.
        """

    def recognises(self, spec: Mapping[str, Any]) -> bool:
        """Whether a spec that names no kind, of an earlier version, is of this kind."""
        return False

    def final_scores(self, folder: JobFolder) -> dict[str, float]:
        """The scores of a job that is done, by name, for the tracker; empty before."""
        return {}

    def warm_up(self) -> None:  # noqa: B027  (a hook: most kinds need none)
        """Import what the kind runs, in a worker that waits for a job. Does nothing by default."""

    def options(self) -> dict[str, Option]:
        """What people choose when they start such a job, by name; empty where it is started in a way of its own."""
        return {o.name: o for o in options_of(self.Options, name=self.name)} if self.Options is not None else {}

    def chosen(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """All options as plain values: those that are given, checked, and the defaults of the others.

        Raises ConfigError for a value that is not allowed, and for a name that is no option of the kind.
        """
        known = self.options()
        if unknown := sorted(set(values) - set(known)):
            raise ConfigError(
                f"A job of the kind '{self.name}' has no such option.",
                expected=", ".join(known) or "no options",
                found=", ".join(unknown),
                hint="see: rebracket jobs --kinds",
            )
        found = {name: option.parse(values.get(name, option.default)) for name, option in known.items()}
        for name, option in known.items():
            option.check(found[name])
        return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}

    @property
    def module(self) -> str:
        """The module that registers the kind as it is imported; a worker imports it where it does not know the kind."""
        return type(self).__module__
