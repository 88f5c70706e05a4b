"""Verdicts inside an agent workflow: a LangGraph node, its branches, a tool, and a graph that lets a generator try again.

It asks a server through the httpx client, or a workbench in this process; with a server nothing of the engine is loaded.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypedDict

from rebracket_core.errors import ConfigError, InputError, MissingExtraError
from rebracket_core.verdict_kinds import VerdictKind

try:
    from langchain_core.tools import BaseTool, StructuredTool
    from langgraph.graph import END, START, StateGraph
except ImportError as cause:
    raise MissingExtraError("agent", what="The agent's node and tool") from cause

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph

    from rebracket_core.serving.client import Client
    from rebracket_core.workbench import Workbench

MAX_TRIES = 3
_GENERATE, _VALIDATE = "generate", "judge"
_FEEDBACK_FIELDS = (
    "verdict",
    "reason",
    "explanation",
    "album",
    "album_probability",
    "mode",
    "chromatic_confidence",
    "ood_p_value",
    "flags",
    "suggestions",
)
Verdict = dict[str, Any]


class Branch(StrEnum):
    """Where a concept goes after its verdict."""

    ACCEPT = "accept"
    HYBRID = "hybrid"
    BLACK = "black"
    REJECT = "reject"


_BRANCHES: dict[str, Branch] = {kind: Branch(kind.word) for kind in VerdictKind}


class Try(TypedDict):
    """One text that was scored: its branch, its verdict, and what the generator was to change."""

    text: str
    branch: str
    verdict: Verdict
    feedback: list[str]


class ConceptState(TypedDict, total=False):
    """What the graph carries. A generator reads `feedback` (and all before it in `tries`) and writes `text`.

    `wanted_album` may name the album that the concept is meant for: a concept of another one is then tried again, with
    that as feedback.
    """

    brief: Any
    wanted_album: str
    text: str
    branch: str
    verdict: Verdict
    feedback: list[str]
    tries: Annotated[list[Try], operator.add]


class Ask(Protocol):
    """Gives the verdict on a text as plain values, or raises InputError for a text that cannot be scored."""

    def __call__(self, text: str, *, expected_album: str | None = None) -> Verdict:
        """The verdict on one text; `expected_album` stands in it as the album that was meant."""
        ...


Node = Callable[[Any], Mapping[str, Any]]


def ask_server(client: Client, *, run: str | None = None, thresholds: Mapping[str, float | bool | str] | None = None) -> Ask:
    """A way to ask that goes through a server."""

    def ask(text: str, *, expected_album: str | None = None) -> Verdict:
        return client.validate(text, run=run, thresholds=thresholds, expected_album=expected_album)

    return ask


def ask_workbench(
    bench: Workbench, *, run: str | None = None, thresholds: Mapping[str, float | bool | str] | None = None, keep: bool = True
) -> Ask:
    """A way to ask the engine in this process; the verdicts are kept in the history unless `keep` says no."""

    def ask(text: str, *, expected_album: str | None = None) -> Verdict:
        from rebracket_core.corpus.readers import read_album
        from rebracket_core.texts import clean_text
        from rebracket_core.validation import Concept

        concept = Concept(id="", text=clean_text(text), source="agent", expected_album=read_album(expected_album))
        verdict = bench.verdicts.validate([concept], run_id=run, thresholds=dict(thresholds or {}), keep=keep)[0].to_dict()
        if verdict["error"]:
            raise InputError("The text cannot be scored.", expected="a concept in words", found=str(verdict["error"]))
        return verdict

    return ask


def validate_node(ask: Ask) -> Callable[[ConceptState], dict[str, Any]]:
    """The node that validates `text`: it writes `verdict`, `branch`, `feedback` and one more of `tries`.

    A text that cannot be scored is rejected with the reason as feedback. A server that does not answer is an error.
    """

    def validate(state: ConceptState) -> dict[str, Any]:
        text, wanted = state.get("text", ""), state.get("wanted_album") or None
        try:
            verdict = ask(text, expected_album=wanted)
        except InputError as error:
            verdict, branch, feedback = {"verdict": None, "error": str(error)}, Branch.REJECT, [str(error)]
        else:
            branch, feedback = _branch_and_feedback(verdict, wanted)
        tried: Try = {"text": text, "branch": branch.value, "verdict": verdict, "feedback": feedback}
        return {"verdict": verdict, "branch": branch.value, "feedback": feedback, "tries": [tried]}

    return validate


judge_node = validate_node
"""The name of `validate_node` in version 0.1, which goes on working."""


def branch_of(state: ConceptState) -> str:
    """The branch of the last verdict, for `add_conditional_edges` of a graph of one's own."""
    return state["branch"]


