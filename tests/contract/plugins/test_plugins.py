"""Members that only a test knows, in each place that their description names: help, checks, search, documents, pages, verdicts.

The members stand in `tests.support.made_up`; nothing in the engine, the pages or the documentation was touched for them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from rebracket_core.annotation import NewItem, NewProject, ProjectSettings
from rebracket_core.annotation.people import enrol
from rebracket_core.annotation.projects import create_project, get_project
from rebracket_core.annotation.queue.leases import claim_items
from rebracket_core.cli.program import program
from rebracket_core.encoders import open_encoder, open_text_encoder
from rebracket_core.encoders.kinds import ENCODERS
from rebracket_core.encoders.modality import MODALITIES
from rebracket_core.errors import ConfigError, EncoderError, InputError
from rebracket_core.jobs import JOB_KINDS, LocalLauncher, Status, job_state
from rebracket_core.jobs.attempt import run_job
from rebracket_core.jobs.kinds.map import create_map
from rebracket_core.maps.spec import MapMethod
from rebracket_core.maps.store import is_fitted
from rebracket_core.rainbow import ALBUM_NAMES
from rebracket_core.scoring.watch import Watch, verdict_file
from rebracket_core.services.health import Outcome, examine
from rebracket_core.services.jobs import NOT_INSTALLED
from rebracket_core.settings import Settings
from rebracket_core.training import TrainingConfig
from rebracket_core.training.config import all_options, options_markdown
from rebracket_core.training.hpo.space import SearchSpace, suggested
from rebracket_core.validation import describe
from rebracket_core.workbench import Workbench
from tests.conftest import copy_home, open_home
from tests.support import made_up
from tests.support.app_pages import ROOT, words
from tests.support.jobs import wait_for
from tests.support.made_up import Bells, GapKind, Generator, LongestFirst, NeverSure, Tolls
from tests.support.prototype_head import PrototypeHead

ONE, TWO = "A bell without a rope was cast in 1804.", "A key that fits no door."
BELLS = f"BELLS\nRed {ONE}\nBlue {TWO}\nGreen\n"
EVERY_ENCODER = {"folds": 2, "ensemble_size": 1, "max_steps": 20}


@pytest.fixture(autouse=True)
def _members(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("REBRACKET_VALIDATE_ROOT", raising=False)
    with made_up.registered():
        yield


def told(*arguments: object, code: int = 0) -> Any:
    """The JSON that a command prints."""
    done = CliRunner().invoke(program, [*map(str, arguments), "--json"])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def said(*arguments: object) -> str:
    """The text that a command prints, blanks made one."""
    done = CliRunner().invoke(program, [*map(str, arguments)])
    assert done.exit_code == 0, done.output
    return " ".join(done.stdout.split())


def page(path: str) -> AppTest:
    """A page of the app, opened from app.py."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=240).run()
    app = app.switch_page(path).run()
    assert not app.exception, app.exception
    return app


def plain(app: AppTest) -> str:
    """What the page says, as people read it."""
    return words(app).replace("\\", "")


# ---- a verdict rule ---------------------------------------------------------------------------------------------------


def test_a_rule_decides_in_the_verdicts_of_the_command_line_and_the_history(home: Path) -> None:
    line = home.parent / "one.txt"
    line.write_text(ONE)
    found = told("validate", line)["verdicts"][0]
    assert (found["verdict"], found["reason"], found["rule"]) == ("REJECT", NeverSure.reason, NeverSure.code)
    assert found["explanation"].endswith("does not matter.") and found["suggestions"] == ["Be certain."]
    assert (open_home(home).history.search(limit=1)[0].verdict or {})["rule"] == NeverSure.code


def test_a_rule_is_in_the_list_the_documents_and_the_card(home: Path) -> None:
    assert told("rules")["rules"][0]["rule"] == NeverSure.code
    assert f"{NeverSure.code}: REJECT {NeverSure.reason}" in said("rules")
    assert f"`{NeverSure.code}`" in describe.markdown() and NeverSure.meaning in describe.markdown()
    run = open_home(home).runs.all()[0].run_id
    assert NeverSure.reason.replace("_", r"\_") in said("card", run)


