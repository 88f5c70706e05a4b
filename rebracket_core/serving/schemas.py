"""What the API takes and gives, as OpenAPI tells it."""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

from rebracket_core.corpus import MAX_WIDTH, TEXT_FIELDS
from rebracket_core.thresholds import THRESHOLDS, Value
from rebracket_core.validation import RULES, Verdict, reasons
from rebracket_core.verdict_kinds import VerdictKind

TEXT = "The ferry's brass bell, cast in 1911, hung for sixty years in the wheelhouse; its number is stamped on the rim."
Thresholds = Annotated[
    dict[str, bool | float | str],
    Field(
        default_factory=dict,
        examples=[{"dominant": 0.65}],
        description="Replaces some of the run's thresholds. "
        + " ".join(f"{info.name} ({info.expected}): {info.help}" for info in THRESHOLDS if not info.retired),
    ),
]
Run = Annotated[
    str | None, Field(default=None, description="The run that predicts; by default the production model.", max_length=200)
]


class Strict(BaseModel):
    """A body in which an unknown field is an error, not a silence."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ConceptIn(Strict):
    """One text to score."""

    text: str = Field(description="The concept, one line to a page.", examples=[TEXT])
    id: str = Field(default="", max_length=500, description="Comes back with the verdict.")
    source: str = Field(default="", max_length=2000, description="Where the text stands; comes back with the verdict.")
    expected_album: str | None = Field(default=None, max_length=50, description="Album by name, colour letter or number.")
    fields: dict[str, str] = Field(
        default_factory=dict,
        description="What else is known: descriptions, lyrics, title, agent, and origin (songs, proposals, starter).",
    )
    vectors: dict[str, Annotated[list[float], Field(max_length=MAX_WIDTH)]] = Field(
        default_factory=dict,
        max_length=len(TEXT_FIELDS),
        description="Vectors of the text (concept) and of fields, for a run that was trained on vectors; other runs encode the "
        "texts and do not look at these.",
    )


class ValidateIn(ConceptIn):
    """One concept, with the run and the thresholds to ask with."""

    thresholds: Thresholds
    run: Run


class BatchIn(Strict):
    """Many concepts; each is scored on its own, and one that cannot be scored does not stop the rest."""

    items: list[Any] = Field(
        description="Concepts as in /v1/validate (text, id, source, expected_album, fields), or plain texts.",
        examples=[[{"id": "1", "text": TEXT}, "A lighthouse that nobody has built yet."]],
    )
    thresholds: Thresholds
    run: Run


class PredictIn(Strict):
    """Texts for a run that need not give verdicts."""

    items: list[Any] = Field(
        description="Concepts as in /v1/validate (text, id, source, fields), or plain texts.",
        examples=[[{"id": "1", "text": TEXT}, "A lighthouse that nobody has built yet."]],
    )
    run: Run


class PredictionOut(BaseModel):
    """What a run predicts of one text; what it did not learn is null."""

    model_config = ConfigDict(extra="allow")

    id: str
    source: str
    text: str
    run_id: str
    types: dict[str, float] | None
    predicted_types: list[str] | None
    any_type: float | None
    has_any_type: bool | None
    album: str | None
    album_probabilities: dict[str, float] | None
    temporal: dict[str, float] | None
    spatial: dict[str, float] | None
    ontological: dict[str, float] | None
    chromatic_confidence: float | None
    ood_p_value: float | None
    error: str | None


class PredictOut(BaseModel):
    """The predictions in the order of the items; `n_failed` of them carry an `error`."""

    n: int
    n_failed: int
    predictions: list[PredictionOut]


class TransmigrationIn(Strict):
    """Where a move begins (`from` or `text`, one of the two) and where it ends."""

    start: str | None = Field(
        default=None,
        alias="from",
        max_length=200,
        description="An album, or a triple of modes such as past_thing_imagined.",
        examples=["Red"],
    )
    text: str | None = Field(default=None, description="A concept that a run scores, in the place of `from`.")
    to: str = Field(max_length=200, description="An album, or a triple of modes.", examples=["Yellow"])
    max_distance: float = Field(default=2.0, gt=0, le=10, description="A move farther than this is no move in one go.")
    thresholds: Thresholds
    run: Run


def _json_type(hint: Any) -> Any:
    """The type of a verdict's field as JSON carries it."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return Union[tuple(map(_json_type, parts))]  # noqa: UP007
    if origin is Mapping:
        inner = Any if get_origin(parts[1]) is Mapping else parts[1]
        return dict[str, inner]  # type: ignore[valid-type]
    if origin is tuple:
        return list[parts[0]]  # type: ignore[valid-type]
    return str if hint is VerdictKind else hint


