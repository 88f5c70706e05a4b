"""The Launch page: one press trains, a leaked split is confirmed by name, and a run's status is told in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from streamlit.testing.v1 import AppTest

from rebracket_core.jobs import JobFolder, LocalLauncher, Status, create_run
from rebracket_core.jobs.state import QUEUED_STAGE
from rebracket_core.settings import Settings
from rebracket_core.training import TrainingConfig
from rebracket_core.workbench import get_workbench
from tests.support.app_pages import Open, words

PAGE = "pages/train/launch.py"
STAGE = {"stage": "Training on the other songs", "done": 1, "total": 4, "left_s": 9.0}
ENDED: dict[str, dict[str, str]] = {
    "failed": {"status": "failed", "error": "DataError: **too few** <b>groups</b>", "hint": "import more songs"},
    "cancelled": {"status": "cancelled", "error": "It was cancelled."},
}
SAYS = {
    "created": "no worker has begun",
    "starting": "worker is starting",
    "queued": "waits for its turn",
    "running": "It is being trained",
    "failed": "It failed",
    "cancelled": "It was cancelled",
    "lost": "ended without a word (killed or power cut); what was finished is kept; resume it",
}


def _point(fold: int, **more: float) -> str:
    return json.dumps({"fold": fold, **more}) + "\n"


def _curves() -> str:
    steps = "".join(_point(0, step=s, loss=5.0 - s, loss_low=4.0 - s, loss_high=6.0 - s) for s in (1, 2))
    return steps + _point(0, n=40, album=0.5, album_low=0.4, album_high=0.6)


@pytest.fixture
def run(home: Path, request: pytest.FixtureRequest) -> Iterator[JobFolder]:
    """A run in the state that the test names, made by hand from files."""
    state = request.param
    meta = get_workbench(Settings.from_env()).datasets.all()[0]
    folder = create_run(home / "runs", meta=meta, config=TrainingConfig.of(split="leaked"), encoder_id="minilm")
    if state == "created":
        yield folder
        return
    attempt = folder.new_attempt()
    if state != "starting":
        stage = {**STAGE, "stage": QUEUED_STAGE} if state == "queued" else STAGE
        (attempt / "progress.json").write_text(json.dumps(stage), encoding="utf-8")
        (attempt / "metrics.jsonl").write_text(_curves(), encoding="utf-8")
        (attempt / "log.txt").write_text("all that it said\n", encoding="utf-8")
    if state in ENDED:
        (attempt / "result.json").write_text(json.dumps(ENDED[state]), encoding="utf-8")
    lock = FileLock(attempt / "lock")
    if state in ("queued", "running"):
        lock.acquire()
    yield folder
    lock.release()


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs that a worker was started on; the worker itself does nothing."""
    ids: list[str] = []

    def launch(_: LocalLauncher, folder: JobFolder) -> None:
        folder.new_attempt()
        ids.append(folder.run_id)

    monkeypatch.setattr(LocalLauncher, "launch", launch)
    return ids


def _specs(home: Path) -> dict[str, dict[str, Any]]:
    return {p.parent.name: json.loads(p.read_text()) for p in (home / "runs").glob("*/spec.json")}


def _labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_one_press_trains_with_the_defaults_and_shows_it(open_page: Open, home: Path, launched: list[str]) -> None:
    before = _specs(home)
    app = open_page(PAGE)
    app.button(key="launch.go").click().run()
    assert not app.exception and not app.error
    assert len(launched) == 1 and launched[0] not in before
    assert _specs(home)[launched[0]]["config"] == TrainingConfig().to_dict()
    assert app.session_state["launch.run"] == launched[0]
    assert app.query_params["run"] == launched[0]
    assert SAYS["starting"] in words(app) and "Cancel" in _labels(app)