def test_a_rule_is_on_the_validate_page(home: Path) -> None:
    app = page("pages/concepts/validate.py")
    app.text_area(key="validate.text").set_value(ONE)
    app = app.form_submit_button[0].click().run()
    assert not app.exception and not app.error
    assert app.session_state["validate.one"]["rule"] == NeverSure.code
    assert NeverSure.meaning in words(app) and "1. Be certain." in words(app)
    assert app.session_state["validate.one"]["explanation"] in plain(app)


# ---- a kind of head ---------------------------------------------------------------------------------------------------


def test_a_head_is_on_the_form_with_its_options(home: Path) -> None:
    app = page("pages/train/launch.py")
    kinds = next(box for box in (*app.radio, *app.selectbox) if box.key == "launch.head")  # many kinds make a longer list
    assert "Prototypes" in kinds.options
    app = kinds.set_value("prototype").run()
    box = app.number_input(key="launch.sharpness")
    assert (box.label, box.min, box.max, box.value) == ("Sharpness", 0.1, 50.0, 2.0)
    assert not app.exception


def test_a_heads_options_may_be_searched_on_the_page(home: Path) -> None:
    app = page("pages/train/search.py")
    options = app.multiselect(key="search.options")
    assert "Sharpness" in options.options
    app = options.set_value(["sharpness"]).run()
    assert not app.exception and app.number_input(key="search.sharpness.low").value == 0.5
    assert suggested()["sharpness"].high == 8.0  # type: ignore[union-attr]


def test_a_head_trains_by_command_is_loaded_again_and_is_on_the_card(home: Path) -> None:
    values = ["head=prototype", "sharpness=3", "ensemble_size=2", "folds=2", "tfidf=false"]
    made = told("train", "starter", "--quiet", *(word for value in values for word in ("--set", value)))
    run = made["run_id"]
    assert made["config"]["head"] == "prototype" and made["config"]["sharpness"] == 3.0
    fresh = Workbench(Settings.from_env())  # which has loaded nothing yet
    assert type(fresh.resources.model(run).head) is PrototypeHead
    line = home.parent / "one.txt"
    line.write_text(ONE)
    found = told("validate", line, "--run", run, "--no-history")["verdicts"][0]
    assert found["run_id"] == run and sum(found["album_probabilities"].values()) == pytest.approx(1.0, abs=1e-3)
    card = said("card", run)
    assert "`head=prototype`" in card and "`sharpness=3.0`" in card


def test_a_heads_options_are_checked_and_told(home: Path) -> None:
    refused = CliRunner().invoke(program, ["train", "starter", "--set", "head=prototype", "--set", "sharpness=99"])
    assert refused.exit_code == 2 and "0.1 to 50" in refused.output
    assert "sharpness=2.0 [0.1 to 50.0]" in said("options", "sharpness")
    assert "`sharpness`" in options_markdown() and "`prototype`, Prototypes" in options_markdown()


# ---- an encoder of a made-up modality ---------------------------------------------------------------------------------


def test_an_encoder_is_listed_suggested_and_documented(home: Path) -> None:
    rows = {row["name"]: row for row in told("encoders")["encoders"]}
    assert rows["gaps"]["modality"] == "gaps" and GapKind.help in said("encoders")
    assert "gaps" in [choice.name for choice in all_options()["encoder"].suggestions]
    assert " gaps" in said("options", "encoder") and f"`gaps`, Gaps: {GapKind.help}" in options_markdown()
    assert f"- `gaps`: {GapKind.help}" in words(page("pages/train/launch.py"))
    base = TrainingConfig.of(encoder="gaps")
    space = SearchSpace.from_dict({"encoder": ["minilm", "gaps"]}, base=base)
    assert (space.values_of(base) or {})["encoder"] == "gaps"


