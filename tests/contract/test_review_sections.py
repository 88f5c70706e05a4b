"""What every review section must do, and that a registered one is on its page, in the report and in the command's list."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from rebracket_core.cli.program import program
from rebracket_core.errors import InputError, RebracketError
from rebracket_core.reports.review_html import run_report
from rebracket_core.reports.sections import REVIEW_SECTIONS, Need, Note, ReviewContext, ReviewSection, Table
from rebracket_core.settings import Settings
from rebracket_core.ui import site
from rebracket_core.workbench import Workbench

ROOT = Path(__file__).parents[2]
SECTIONS = pytest.mark.parametrize("section", list(REVIEW_SECTIONS), ids=lambda s: s.name)
FACT = "Of the held-out texts 41 begin with a bell."


class Bells(ReviewSection):
    """A section that no other part of the project knows."""

    name = "bells"
    label = "Texts that begin with a bell"
    help = "A section made up for a test."
    page = "confidence"

    def blocks(self, context: ReviewContext, *, chosen: str) -> Sequence[Note]:
        """Make one sentence."""
        return [Note(FACT)]


@pytest.fixture(scope="module")
def context(trained_home: Path) -> ReviewContext:
    """The review of the trained run, with vectors and geometry computed when asked for."""
    bench = Workbench(Settings.from_env({"REBRACKET_HOME": str(trained_home)}))
    return bench.review.context(bench.runs.all()[0].run_id)


@pytest.fixture
def bells() -> Iterator[ReviewSection]:
    with REVIEW_SECTIONS.registered(Bells) as section:
        yield section


@SECTIONS
def test_it_describes_itself(section: ReviewSection) -> None:
    assert section.name.isidentifier() and section.label and section.help.endswith(".")
    assert section.page in site.PAGES and all(isinstance(need, Need) for need in section.needs)
    if section.choice is not None:
        assert len(set(section.choice.values)) == len(section.choice.values) > 1 and section.choice.label


@SECTIONS
def test_each_of_its_parts_is_figures_sentences_and_tables(section: ReviewSection, context: ReviewContext) -> None:
    for heading, chosen in section.parts():
        assert heading.startswith(section.label)
        blocks = section.show(context, chosen=chosen)
        assert blocks and all(isinstance(block, go.Figure | Note | Table) for block in blocks)
        for block in blocks:
            if isinstance(block, go.Figure):
                assert block.layout.meta["reading"] and block.layout.meta["alt"]
            elif isinstance(block, Table):
                assert block.alt and len({tuple(row) for row in block.rows}) <= 1


@SECTIONS
def test_none_of_its_blocks_holds_a_text(section: ReviewSection, context: ReviewContext) -> None:
    assert context.review is not None
    texts = [text for text in context.review.text if len(text) > 40]
    for _, chosen in section.parts():
        for block in section.show(context, chosen=chosen):
            words = block.to_json() if isinstance(block, go.Figure) else str(block)
            assert not [text for text in texts if text in words]


@SECTIONS
def test_it_gives_the_same_twice(section: ReviewSection, context: ReviewContext) -> None:
    def told() -> list[str]:
        return [str(b) if not isinstance(b, go.Figure) else b.to_json() for b in section.show(context)]

    assert told() == told()


@SECTIONS
def test_what_it_needs_and_what_it_offers_is_checked(section: ReviewSection) -> None:
    with pytest.raises(InputError, match="cannot be made here"):
        section.show(ReviewContext(unit="songs", seed=0))
    nothing = ReviewContext(unit="songs", seed=0, vectors=lambda: np.zeros((0, 2)))
    assert set(nothing.lacking(section)) == set(section.needs) - {Need.VECTORS}


@SECTIONS
def test_a_choice_that_does_not_exist_is_refused(section: ReviewSection, context: ReviewContext) -> None:
    with pytest.raises(InputError, match="no such choice"):
        section.show(context, chosen="nonsense")


def test_a_new_section_is_in_the_report(context: ReviewContext, bells: ReviewSection) -> None:
    document = run_report(context, sections=[bells.name])
    assert f"<h2>{Bells.label}</h2>" in document and FACT in document and document.count("<section") == 1
    with pytest.raises(InputError, match="no such review section"):
        run_report(context, sections=["bels"])


def test_what_cannot_be_made_is_named_in_its_place(context: ReviewContext) -> None:
    class Broken(Bells):
        name = "broken"

        def blocks(self, context: ReviewContext, *, chosen: str) -> Sequence[Note]:
            raise RebracketError("The bells are gone.", expected="bells", found="none", hint="ring")

    with REVIEW_SECTIONS.registered(Broken):
        assert "The bells are gone." in run_report(context, sections=["broken"])


def test_a_new_section_is_in_the_commands_list(bells: ReviewSection) -> None:
    found = CliRunner().invoke(program, ["review-sections", "--json"])
    assert found.exit_code == 0
    rows = json.loads(found.stdout)
    assert [row["name"] for row in rows] == list(REVIEW_SECTIONS.names) and rows[-1]["label"] == Bells.label
    assert Bells.label in CliRunner().invoke(program, ["review-sections"]).stdout


def test_a_new_section_is_on_its_page(home: Path, bells: ReviewSection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=240).run()
    app = app.switch_page("pages/review/confidence.py").run()
    assert not app.exception and not app.error
    assert Bells.label in [s.value for s in app.subheader] and FACT in [t.value for t in app.text]
