"""The node, its branches, the tool and the graph; and the contract that a server and a workbench both keep."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("langgraph", reason="the extra 'agent' is not installed")

from rebracket_core.errors import ConfigError, InputError, RebracketError
from rebracket_core.reports.verdict_writers import FIELDS
from rebracket_core.serving.agent import (
    Ask,
    Branch,
    ConceptState,
    ask_server,
    ask_workbench,
    branch_of,
    concept_graph,
    concept_tool,
    validate_node,
)
from rebracket_core.serving.agent_example import main, run_example, scripted
from tests.conftest import open_home

ROOT = Path(__file__).parents[3]
TEXT = "The town weighed its bread against an iron pound that had been stamped in 1804 and lay in the museum now."


def says(kinds: Mapping[str, str], album: str = "Red") -> Ask:
    """A way to ask that answers a text with the kind of verdict written beside it."""

    def ask(text: str, *, expected_album: str | None = None) -> dict[str, Any]:
        if not text:
            raise InputError("The text cannot be judged.", found="blank")
        rejected = kinds[text] == "REJECT"
        return {
            **dict.fromkeys(FIELDS),
            "text": text,
            "verdict": kinds[text],
            "reason": "unclear_ontology" if rejected else "",
            "album": album,
            "album_probability": 0.8,
            "album_probabilities": {"Red": 0.8, "Green": 0.2},
            "flags": [],
            "suggestions": [f"change {text}"] if rejected else [],
            "expected_album": expected_album,
        }

    return ask


KINDS = {"good": "ACCEPT", "mixed": "ACCEPT_HYBRID", "dark": "ACCEPT_BLACK", "bad": "REJECT", "worse": "REJECT"}


@pytest.mark.parametrize(
    ("text", "branch"), [("good", "accept"), ("mixed", "hybrid"), ("dark", "black"), ("bad", "reject"), ("", "reject")]
)
def test_the_node_names_the_branch_and_what_to_change(text: str, branch: str) -> None:
    found = validate_node(says(KINDS))({"text": text})
    assert found["branch"] == branch_of(found) == branch  # type: ignore[arg-type]
    assert bool(found["feedback"]) is (branch == "reject")
    assert found["tries"] == [{"text": text, "branch": branch, "verdict": found["verdict"], "feedback": found["feedback"]}]


def test_a_rejected_concept_comes_back_with_the_suggestions() -> None:
    heard: list[list[str]] = []

    def generate(state: ConceptState) -> dict[str, Any]:
        heard.append(list(state.get("feedback", [])))
        return {"text": ["bad", "worse", "good"][len(state.get("tries", []))]}

    end = concept_graph(generate, says(KINDS)).invoke({"brief": "anything"})
    assert heard == [[], ["change bad"], ["change worse"]]
    assert (end["branch"], end["text"], end["brief"]) == ("accept", "good", "anything")
    assert [tried["branch"] for tried in end["tries"]] == ["reject", "reject", "accept"]


def test_the_tries_end_and_so_does_a_generator_with_nothing_more() -> None:
    for script, tries, most in ((["bad"] * 9, 4, 4), (["bad", "worse"], 2, 4), (["bad"], 1, 1)):
        end = concept_graph(scripted(script), says(KINDS), max_tries=most).invoke({})
        assert (end["branch"], len(end["tries"])) == ("reject", tries)
    with pytest.raises(ConfigError, match="tries"):
        concept_graph(scripted([]), says(KINDS), max_tries=0)


@pytest.mark.parametrize("branch", list(Branch))
def test_every_branch_can_go_on(branch: Branch) -> None:
    text = {Branch.ACCEPT: "good", Branch.HYBRID: "mixed", Branch.BLACK: "dark", Branch.REJECT: "bad"}[branch]
    after = {each: (lambda state, each=each: {"brief": each.value}) for each in Branch}
    end = concept_graph(scripted([text]), says(KINDS), after=after).invoke({})
    assert end["brief"] == branch.value


def test_a_concept_of_another_album_is_told_so() -> None:
    end = concept_graph(scripted(["good", "mixed"]), says(KINDS)).invoke({"wanted_album": "Green"})
    assert end["branch"] == "reject" and len(end["tries"]) == 2
    assert end["feedback"] == ["it reads as Red and is meant for Green, which it is with 0.20"]
    assert concept_graph(scripted(["good"]), says(KINDS)).invoke({"wanted_album": "Red"})["branch"] == "accept"


def test_a_server_that_fails_is_no_reject() -> None:
    def down(text: str, *, expected_album: str | None = None) -> dict[str, Any]:
        raise RebracketError("The server cannot be reached.")

    with pytest.raises(RebracketError, match="cannot be reached"):
        concept_graph(scripted(["good"]), down).invoke({})


def test_the_tool_is_one_that_a_model_can_call() -> None:
    tool = concept_tool(says(KINDS))
    assert tool.name == "validate_concept" and set(tool.args) == {"text", "expected_album"}
    assert tool.invoke({"text": "bad"})["suggestions"] == ["change bad"]
    assert tool.invoke({"text": "good", "expected_album": "Red"})["verdict"] == "ACCEPT"
    assert "cannot be judged" in tool.invoke({"text": ""})["error"]


def test_a_text_that_was_cut_within_a_character_is_scored_or_comes_back(ask: Ask) -> None:
    for cut in ("\ud83d a bell cast in 1911", "a bell \udca9 cast in 1911", "\udfff"):
        tried = concept_graph(scripted([cut]), ask, max_tries=1).invoke({"brief": "x"})["tries"]
        assert len(tried) == 1
        if any(letter.isascii() for letter in cut):
            assert tried[0]["verdict"]["text"] == cut.replace("\ud83d", "\ufffd").replace("\udca9", "\ufffd")
        else:
            assert tried[0]["branch"] == "reject" and tried[0]["feedback"]
        album = concept_graph(scripted(["a bell cast in 1911"]), ask, max_tries=1).invoke({"wanted_album": cut})
        assert album["branch"] == "reject" and album["feedback"]


@pytest.fixture(params=["workbench", "server"])
def ask(request: pytest.FixtureRequest, home: Path) -> Iterator[Ask]:
    """Each way to ask, over the same trained home."""
    if request.param == "workbench":
        yield ask_workbench(open_home(home), keep=False)
        return
    pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")
    from starlette.testclient import TestClient

    from rebracket_core.serving.api import create_app
    from rebracket_core.serving.client import Client

    with TestClient(create_app(open_home(home))) as app:

        def pass_on(asked: httpx.Request) -> httpx.Response:
            answer = app.request(asked.method, asked.url.path, content=asked.content, headers=dict(asked.headers))
            return httpx.Response(answer.status_code, content=answer.content)

        yield ask_server(Client("http://localhost", transport=httpx.MockTransport(pass_on)))


def test_both_ways_to_ask_keep_the_contract(ask: Ask, home: Path) -> None:
    from rebracket_core.validation import Concept

    verdict = ask(f" {TEXT}\r\n", expected_album="R")
    wanted = open_home(home).verdicts.validate([Concept(id="", text=TEXT)], keep=False)[0].to_dict()
    assert tuple(verdict) == FIELDS and verdict["expected_album"] == "Red"
    assert {k: v for k, v in verdict.items() if k not in ("source", "expected_album")} == {
        k: v for k, v in wanted.items() if k not in ("source", "expected_album")
    }
    for text, album in (("", None), ("?!", None), (TEXT, "mauve")):
        with pytest.raises(InputError):
            ask(text, expected_album=album)
    end = concept_graph(scripted(["?!", TEXT]), ask, max_tries=2).invoke({})
    assert len(end["tries"]) == 2 and end["verdict"]["text"] == TEXT
    assert "letters" in end["tries"][0]["feedback"][0]


@pytest.mark.slow
def test_an_agent_with_a_server_loads_nothing_of_the_engine() -> None:
    code = (
        "import sys, rebracket_core.serving.agent, rebracket_core.serving.client;"
        "print([m for m in ('torch', 'transformers', 'onnxruntime', 'pandas', 'fastapi', 'sqlalchemy') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert out.stdout.strip() == "[]"


def test_the_worked_example_counts_first_and_last_tries(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scripts = {("a", "Red"): ["bad", "good"], ("b", "Green"): ["good"], ("c", "Red"): ["bad", "worse", "bad", "good"]}
    found = run_example(scripts, says(KINDS), max_tries=3, strict=False)
    assert (found.at_first, found.at_last, found.right_at_first, found.right_at_last, found.tries) == (1, 2, 0, 1, 6)
    assert (found.commissions, found.with_second, found.branches) == (3, 2, {"accept": 2, "reject": 1})
    for thread, name in (("one", "01"), ("one", "02"), ("two", "01")):
        (tmp_path / "written" / thread).mkdir(exist_ok=True, parents=True)
        (tmp_path / "written" / thread / f"{name}.yml").write_text(f"concept: {TEXT}\nrainbow_color: Red\n")
    assert main([str(tmp_path / "written")]) == 0
    assert "2 commissions, 1 of them with more than one proposal" in capsys.readouterr().out