@pytest.fixture(scope="module")
def run_of_gaps(trained_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home with a run whose encoder reads gaps, and the run's id."""
    place = copy_home(trained_home, tmp_path_factory.mktemp("gaps") / "home")
    with made_up.registered():
        config = TrainingConfig.of(encoder="gaps", tfidf=False, **EVERY_ENCODER)
        return place, open_home(place).training.train("starter", config=config).run_id


def test_an_encoder_of_another_modality_trains_and_gives_verdicts(run_of_gaps: tuple[Path, str]) -> None:
    place, run = run_of_gaps
    bench = open_home(place)
    read = bench.verdicts.read_upload("one.txt", ONE.encode())
    verdict = bench.verdicts.validate(read.concepts, run_id=run, keep=False)[0]
    assert verdict.run_id == run and verdict.album in ALBUM_NAMES and not verdict.error
    other = bench.verdicts.read_upload("two.txt", b"Incomprehensibilities notwithstanding, extraordinarily.")
    again = bench.verdicts.validate(other.concepts, run_id=run, keep=False)[0]
    assert again.album_probabilities != verdict.album_probabilities
    card = bench.runs.card(run)
    assert "gap histogram" in card and "`encoder=gaps`" in card


def test_what_needs_a_transformers_model_refuses_such_a_run_and_says_why(run_of_gaps: tuple[Path, str], tmp_path: Path) -> None:
    place, run = run_of_gaps
    for line in (("explain", "A bell.", "--run", run), ("export-onnx", run, "--out", tmp_path / "bundle")):
        done = CliRunner().invoke(program, [*map(str, line), "--home", str(place)])
        assert done.exit_code in (1, 2) and "encoder" in done.output and "Traceback" not in done.output, done.output
    assert not (tmp_path / "bundle").exists()


def test_a_map_is_drawn_and_the_doctor_is_content_with_such_an_encoder(run_of_gaps: tuple[Path, str]) -> None:
    place, _ = run_of_gaps
    bench = open_home(place)
    spec = bench.maps.spec("starter", method=MapMethod.PCA, encoder="gaps")
    folder = create_map(bench.settings, spec)
    run_job(folder, attempt=folder.new_attempt(), settings=bench.settings)
    assert is_fitted(folder.path) and "gap histogram" in spec.encoder_id
    settings = Settings.from_env({"REBRACKET_HOME": str(place), "REBRACKET_ENCODER": "gaps"})
    checks = {check.name: check for check in examine(settings)}
    assert checks["encoder"].outcome is Outcome.OK and "to 16 numbers" in checks["encoder"].detail


def test_the_texts_of_rows_become_the_items_of_the_modality(home: Path) -> None:
    settings = Settings.from_env()
    direct, texts = open_encoder("gaps", settings=settings), open_text_encoder("gaps", settings=settings)
    assert (direct.modality, texts.modality) == ("gaps", "text") and texts.encoder_id != direct.encoder_id
    wanted = direct.encode([made_up.gaps_of(text) for text in (ONE, "", TWO)])
    assert texts.encode([ONE, "", TWO]).tobytes() == wanted.tobytes()
    with pytest.raises(InputError, match="gaps"):
        direct.encode([ONE])


def test_an_encoder_whose_items_no_text_stands_for_is_refused_in_a_config_and_by_name(home: Path) -> None:
    with MODALITIES.registered(made_up.DEAF), ENCODERS.registered(made_up.DeafKind):
        with pytest.raises(ConfigError, match="reads Silences"):
            TrainingConfig.of(encoder="deaf")
        refused = CliRunner().invoke(program, ["train", "starter", "--set", "encoder=deaf"])
        assert refused.exit_code == 2 and "encoder" in refused.output
    with MODALITIES.registered(made_up.DEAF), pytest.MonkeyPatch.context() as patch:
        patch.setattr(made_up.GapEncoder, "modality", "deaf")
        with pytest.raises(EncoderError, match="cannot read the texts"):
            open_text_encoder("gaps", settings=Settings.from_env())


# ---- a format ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def tower(tmp_path: Path) -> Path:
    path = tmp_path / "tower.bells"
    path.write_text(BELLS)
    return path


def test_a_format_is_read_by_every_command(home: Path, tower: Path, tmp_path: Path) -> None:
    assert "bells" in [row["name"] for row in told("formats")["formats"]] and Bells.help in said("formats")
    assert told("import", tower, "--name", "tower", code=3)["n_rows"] == 2
    verdicts = told("validate", tower, "--no-history", code=3)["verdicts"]
    assert [v["expected_album"] for v in verdicts] == ["Red", "Blue", None] and verdicts[2]["error"].startswith("Rings")
    assert told("validate", tower, "--parts", tmp_path / "parts", code=3)["n"] == 3
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / tower.name).write_bytes(tower.read_bytes())
    Watch(open_home(home).verdicts, inbox, settle_s=0.0).scan()
    assert json.loads(verdict_file(inbox / tower.name).read_text("utf-8"))["n"] == 3