def test_choices_go_into_the_run(open_page: Open, home: Path, launched: list[str]) -> None:
    app = open_page(PAGE)
    app.button_group(key="launch.text").set_value(["concept", "lyrics"])
    app.number_input(key="launch.ensemble_size").set_value(2)
    app.number_input(key="launch.inverse_l2").set_value(3.5)
    app.toggle(key="launch.tfidf").set_value(False)
    app.text_input(key="launch.encoder").set_value("minilm").run()
    app.button(key="launch.go").click().run()
    assert not app.exception and not app.error
    chosen = TrainingConfig.of(text=("concept", "lyrics"), ensemble_size=2, inverse_l2=3.5, tfidf=False)
    assert _specs(home)[launched[0]]["config"] == chosen.to_dict()


def test_choices_of_an_encoder_that_learns_go_into_the_run(open_page: Open, home: Path, launched: list[str]) -> None:
    app = open_page(PAGE)
    app.radio(key="launch.method").set_value("lora").run()
    app.number_input(key="launch.patience_epochs").set_value(3)
    app.number_input(key="launch.validation_fraction").set_value(0.25)
    app.selectbox(key="launch.precision").set_value("fp32")
    app.selectbox(key="launch.weighting").set_value("pcgrad").run()
    app.button(key="launch.go").click().run()
    assert not app.exception and not app.error
    chosen = TrainingConfig.of(method="lora", patience_epochs=3, validation_fraction=0.25, precision="fp32", weighting="pcgrad")
    assert _specs(home)[launched[0]]["config"] == chosen.to_dict()


@pytest.mark.parametrize("run", ["running"], indirect=True)
def test_an_encoder_that_learns_shows_its_loss_and_its_warning(run: JobFolder, open_page: Open) -> None:
    told = {"tuning": "fold-0", "epoch": 0.5, "warning": "album is **20** times"}
    points = [{**told, "step": step, "tuning_loss": 3.0 / step} for step in (1, 2)]
    (run.attempts()[-1] / "metrics.jsonl").write_text("".join(json.dumps(p) + "\n" for p in points), encoding="utf-8")
    app = _at(open_page, run.run_id)
    assert not app.exception and [told["title"] for told in _drawn(app)] == ["Loss while the encoder learns"]
    assert any(r"album is \*\*20\*\* times" in box.value for box in app.warning)


def test_a_leaked_split_wants_its_name_first(open_page: Open, home: Path, launched: list[str]) -> None:
    before = _specs(home)
    app = open_page(PAGE)
    with pytest.raises(KeyError):
        app.text_input(key="launch.confirm")  # nobody is asked about a grouped split
    app.radio(key="launch.split").set_value("leaked").run()
    for typed in ("", "yes"):
        app.text_input(key="launch.confirm").set_value(typed)
        app.button(key="launch.go").click().run()
        assert len(app.error) == 1 and "has to be confirmed" in app.error[0].value
        assert _specs(home) == before and not launched
    app.text_input(key="launch.confirm").set_value("leaked")
    app.button(key="launch.go").click().run()
    assert not app.error and not app.exception
    assert _specs(home)[launched[0]]["config"]["split"] == "leaked"
    assert "Leaked" in app.warning[0].value


def test_no_text_at_all_is_refused_before_anything_starts(open_page: Open, home: Path) -> None:
    app = open_page(PAGE)
    app.button_group(key="launch.text").set_value([]).run()
    assert not app.exception and len(app.error) == 1
    assert "concept, descriptions, lyrics" in app.error[0].value.replace("\\", "")
    assert "Launch" not in _labels(app)


def test_how_long_it_takes_is_answered_by_a_probe(open_page: Open, home: Path, launched: list[str]) -> None:
    app = open_page(PAGE)
    app.button(key="launch.estimate").click().run(timeout=120)
    assert not app.exception and not app.error
    assert any(box.value.startswith("At most about ") and "GB of memory" in box.value for box in app.info)
    assert not launched


