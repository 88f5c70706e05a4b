"""What every query strategy must hold, and that a new one needs nothing but its registration."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from rebracket_core.annotation import Item, Label, LabelSession, NewItem, NewProject, ProjectSettings, text_digest
from rebracket_core.annotation.people import enrol
from rebracket_core.annotation.projects import change_settings, create_project, get_project
from rebracket_core.annotation.queue.leases import claim_items
from rebracket_core.annotation.queue.strategies.base import Need, Pool, QueryStrategy, QueueScores
from rebracket_core.annotation.queue.strategies.registry import QUERY_STRATEGIES, canonical_order, score_pool
from rebracket_core.cli.program import program
from rebracket_core.errors import InputError
from rebracket_core.rainbow import AXIS_NAMES, MODES
from rebracket_core.settings import Settings
from rebracket_core.workbench import get_workbench
from tests.support.labels import label_at

ROOT = Path(__file__).parents[2]
STORED = ("random", "epistemic", "diversity", "disagreement", "ties", "coverage")
TEXTS = (
    "A wall, a room; she heard it and saw it.",
    "A wall, a room, a door; she heard it and saw it.",
    "Nothing to count.",
    "The keeper remembers a door.",
    "Tomorrow the bell is cast anew.",
    "A wall and a voice.",
)


def _item(n: int) -> Item:
    return Item("p", f"t{n}", TEXTS[n], text_digest(TEXTS[n]), disagreement=0.1 * n if n % 2 else None)


def _verdict(n: int) -> Any:
    axes = {axis: dict(zip(MODES[axis], np.roll([0.6, 0.3, 0.1], n), strict=True)) for axis in AXIS_NAMES}
    return SimpleNamespace(**axes, uncertainty={"epistemic": 0.01 * n})


def _label(n: int) -> Label:
    value = label_at(n % 3)
    return Label(f"l{n}", "p", f"t{n}", text_digest(TEXTS[n]), "ann", 1, value, "", "", 1)


def pool_for(strategy: QueryStrategy) -> Pool:
    """Six items with just what the strategy requires."""
    numbers = range(len(TEXTS))
    given: dict[str, Any] = {
        Need.VERDICTS: {f"t{n}": _verdict(n) for n in numbers},
        Need.VECTORS: np.random.default_rng(3).normal(size=(len(TEXTS), 4)),
        Need.LABELS: [_label(0)],
        Need.KEYWORD_ROWS: frozenset({"t1"}),
    }
    return Pool([_item(n) for n in numbers], seed=5, **{str(need): given[need] for need in strategy.requires})


@pytest.fixture(params=QUERY_STRATEGIES.names)
def strategy(request: pytest.FixtureRequest) -> QueryStrategy:
    return QUERY_STRATEGIES.get(request.param)


def test_it_describes_itself(strategy: QueryStrategy) -> None:
    assert strategy.name == strategy.name.casefold().strip() and strategy.help.endswith(".")
    assert strategy.requires <= set(Need) and type(strategy).__doc__
    assert [canonical_order(name) for name in (strategy.name, *strategy.aliases)] == [strategy.name] * (
        1 + len(strategy.aliases)
    )


def test_it_scores_items_with_just_what_it_requires(strategy: QueryStrategy) -> None:
    pool = pool_for(strategy)
    found = score_pool(strategy.name, pool)
    assert set(found.scores) <= {item.item_id for item in pool.items} and set(found.why) == set(found.scores)
    assert all(math.isfinite(score) for score in found.scores.values()) and all(found.why.values())
    assert found.scores or strategy.name == "random"
    assert score_pool(strategy.name, pool) == found, "the same pool and seed give the same order"


def test_it_leaves_out_what_is_labelled_where_it_reads_labels(strategy: QueryStrategy) -> None:
    if Need.LABELS in strategy.requires:
        assert "t0" not in score_pool(strategy.name, pool_for(strategy)).scores


def test_it_bears_an_empty_pool(strategy: QueryStrategy) -> None:
    assert score_pool(strategy.name, Pool([], vectors=np.zeros((0, 4)))) == QueueScores()


def test_what_is_lacking_is_said(strategy: QueryStrategy) -> None:
    for need in strategy.requires & {Need.VERDICTS, Need.VECTORS}:
        with pytest.raises(InputError, match=need):
            score_pool(strategy.name, Pool([_item(0)]))


def test_the_names_that_stored_projects_hold_are_names_still() -> None:
    assert QUERY_STRATEGIES.names[: len(STORED)] == STORED
    assert [ProjectSettings.from_dict({**ProjectSettings().to_dict(), "order": name}).order for name in STORED] == list(STORED)
    assert [canonical_order(name) for name in ("bald", "core-set", "keyword-ties")] == ["epistemic", "diversity", "ties"]


def test_the_sharpest_contradiction_comes_first_and_ties_of_keyword_rows_before_others() -> None:
    first = {
        name: max(found.scores, key=found.scores.__getitem__)
        for name in ("epistemic", "disagreement", "ties")
        for found in [score_pool(name, pool_for(QUERY_STRATEGIES.get(name)))]
    }
    assert first == {"epistemic": "t5", "disagreement": "t5", "ties": "t1"}


# ---- one that only this file knows ------------------------------------------------------------------------------------


class LongestFirst(QueryStrategy):
    """The longest text first."""

    name = "longest"
    label = "Longest first"
    help = "First the texts with the most signs."

    def score(self, pool: Pool) -> QueueScores:
        lengths = {item.item_id: float(len(item.text)) for item in pool.items}
        return QueueScores(lengths, {i: f"it has {n:.0f} signs" for i, n in lengths.items()})


@pytest.fixture
def session(empty_home: Path) -> LabelSession:
    session = get_workbench(Settings.from_env()).labels.session
    enrol(session, "Ann")
    items = [NewItem(f"t{n}", text) for n, text in enumerate(TEXTS)]
    settings = ProjectSettings(blind_share=0.0, random_share=0.0)
    create_project(session, NewProject("Trial", items, settings=settings), by="ann")
    return session


def _first(session: LabelSession) -> tuple[str, str]:
    given = claim_items(session, "trial", by="ann").items[0]
    return given.item.text, given.why


def test_a_new_strategy_is_on_the_page(session: LabelSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    with QUERY_STRATEGIES.registered(LongestFirst):
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
        app.session_state["annotate.person"] = "ann"
        app = app.switch_page("pages/annotate/label.py").run()
        box = app.selectbox(key="label.settings.trial.order")
        assert "Longest first" in box.options and "First the texts with the most signs." in box.help
        box.set_value("longest")
        next(button for button in app.button if button.label == "Save").click().run()
        assert get_project(session, "trial").settings.order == "longest"
        app = app.run()
        next(button for button in app.button if button.label == "Order the queue now").click().run()
        assert not app.exception and _first(session) == (max(TEXTS, key=len), f"it has {len(max(TEXTS, key=len))} signs")


def test_a_new_strategy_is_on_the_command_line(session: LabelSession, empty_home: Path) -> None:
    with QUERY_STRATEGIES.registered(LongestFirst):
        shown = CliRunner().invoke(program, ["annotations", "order", "--help"])
        assert "longest" in shown.output
        line = ["annotations", "order", "trial", "longest", "--by", "ann", "--home", str(empty_home), "--json"]
        assert CliRunner().invoke(program, line).exit_code == 0
        assert _first(session)[0] == max(TEXTS, key=len)
    assert "longest" not in CliRunner().invoke(program, ["annotations", "order", "--help"]).output
    with pytest.raises(InputError, match="query strategy"):
        change_settings(
            session, "trial", settings=ProjectSettings(order="longest", random_share=0.0, blind_share=0.0), by="ann"
        )


def test_a_project_whose_strategy_is_gone_stays_readable(session: LabelSession) -> None:
    settings = ProjectSettings(order="longest", random_share=0.0, blind_share=0.0)
    with QUERY_STRATEGIES.registered(LongestFirst):
        change_settings(session, "trial", settings=settings, by="ann")
    assert get_project(session, "trial").settings.order == "longest"
    changed = ProjectSettings(order="longest", overlap=2, random_share=0.0, blind_share=0.0)
    assert change_settings(session, "trial", settings=changed, by="ann").settings.overlap == 2
    with pytest.raises(InputError, match="query strategy"):
        get_workbench(Settings.from_env()).labels.put_in_order("trial", by="ann")
