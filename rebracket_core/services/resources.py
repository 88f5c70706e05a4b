"""What the services of one home share: settings, stores, and the models and encoders that are open."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from rebracket_core.encoders import VECTORS_PREFIX, Encoder, describe_device, open_text_encoder, vectors_for
from rebracket_core.runs import RunStore
from rebracket_core.scoring import History, VerdictCounts
from rebracket_core.settings import Settings

if TYPE_CHECKING:
    from rebracket_core.corpus import Dataset, DatasetMeta, Library
    from rebracket_core.validation import ConceptModel

_MODELS_KEPT = 2


class Resources:
    """The stores of a home, and its models and encoders, opened on first use; safe to share between threads.

    One lock guards what is open, so that two sessions do not fight over the same cores or device. `runs` and `opener` take
    other places than the home's where verdicts come from an ONNX bundle.
    """

    def __init__(
        self, settings: Settings, *, runs: RunStore | None = None, opener: Callable[[str], Encoder] | None = None
    ) -> None:
        self.settings = settings
        self.runs = runs or RunStore(settings.runs)
        self.history = History(settings.database_url)
        self.counts = VerdictCounts(settings.home / "monitoring")
        self._opener = opener or (lambda name: open_text_encoder(name, settings=settings))
        self._lock = threading.Lock()
        self._models: dict[str, ConceptModel] = {}
        self._encoders: dict[str, Encoder] = {}

    @cached_property
    def library(self) -> Library:
        """The imported data sets."""
        from rebracket_core.corpus import Library

        return Library(self.settings.library)

    def model(self, run_id: str | None = None) -> ConceptModel:
        """The model of a run, or of the production run; kept in memory, at most two at a time."""
        chosen = self.runs.chosen(run_id)
        with self._lock:
            if chosen not in self._models:
                while len(self._models) >= _MODELS_KEPT:
                    self._models.pop(next(iter(self._models)))
                self._models[chosen] = self.runs.load(chosen)
            return self._models[chosen]

    def encoder(self, name: str) -> Encoder:
        """An encoder by name, opened once; vectors of a data set anew each time, for another may have taken its name."""
        if name.startswith(VECTORS_PREFIX):
            return self._opener(name)
        with self._lock:
            if name not in self._encoders:
                self._encoders[name] = self._opener(name)
            return self._encoders[name]

    def encoder_of(self, model: ConceptModel) -> Encoder:
        """The encoder of a run's model, opened once; of a run on vectors, one that takes what texts bring along."""
        name = self.runs.encoder_of(model)
        if model.vectors is None:
            return self.encoder(name)
        with self._lock:
            if model.encoder_id not in self._encoders:
                self._encoders[model.encoder_id] = vectors_for(
                    name, encoder_id=model.encoder_id, described=model.vectors, settings=self.settings
                )
            return self._encoders[model.encoder_id]

    def dataset(self, name: str) -> Dataset:
        """One imported data set with its rows; "songs+proposals" gives the rows of both."""
        return self.library.joined(name)

    def datasets(self) -> list[DatasetMeta]:
        """What is imported and not archived, without opening rows."""
        return [self.library.meta(name) for name in self.library.names()]

    def every_dataset(self) -> list[DatasetMeta]:
        """What is imported, archived data sets too."""
        return [self.library.meta(name) for name in self.library.every_name()]

    def forget(self, run_id: str) -> None:
        """Let go of the model of a run that is gone."""
        with self._lock:
            self._models.pop(run_id, None)

    def device(self) -> str:
        """In words, what the engine runs on."""
        return describe_device(self.settings)
