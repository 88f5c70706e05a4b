"""The same parts made on a Ray cluster: Ray Data deals the parts out to actors that keep their model and their place."""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from rebracket_core.corpus.sources import iter_concepts
from rebracket_core.errors import ConfigError, MissingExtraError, RebracketError, lines_of
from rebracket_core.progress import ProgressReporter
from rebracket_core.scoring.parts import Order, OrderOptions, Part, PartForm, Parts
from rebracket_core.scoring.streaming import STAGE, StreamScorer, finished, order_of, score_slice

if TYPE_CHECKING:
    from rebracket_core.scoring.base import ScoringResources
    from rebracket_core.settings import Settings
    from rebracket_core.validation import Concept

LOCAL = "local"
_ROOT = Path(__file__).resolve().parents[2]


class PartWorker:
    """An actor: it opens the run once, and reads on where its last part ended, so that the input is read once an actor."""

    def __init__(
        self,
        *,
        opener: Callable[[Settings], ScoringResources],
        env: dict[str, str],
        folder: str,
        sources: Sequence[str],
        order: dict[str, Any],
        place: str,
    ) -> None:
        from rebracket_core.settings import Settings

        os.chdir(place)
        self._folder = Path(folder)
        self._sources = list(sources)
        self._order = Order(**{**order, "form": PartForm(order["form"])})
        self._scorer = StreamScorer(opener(Settings.from_env(env)), self._order)
        self._concepts: Iterator[Concept] = iter(())
        self._at = -1

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """The part of this number as the manifest tells it, after its file was written."""
        number = int(row["number"])
        rows = self._order.rows_per_part
        if self._at < 0 or number < self._at:
            how: dict[str, Any] = {"max_text_chars": self._order.max_text_chars, "text_column": self._order.text_column or None}
            self._concepts = iter_concepts(self._sources, **how, vectors=self._scorer.reads_vectors)
            self._at = 0
        for _ in itertools.islice(self._concepts, (number - self._at) * rows):
            pass
        mine = itertools.islice(self._concepts, rows)
        part = score_slice(self._scorer, mine, number=number, folder=self._folder, form=self._order.form)
        self._at = number + 1
        return {
            "number": part.number,
            "name": part.name,
            "rows": part.rows,
            "kinds": list(part.counts),
            "many": list(part.counts.values()),
            "size": part.size,
            "sha256": part.sha256,
        }


def score_on_ray(
    resources: ScoringResources,
    sources: Sequence[Path | str],
    *,
    folder: Path,
    opener: Callable[[Settings], ScoringResources],
    address: str = LOCAL,
    workers: int = 0,
    progress: ProgressReporter | None = None,
    **options: Unpack[OrderOptions],
) -> Parts:
    """The parts that `score_into` makes, with the same bytes, made by `workers` actors (by default one a free core).

    `opener` gives an actor the home's resources, of settings made from the environment.
    `address` is "local" for this machine alone, "auto" for the cluster that it belongs to, or a head's address. Every
    machine has to see the sources, the home and the folder under the same paths. Raises MissingExtraError without Ray.
    """
    _check_request(workers)
    order = order_of(resources, sources, **options)
    with Parts(folder, order).held() as parts:
        done, todo = _left_to_make(parts, sources)
        given = {"opener": opener, **_plain_arguments(resources.settings, sources, folder=folder, order=order)}
        for part in _made(todo, given=given, address=address, workers=workers):
            parts.add(part)
            done += part.rows
            if progress:
                progress.update(STAGE, done, 0)
        return finished(parts)


def _left_to_make(parts: Parts, sources: Sequence[Path | str]) -> tuple[int, list[int]]:
    """How many concepts of the sources have their verdicts, and the numbers of the parts that are still to be made."""
    order, rows = parts.order, parts.order.rows_per_part
    concepts = iter_concepts(sources, max_text_chars=order.max_text_chars, text_column=order.text_column or None)
    total = sum(1 for _ in concepts)
    todo = [k for k in range(-(-total // rows)) if not parts.has(k)]
    return total - sum(min(rows, total - k * rows) for k in todo), todo


def _check_request(workers: int) -> None:
    """Raise MissingExtraError without Ray, ConfigError for a number of workers below 0."""
    if find_spec("ray") is None:
        raise MissingExtraError("ray", what="Scoring on a Ray cluster")
    if workers < 0:
        raise ConfigError(
            "The number of workers is not allowed.",
            expected="1 or more",
            found=str(workers),
            hint="leave it out for one a free core",
        )


def _plain_arguments(settings: Settings, sources: Sequence[Path | str], *, folder: Path, order: Order) -> dict[str, Any]:
    """What a `PartWorker` is made with beside its opener, as plain values that travel to other machines."""
    return {
        "env": {**settings.to_env(), "REBRACKET_THREADS": "1"},
        "folder": str(folder.resolve()),
        "sources": [str(source) for source in sources],
        "order": _plain(order),
        "place": os.getcwd(),
    }


def _made(todo: Sequence[int], *, given: dict[str, Any], address: str, workers: int) -> Iterator[Part]:
    """The parts as the actors finish them."""
    if not todo:
        return
    import ray

    _join(address)
    try:
        count = min(workers or max(1, int(ray.available_resources().get("CPU", 1))), len(todo))
        items = ray.data.from_items([{"number": k} for k in todo], override_num_blocks=len(todo))
        worker: Any = PartWorker  # Ray makes the actors of a class
        made = items.map(worker, fn_constructor_kwargs=given, compute=ray.data.ActorPoolStrategy(size=count), num_cpus=1)
        for row in made.iter_rows():
            counts = dict(zip(row["kinds"], map(int, row["many"]), strict=True))
            yield Part(int(row["number"]), row["name"], int(row["rows"]), counts, int(row["size"]), row["sha256"])
    except ray.exceptions.RayError as cause:
        raise RebracketError(
            "The Ray cluster did not score everything.",
            expected="actors that end well",
            found=lines_of(cause)[-1][:300],
            hint="see the log above, then run the same again: finished parts are kept",
        ) from cause
    finally:
        ray.shutdown()


def _join(address: str) -> None:
    import ray

    ways = {"env_vars": {"PYTHONPATH": os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))}}
    try:
        ray.init(
            address=None if address == LOCAL else address,
            runtime_env=ways,
            log_to_driver=False,
            include_dashboard=False if address == LOCAL else None,
            logging_level=logging.WARNING,
        )
    except (ConnectionError, RuntimeError, ValueError) as cause:
        raise RebracketError(
            "The Ray cluster cannot be reached.",
            expected="local, auto, or the address of a Ray head",
            found=f"{address}: {lines_of(cause)[0][:200]}",
            hint="check the address and that the head runs",
        ) from cause
    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # what it tells of its plans is not for people


def _plain(order: Order) -> dict[str, Any]:
    found = order.to_dict()
    return {name: found[name] for name in Order.__slots__}
