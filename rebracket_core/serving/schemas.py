"""What the API takes and gives, as OpenAPI tells it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

TEXT = "The ferry's brass bell, cast in 1911, hung for sixty years in the wheelhouse; its number is stamped on the rim."
Thresholds = Annotated[
    dict[str, bool | float],
    Field(default_factory=dict, description="Replaces some of the run's thresholds.", examples=[{"dominant": 0.65}]),
]
Run = Annotated[str | None, Field(default=None, description="The run to ask; by default the one in use.", max_length=200)]


class Strict(BaseModel):
    """A body in which an unknown field is an error, not a silence."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ConceptIn(Strict):
    """One text to judge."""

    text: str = Field(description="The concept, one line to a page.", examples=[TEXT])
    id: str = Field(default="", max_length=500, description="Comes back with the verdict.")
    source: str = Field(default="", max_length=2000, description="Where the text stands; comes back with the verdict.")
    expected_album: str | None = Field(default=None, max_length=50, description="Album by name, colour letter or number.")
    fields: dict[str, str] = Field(
        default_factory=dict,
        description="What else is known: descriptions, lyrics, title, agent, and origin (songs, proposals, starter).",
    )


class ValidateIn(ConceptIn):
    """One concept, with the run and the thresholds to ask with."""

    thresholds: Thresholds
    run: Run


class BatchIn(Strict):
    """Many concepts; each is judged on its own, and one that cannot be judged does not stop the rest."""

    items: list[Any] = Field(
        description="Concepts as in /v1/validate (text, id, source, expected_album, fields), or plain texts.",
        examples=[[{"id": "1", "text": TEXT}, "A lighthouse that nobody has built yet."]],
    )
    thresholds: Thresholds
    run: Run


class VerdictOut(BaseModel):
    """A verdict: the fields of a line of `rebracket validate --format jsonl`, in that order."""

    id: str
    source: str
    text: str
    temporal: dict[str, float] | None
    spatial: dict[str, float] | None
    ontological: dict[str, float] | None
    chromatic_confidence: float | None
    album: str | None
    album_probability: float | None
    album_probabilities: dict[str, float] | None
    axes_album: str | None
    mode: str | None
    states: dict[str, Any] | None
    types: dict[str, float] | None
    verdict: str | None
    reason: str | None
    flags: list[str]
    uncertainty: dict[str, float] | None
    ood_p_value: float | None
    distances: dict[str, float] | None
    suggestions: list[str]
    thresholds: dict[str, float | bool]
    run_id: str | None
    expected_album: str | None
    error: str | None

    model_config = ConfigDict(extra="allow")


class BatchOut(BaseModel):
    """The verdicts in the order of the items; `n_failed` of them carry an `error`."""

    n: int
    n_failed: int
    verdicts: list[VerdictOut]


class Problem(BaseModel):
    """What went wrong: what was expected, what was found, what to do."""

    message: str
    expected: str = ""
    found: str = ""
    hint: str = ""


class ErrorOut(BaseModel):
    """An answer that is no verdict, and the number under which the server's log holds the request."""

    error: Problem
    request_id: str


class HealthOut(BaseModel):
    """Whether the server lives, and whether it can give verdicts now."""

    live: bool
    ready: bool
    draining: bool
    run_id: str | None
    queued: int
    trouble: str


class RunOut(BaseModel):
    """A finished run: what it was trained on, and how often its album is right on unseen groups."""

    run_id: str
    dataset: str
    promoted: bool
    leaked: bool
    album_accuracy: float | None
    album_ci_low: float | None
    album_ci_high: float | None
    n: int | None
    groups: int | None


class ThresholdsOut(BaseModel):
    """The thresholds that verdicts of the run in use are given with."""

    run_id: str | None
    thresholds: dict[str, float | bool]
