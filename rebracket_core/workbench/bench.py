"""The composition root: one home's resources and services, made once and handed to pages, commands and the API."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from rebracket_core.files import tighten_home
from rebracket_core.services import (
    Datasets,
    Jobs,
    Lifecycle,
    Monitoring,
    Predict,
    Resources,
    Reviews,
    Runs,
    Searches,
    Trainings,
    Transmigrations,
    Verdicts,
    bundle_resources,
)
from rebracket_core.services.explain import Counterfactuals, Explain
from rebracket_core.services.labels import Labels, Retraining
from rebracket_core.services.maps import Maps
from rebracket_core.settings import Settings


class Workbench:
    """All services over one home; safe to share between threads. Each service is given only what it names."""

    def __init__(self, settings: Settings, *, resources: Resources | None = None) -> None:
        self.settings = settings
        tighten_home(settings.home)
        self.resources = resources = resources or Resources(settings)
        self.history = resources.history
        self.verdicts = Verdicts(resources)
        self.predict = Predict(resources)
        self.runs = Runs(resources)
        self.datasets = Datasets(resources)
        self.labels = Labels(resources, verdicts=self.verdicts)
        self.search = Searches(resources)
        self.training = Trainings(resources, labels=self.labels, searches=self.search)
        self.jobs = Jobs(resources)
        self.lifecycle = Lifecycle(resources, labels=self.labels)
        self.retraining = Retraining(resources, labels=self.labels, trainings=self.training)
        self.review = Reviews(resources)
        self.explain = Explain(resources)
        self.counterfactuals = Counterfactuals(resources, verdicts=self.verdicts)
        self.transmigrations = Transmigrations(resources, verdicts=self.verdicts, counterfactuals=self.counterfactuals)
        self.maps = Maps(resources, labels=self.labels, verdicts=self.verdicts, reviews=self.review)
        self.monitoring = Monitoring(resources, labels=self.labels)


@lru_cache(maxsize=4)
def _workbench(settings: Settings) -> Workbench:
    return Workbench(settings)


def get_workbench(settings: Settings | None = None) -> Workbench:
    """The workbench of these settings (by default those of the environment), made once a process."""
    return _workbench(settings or Settings.from_env())


def bundle_workbench(settings: Settings, folder: Path) -> Workbench:
    """A workbench whose verdicts come from an ONNX bundle; the home gives the history and the keys.

    Raises ModelError naming the file of the bundle that is missing or altered.
    """
    return Workbench(settings, resources=bundle_resources(settings, folder))
