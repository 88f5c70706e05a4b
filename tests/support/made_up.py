"""Members of seven kinds that no other part of the project knows: what an outside package would bring.

Tests register them in their own process (`registered`), or install them as a package (`install`), which every process that
is started with the environment of that package then knows by its entry points.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rebracket_core.annotation.queue.strategies.base import Pool, QueryStrategy, QueueScores
from rebracket_core.annotation.queue.strategies.registry import QUERY_STRATEGIES
from rebracket_core.corpus.sources.base import Format, Record, Skip
from rebracket_core.corpus.sources.files import Entry
from rebracket_core.corpus.sources.formats import FORMATS
from rebracket_core.corpus.sources.stream import Head, Stream
from rebracket_core.encoders import Vectors
from rebracket_core.encoders.base import checked_vectors
from rebracket_core.encoders.kinds import ENCODERS, EncoderKind
from rebracket_core.encoders.modality import MODALITIES, Modality, checked_items
from rebracket_core.jobs import JOB_KINDS, Job, JobKind
from rebracket_core.models.heads import HEADS
from rebracket_core.options import Choice, option
from rebracket_core.progress import StepCounter
from rebracket_core.reports.sections import REVIEW_SECTIONS, Note, ReviewContext, ReviewSection
from rebracket_core.settings import Settings
from rebracket_core.validation import RULES, Decision, Evidence, Rule, Suggestion
from tests.support.prototype_head import PrototypeHead

ROOT = Path(__file__).parents[2]
Gaps = tuple[float, ...]


def gaps_of(text: str) -> Gaps:
    """The lengths of the words of a text; a text without words gives an empty tuple."""
    return tuple(float(len(word)) for word in text.split())


GAPS = Modality(
    "gaps",
    "Gaps",
    "The gaps between the blanks of a line.",
    item="a tuple of floats",
    accepts=lambda item: isinstance(item, tuple) and all(isinstance(gap, float) for gap in item),
    content=lambda item: np.asarray(item, dtype="<f8").tobytes(),
    from_text=gaps_of,
)
DEAF = Modality("deaf", "Silences", "Items that no text stands for.", item="a tuple", accepts=lambda i: isinstance(i, tuple))


class GapEncoder:
    """The histogram of the gaps, as a unit vector (16,)."""

    modality = "gaps"
    encoder_id = "gap histogram|16 bins|float32"
    dim = 16
    window = 0

    def encode(self, items: Sequence[Gaps], *, progress: StepCounter | None = None) -> Vectors:
        """Unit vectors (n, 16) float32."""
        listed = checked_items(items, modality=self.modality)
        rows = np.zeros((len(listed), self.dim), dtype=np.float32)
        for row, gaps in zip(rows, listed, strict=True):
            row += np.histogram(gaps, bins=self.dim, range=(0.0, 16.0))[0]
            row[0] += 1.0
        if progress is not None and listed:
            progress(len(listed), len(listed))
        return checked_vectors(rows / np.linalg.norm(rows, axis=1, keepdims=True), encoder_id=self.encoder_id)


class GapKind(EncoderKind):
    """The encoder of gaps, opened by "gaps"."""

    name = "gaps"
    label = "Gaps"
    help = "How long the gaps are that a made-up instrument hears."
    modality = "gaps"

    def open(self, name: str, settings: Settings) -> Any:
        """The encoder."""
        return GapEncoder()


class DeafKind(GapKind):
    """An encoder whose items no text stands for."""

    name = "deaf"
    modality = "deaf"


class NeverSure(Rule):
    """A rule that stands first and rejects every text whose album is not certain."""

    code = "made_up_never_sure"
    label = "Never sure"
    reason = "made_up_doubt"
    when = "the album's probability is below certainty, whatever {accept} says"
    meaning = "A rule that a test made up rejects what is not certain."
    before = "ood_detection"

    def decide(self, evidence: Evidence) -> Decision | None:
        """The rejection."""
        have = evidence.albums.probability
        if have >= 1.0:
            return None
        return self.decided(f"Rejected: {have:.2f} is not certain, and {evidence.thresholds.accept:.2f} does not matter")

    def advise(self, evidence: Evidence) -> Sequence[Suggestion]:
        """One sentence."""
        return [Suggestion("Be certain.")]


class Bells(Format):
    """A line "BELLS", then a concept a line after its album."""

    name = "bells"
    label = "Bells"
    help = "Concepts rung in a row."
    suffixes = (".bells",)
    before = "parquet"

    def sniff(self, head: Head, suffix: str) -> bool:
        """Tell bells by the first line."""
        return head.data.startswith(b"BELLS\n")

    def records(self, stream: Stream, entry: Entry) -> Iterator[Record | Skip]:
        """Give each line."""
        for number, line in enumerate(stream.lines()):
            album, _, text = line.strip().partition(" ")
            if number and text:
                yield Record(f"{entry.name}:line {number}", {"concept": text, "album": album}, text)
            elif number:
                yield Skip(f"{entry.name}:line {number}", "rings without words", "write a text")


class LongestFirst(QueryStrategy):
    """The longest text first."""

    name = "longest"
    label = "Longest first"
    help = "First the texts with the most signs."
    aliases = ("long",)

    def score(self, pool: Pool) -> QueueScores:
        """The number of signs."""
        lengths = {item.item_id: float(len(item.text)) for item in pool.items}
        return QueueScores(lengths, {i: f"it has {n:.0f} signs" for i, n in lengths.items()})


class Tolls(ReviewSection):
    """A section with one sentence."""

    name = "tolls"
    label = "How often a bell tolls"
    help = "A section made up for a test."
    page = "confidence"
    fact = "It tolls 41 times for the held-out texts."

    def blocks(self, context: ReviewContext, *, chosen: str) -> Sequence[Note]:
        """Make the sentence."""
        return [Note(self.fact)]


@dataclass(frozen=True, slots=True)
class GeneratorOptions:
    """What the made-up generator asks for."""

    candidates: int = option(3, low=1, high=50, step=1, label="Candidates", help="So many texts are made.")
    tone: str = option(
        "plain",
        choices=(Choice("plain", "Plain", "Few words."), Choice("ornate", "Ornate", "Many words.")),
        label="Tone",
        help="How the texts sound.",
    )
    pause_s: float = option(0.0, low=0.0, high=5.0, step=0.1, label="Pause", help="Seconds between two texts.")


class Generator(JobKind):
    """A job like a generator: candidates one by one, kept, and gone on with after a stop."""

    name = "made-up-generator"
    label = "Made-up generator"
    help = "Write candidates that nobody asked for."
    stages = ("Writing candidates",)
    Options = GeneratorOptions

    def run(self, job: Job) -> list[str]:
        """Write the candidates that are missing; returns all of them."""
        chosen = job.spec["options"]
        kept = job.folder.path / "candidates.txt"
        made = kept.read_text("utf-8").split("\n")[:-1] if kept.exists() else []
        for number in range(len(made), chosen["candidates"]):
            job.callback.update("Writing candidates", number, chosen["candidates"])
            time.sleep(chosen["pause_s"])
            made.append(f"A {chosen['tone']} bell, number {number + 1}.")
            kept.write_text("".join(f"{text}\n" for text in made), "utf-8")
            job.callback.point({"candidate": number + 1})
        job.callback.update("Writing candidates", chosen["candidates"], chosen["candidates"])
        return made


_MEMBERS: tuple[tuple[Any, Any, dict[str, str]], ...] = (
    (RULES, NeverSure, {"before": "ood_detection"}),
    (HEADS, PrototypeHead, {}),
    (MODALITIES, GAPS, {}),
    (ENCODERS, GapKind, {}),
    (FORMATS, Bells, {"before": "parquet"}),
    (QUERY_STRATEGIES, LongestFirst, {}),
    (REVIEW_SECTIONS, Tolls, {}),
    (JOB_KINDS, Generator, {}),
)
KINDS = tuple(registry for registry, _, _ in _MEMBERS)


@contextmanager
def registered(*registries: Any) -> Iterator[None]:
    """The members of these registries (by default of all), registered while inside."""
    with ExitStack() as stack:
        for registry, member, place in _MEMBERS:
            if not registries or registry in registries:
                stack.enter_context(registry.registered(member, **place))
        yield


def install(folder: Path) -> dict[str, str]:
    """Lay a package with entry points for all members into a folder, as an installer does; the environment that has it."""
    info = folder / "made_up_plugins-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: made-up-plugins\nVersion: 1.0\n")
    lines = []
    for registry, member, _ in _MEMBERS:
        name = "GAPS" if member is GAPS else member.__name__
        lines += [f"[{registry.group}]", f"made-up = {__name__}:{name}"]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]), "OMP_NUM_THREADS": "1"}