def test_the_audit_waits_to_be_asked_and_is_remembered(open_page: Open, home: Path) -> None:
    from rebracket_core.ui.library import audit

    audit._kept().clear()
    app = open_page(PAGE)
    assert "Keep in mind" not in words(app)
    app.button(key="launch.audit").click().run()
    assert not app.exception and not app.error
    assert "Keep in mind" in words(app) and "**Fact:" not in words(app)
    app = open_page(PAGE)
    assert "Keep in mind" in words(app) and "Audit the data" not in _labels(app)


@pytest.mark.parametrize("run", SAYS, indirect=True)
def test_a_status_is_told_in_words_with_what_can_be_done(run: JobFolder, open_page: Open) -> None:
    app = _at(open_page, run.run_id)
    assert not app.exception
    status = get_workbench(Settings.from_env()).training.watch(run.run_id).state.status
    assert SAYS[status] in words(app)
    assert ("Cancel" in _labels(app)) == status.active
    assert ("Resume" in _labels(app)) == status.resumable
    drawn = 0 if status in (Status.CREATED, Status.STARTING) else 2
    assert len(_drawn(app)) == drawn
    if drawn:
        assert app.code[0].value.strip() == "all that it said"
        assert [bar.proto.value for bar in app.get("progress")] == [25]
    if status is Status.FAILED:
        assert r"\*\*too few\*\* \<b\>groups" in app.error[0].value and "import more songs" in app.error[0].value


def _drawn(app: AppTest) -> list[dict[str, Any]]:
    """What the browser is told to draw."""
    told = [json.loads(element.proto.json) for element in app.get("bidi_component")]
    return [data for data in told if "plots" in data]


def _at(open_page: Open, run_id: str) -> AppTest:
    """The page as the address of a run opens it."""
    app = open_page("pages/library/import.py")
    app.query_params["run"] = run_id
    return app.switch_page(PAGE).run()


def test_a_trained_run_says_what_it_is_worth(open_page: Open, home: Path) -> None:
    run_id = next(iter(_specs(home)))
    app = _at(open_page, run_id)
    assert "It is trained" in words(app) and "Album accuracy on held-out groups: 0." in words(app)
    assert not {"Cancel", "Resume"} & set(_labels(app))
    assert len(_drawn(app)) == 2 and app.get("page_link")


@pytest.mark.parametrize("run", ["running"], indirect=True)
def test_cancel_leaves_the_word_for_the_worker(run: JobFolder, open_page: Open) -> None:
    app = _at(open_page, run.run_id)
    app.button(key="launch.cancel").click().run()
    assert not app.exception and not app.error
    assert (run.attempts()[-1] / "cancel").exists()
    assert app.button(key="launch.cancel").disabled


@pytest.mark.parametrize("run", ["lost", "failed", "cancelled"], indirect=True)
def test_resume_starts_another_attempt(run: JobFolder, open_page: Open, launched: list[str]) -> None:
    app = _at(open_page, run.run_id)
    app.button(key="launch.resume").click().run()
    assert not app.exception and not app.error
    assert launched == [run.run_id] and "attempt 2" in words(app)
    assert SAYS["starting"] in words(app)


@pytest.mark.parametrize("run", ["running"], indirect=True)
def test_other_active_runs_are_shown_and_one_press_away(run: JobFolder, open_page: Open, home: Path) -> None:
    done = next(run_id for run_id in _specs(home) if run_id != run.run_id)
    app = _at(open_page, done)
    assert "Also active" in words(app) and f"{run.run_id} · running" in words(app)
    app.button(key=f"launch.watch.{run.run_id}").click().run()
    assert not app.exception and app.query_params["run"] == run.run_id
    assert SAYS["running"] in words(app) and "Also active" not in words(app)


def test_an_address_that_names_no_run_says_so(open_page: Open, home: Path) -> None:
    app = _at(open_page, "<b>gone</b>")
    assert not app.exception and "There is no model" in app.warning[0].value
    assert "<b>" not in app.warning[0].value.replace("\\<b", "")