def test_a_format_is_taken_by_the_upload_of_validate(home: Path) -> None:
    app = page("pages/concepts/validate.py")
    app.segmented_control(key="validate.mode").set_value("Many concepts").run()
    app.segmented_control(key="validate.way").set_value("Files").run()
    uploader = app.file_uploader(key="validate.files.0")
    assert ".bells" in uploader.allowed_type and f"Bells (.bells): {Bells.help}" in uploader.help
    uploader.upload("tower.bells", BELLS.encode())
    app.form_submit_button[0].click().run()
    assert not app.exception and not app.error
    shown = next(element.value for element in app.dataframe if "verdict" in element.value)
    assert shown["verdict"].tolist()[2] == "failed" and shown["expected"].tolist()[:2] == ["Red", "Blue"]


def test_a_format_is_taken_by_the_upload_of_import(home: Path) -> None:
    app = page("pages/library/import.py")
    app.segmented_control(key="import.way").set_value("Files").run()
    uploader = app.file_uploader(key="import.file.0")
    assert ".bells" in uploader.allowed_type and Bells.help in uploader.help
    uploader.upload("tower.bells", BELLS.encode())
    app.form_submit_button[0].click().run()
    assert not app.exception and not app.error
    assert app.session_state["import.last"] == "tower"
    assert open_home(home).datasets.get("tower").frame["album"].tolist() == ["Red", "Blue"]


# ---- a query strategy -------------------------------------------------------------------------------------------------


def test_a_strategy_is_chosen_for_a_project_and_orders_its_queue(home: Path) -> None:
    for name in ("create", "order"):
        assert "longest" in said("annotations", name, "--help")
    told("annotations", "create", "Trial", "starter", "--order", "long", "--chance", "0", "--by", "Ann")
    session = open_home(home).labels.session
    project = get_project(session, "trial")
    given = claim_items(session, "trial", by="ann").items[0]
    longest = max(len(text) for text in open_home(home).datasets.get("starter").frame["concept"])
    assert project.settings.order == "longest" and given.why == f"it has {longest} signs"


def test_a_strategy_is_on_the_forms_of_a_project(home: Path) -> None:
    session = open_home(home).labels.session
    enrol(session, "Ann")
    items = [NewItem("t0", TWO), NewItem("t1", ONE)]
    create_project(session, NewProject("Trial", items, settings=ProjectSettings(random_share=0.0)), by="ann")
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=240).run()
    app.session_state["annotate.person"] = "ann"
    app = app.switch_page("pages/annotate/label.py").run()
    box = app.selectbox(key="label.settings.trial.order")
    assert not app.exception and LongestFirst.label in box.options and LongestFirst.help in box.help
    box.set_value("longest")
    next(button for button in app.button if button.label == "Save").click().run()
    next(button for button in app.run().button if button.label == "Order the queue now").click().run()
    assert not app.exception and claim_items(session, "trial", by="ann").items[0].item.text == ONE


# ---- a review section -------------------------------------------------------------------------------------------------


def test_a_section_is_on_its_page_in_the_report_and_in_the_list(home: Path, tmp_path: Path) -> None:
    app = page("pages/review/confidence.py")
    assert Tolls.label in [s.value for s in app.subheader] and Tolls.fact in [t.value for t in app.text]
    run, report = open_home(home).runs.all()[0].run_id, tmp_path / "report.html"
    told("report", run, "--out", report, "--section", "tolls")
    assert Tolls.fact in report.read_text("utf-8") and report.read_text("utf-8").count("<section") == 1
    assert Tolls.label in said("review-sections")


def test_a_section_is_in_the_whole_report_of_the_page(home: Path, tmp_path: Path) -> None:
    bench = open_home(home)
    assert Tolls.fact in bench.review.report(bench.runs.all()[0].run_id)


# ---- a kind of job ----------------------------------------------------------------------------------------------------


def test_a_kind_of_job_is_listed_with_its_options_and_in_help() -> None:
    row = next(row for row in told("jobs", "--kinds")["kinds"] if row["name"] == Generator.name)
    assert (row["label"], row["stages"]) == (Generator.label, ["Writing candidates"])
    assert [option["name"] for option in row["options"]] == ["candidates", "tone", "pause_s"]
    assert "tone=plain [plain or ornate]" in said("jobs", "--kinds")
    assert Generator.name in said("submit", "--help")