def concept_tool(ask: Ask) -> BaseTool:
    """The tool `validate_concept`, which a language model can call: text in, verdict and what to change out."""

    def validate_concept(text: str, expected_album: str | None = None) -> dict[str, Any]:
        try:
            verdict = ask(text, expected_album=expected_album)
        except InputError as error:
            return {"verdict": None, "error": str(error)}
        return {name: verdict.get(name) for name in _FEEDBACK_FIELDS}

    return StructuredTool.from_function(
        validate_concept,
        name="validate_concept",
        description=(
            f"Validate a concept for a song of The Rainbow Table. Gives {', '.join(VerdictKind)}, with the reason and the "
            "rule's explanation, the album and its probability, and suggestions of what to change. `expected_album` names "
            "the album that the concept is meant for, if any."
        ),
    )


def concept_graph(
    generate: Node,
    ask: Ask,
    *,
    max_tries: int = MAX_TRIES,
    after: Mapping[Branch, Node] | None = None,
    state: type = ConceptState,
) -> CompiledStateGraph[Any, Any, Any, Any]:
    """A graph that generates, validates, and generates again with the suggestions until a concept passes or the tries end.

    `generate` gives {"text": ...} from the state, or {"text": ""} where it has nothing more to offer, which ends the graph.
    `after` holds a node for each branch that goes on; the others end. The final state's `branch` says how it came out.
    Raises ConfigError unless there are 1 to 100 tries.
    """
    if not 1 <= max_tries <= 100:
        raise ConfigError(
            "The number of tries is not allowed.", expected="1 to 100", found=str(max_tries), hint="3 does for most generators"
        )
    graph: Any = StateGraph(state)
    graph.add_node(_GENERATE, generate)
    graph.add_node(_VALIDATE, validate_node(ask))
    graph.add_edge(START, _GENERATE)
    ends = {branch: f"after_{branch.value}" if branch in (after or {}) else END for branch in Branch}
    for branch, node in (after or {}).items():
        graph.add_node(ends[branch], node)
        graph.add_edge(ends[branch], END)

    def offered(found: ConceptState) -> str:
        if found.get("text", "").strip() or not found.get("tries"):
            return _VALIDATE
        return ends[Branch.REJECT]

    def next_step(found: ConceptState) -> str:
        branch = Branch(found["branch"])
        return _GENERATE if branch is Branch.REJECT and len(found["tries"]) < max_tries else ends[branch]

    graph.add_conditional_edges(_GENERATE, offered, [_VALIDATE, ends[Branch.REJECT]])
    graph.add_conditional_edges(_VALIDATE, next_step, list(dict.fromkeys([_GENERATE, *ends.values()])))
    compiled: CompiledStateGraph[Any, Any, Any, Any] = graph.compile()
    return compiled


def _branch_and_feedback(verdict: Verdict, wanted: str | None) -> tuple[Branch, list[str]]:
    """The branch of a verdict and what to tell the generator."""
    branch = _BRANCHES[verdict["verdict"]]
    feedback = list(verdict["suggestions"])
    album, meant = verdict["album"], verdict["expected_album"]
    if wanted and meant and album != meant and branch is not Branch.REJECT:
        share = verdict["album_probabilities"][meant]
        return Branch.REJECT, [f"it reads as {album} and is meant for {meant}, which it is with {share:.2f}", *feedback]
    if branch is Branch.REJECT and not feedback:
        feedback = [str(verdict["reason"])]
    return branch, feedback