def _document(schema: dict[str, Any]) -> None:
    """Write into the schema what the rules that are registered now may answer."""
    words = {
        "verdict": f"One of {', '.join(VerdictKind)}.",
        "reason": f"One of {', '.join(reasons())}; empty where it is accepted.",
        "rule": f"The rule that decided: {', '.join(RULES.names)}; see /v1/rules.",
        "explanation": "The rule's sentence with the numbers that decided.",
    }
    for name, text in words.items():
        schema["properties"][name]["description"] = text


if TYPE_CHECKING:
    VerdictOut = BaseModel
else:
    VerdictOut = create_model(
        "VerdictOut",
        __config__=ConfigDict(extra="allow", json_schema_extra=_document),
        __doc__="A verdict: the fields of a line of `rebracket validate --format jsonl`, in that order.",
        **{name: (_json_type(hint), ...) for name, hint in get_type_hints(Verdict).items()},
    )


AxisScores = dict[str, dict[str, float]]


class PlaceOut(BaseModel):
    """The end of a move: `album` is null where no album has these modes."""

    name: str
    album: str | None
    modes: dict[str, list[str]]
    scores: AxisScores


class StartOut(BaseModel):
    """The start of a move: an album, a triple, or the mode of a text that a run scored."""

    name: str
    text: str
    run_id: str
    scores: AxisScores


class AxisChangeOut(BaseModel):
    """How one axis changes; `rank` is its place in the order of needed change, null where nothing changes."""

    axis: str
    rank: int | None
    size: float
    direction: str
    vector: dict[str, float]


class StepOut(BaseModel):
    """One axis set to its target, and the state after it."""

    number: int
    axis: str
    text: str
    distance: float
    remaining: float
    scores: AxisScores
    mode: str
    nearest_album: str
    nearest_distance: float


class EditOut(BaseModel):
    """A minimal edit of a text on one axis; `targets` are the scores to reach, empty where the axis is too far."""

    axis: str
    distance: float
    targets: dict[str, float]
    text: str


class TransmigrationOut(BaseModel):
    """A plan of transmigration: what `rebracket transmigrate --json` prints."""

    start: StartOut = Field(alias="from")
    to: PlaceOut
    distance: float
    difficulty: str
    max_distance: float
    within_reach: bool
    order: list[str]
    changes: list[AxisChangeOut]
    steps: list[StepOut]
    edits: list[EditOut]
    warnings: list[str]


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
    """A finished run: what it was trained on, and how often its album is right on held-out groups."""

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
    """The thresholds that verdicts of the production run are given with."""

    run_id: str | None
    thresholds: dict[str, Value]


class RuleOut(BaseModel):
    """A verdict rule: its number in the order, its verdict and reason, its condition, the thresholds it reads, its meaning."""

    number: int
    rule: str
    label: str
    verdict: str
    reason: str
    when: str
    thresholds: list[str]
    meaning: str


class ThresholdOut(BaseModel):
    """A threshold: its value with the production run, what it does, which rules read it, and what it promises."""

    name: str
    older_names: list[str]
    label: str
    help: str
    value: Value
    expected: str
    promise: dict[str, float] | None
    rules: list[str]
    retired: bool


class RulesOut(BaseModel):
    """The verdict rules in the order in which they are tried, and the thresholds of the production run."""

    run_id: str | None
    rules: list[RuleOut]
    thresholds: list[ThresholdOut]