def test_a_job_runs_by_command_and_is_listed(home: Path) -> None:
    made = told("submit", Generator.name, "--set", "tone=ornate", "--set", "candidates=2")
    assert made["status"] == "done" and made["options"] == {"candidates": 2, "tone": "ornate", "pause_s": 0.0}
    listed = {row["run_id"]: row for row in told("jobs")["jobs"]}
    assert listed[made["run_id"]]["label"] == Generator.label and listed[made["run_id"]]["done"] == 2
    assert {"training", Generator.name} <= {row["kind"] for row in listed.values()}
    written = (home / "jobs" / made["run_id"] / "candidates.txt").read_text("utf-8")
    assert written.startswith("A ornate bell, number 1.\n") and Generator.label in said("jobs")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((Generator.name, "--set", "candidates=0"), "1 to 50"),
        ((Generator.name, "--set", "tone=loud"), "plain or ornate"),
        ((Generator.name, "--set", "colour=red"), "no such option"),
        (("training",), "not started by options"),
        (("made-up-generators",), "did you mean made-up-generator?"),
    ],
)
def test_what_a_kind_does_not_allow_is_refused_before_a_job_is_made(home: Path, arguments: tuple[str, ...], why: str) -> None:
    refused = CliRunner().invoke(program, ["submit", *arguments])
    assert refused.exit_code == 2 and why in refused.output
    assert not (home / "jobs").exists()


def test_a_job_is_started_by_the_form_that_its_options_make(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def here(launcher: LocalLauncher, folder: Any) -> None:
        run_job(folder, attempt=folder.new_attempt(), settings=Settings.from_env())

    monkeypatch.setattr(LocalLauncher, "launch", here)
    app = page("pages/train/launch.py")
    app = app.segmented_control(key="launch.view").set_value("Other jobs").run()
    assert Generator.label in app.selectbox(key="jobs.kind").options and Generator.help in plain(app)
    app.number_input(key=f"jobs.{Generator.name}.candidates").set_value(4)
    app.radio(key=f"jobs.{Generator.name}.tone").set_value("ornate")
    app = app.button(key="jobs.start").click().run()
    assert not app.exception and not app.error
    state = open_home(home).jobs.submitted()[0]
    assert (state.status, state.done, state.total, state.kind) == (Status.DONE, 4, 4, Generator.name)
    assert f"{Generator.label} · {state.job_id} · done" in plain(app) and "tone=ornate" in plain(app)


@pytest.mark.slow
def test_a_job_runs_in_a_worker_is_cancelled_and_goes_on(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    values = ["--set", "candidates=30", "--set", "pause_s=0.2"]
    job = told("submit", Generator.name, *values, "--detach")["job_id"]
    folder = open_home(home).jobs.folder_of(job)
    wait_for(folder, Status.RUNNING)
    told("cancel", job)
    wait_for(folder, Status.CANCELLED)
    (folder.path / "candidates.txt").write_text("".join(f"kept {n}\n" for n in range(28)), "utf-8")
    told("resume", job)
    wait_for(folder, Status.DONE)
    state = job_state(folder)
    assert (state.attempt, state.done, state.total, state.stage) == (2, 30, 30, "Writing candidates")


def test_a_job_whose_kind_is_gone_can_still_be_seen(home: Path) -> None:
    job = told("submit", Generator.name)["run_id"]
    JOB_KINDS.unregister(Generator.name)
    try:
        row = next(row for row in told("jobs")["jobs"] if row["run_id"] == job)
        assert row["label"] == f"{Generator.name} ({NOT_INSTALLED})" and row["status"] == "done"
        refused = CliRunner().invoke(program, ["submit", Generator.name])
        assert refused.exit_code == 2 and "no such kind of job" in refused.output
    finally:
        JOB_KINDS.register(Generator)


def test_without_such_a_kind_launch_stays_as_it_was(home: Path) -> None:
    JOB_KINDS.unregister(Generator.name)
    try:
        assert not page("pages/train/launch.py").selectbox(key="launch.dataset").disabled
        assert "Other jobs" not in page("pages/train/launch.py").segmented_control(key="launch.view").options
    finally:
        JOB_KINDS.register(Generator)
