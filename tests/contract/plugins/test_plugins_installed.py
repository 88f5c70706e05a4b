"""A package that brings members of seven kinds by entry points, as every process knows it that did not register them.

The package is a folder with nothing but its metadata; the members stand in `tests.support.made_up`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rebracket_core.corpus.sources.reading_child import SMALL_BYTES
from rebracket_core.errors import InputError
from rebracket_core.jobs import JobFolder, Status, job_state, metric_points
from rebracket_core.runs.store import RunStore
from rebracket_core.services.health import Check, Outcome, examine
from rebracket_core.settings import Settings
from tests.support import made_up
from tests.support.jobs import wait_for
from tests.support.made_up import Bells, GapKind, Generator, LongestFirst, NeverSure, Tolls
from tests.support.prototype_head import PrototypeHead

Run = Callable[..., subprocess.CompletedProcess[str]]
NAMES = {
    "rules": NeverSure.code,
    "heads": PrototypeHead.name,
    "modalities": made_up.GAPS.name,
    "encoders": GapKind.name,
    "formats": Bells.name,
    "query_strategies": LongestFirst.name,
    "review_sections": Tolls.name,
    "jobs": Generator.name,
}
ASKED = """
import json
from tests.support.made_up import KINDS
print(json.dumps({kind.group.partition(".")[2]: kind.names for kind in KINDS}))
"""


@pytest.fixture
def installed(tmp_path: Path, home: Path) -> Run:
    """A function that runs the program as a process that has the package, in the test's home."""
    env = {**made_up.install(tmp_path / "site"), "REBRACKET_HOME": str(home), "REBRACKET_THREADS": "1"}

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, *map(str, arguments)]
        return subprocess.run(line, capture_output=True, text=True, env=env, cwd=tmp_path, check=False, timeout=240)

    return run


def told(run: Run, *arguments: object, code: int = 0) -> Any:
    """The JSON that a command of the program prints."""
    done = run("-m", "rebracket_core.cli", *arguments, "--json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_every_registry_knows_what_an_installed_package_brings(installed: Run) -> None:
    done = installed("-c", ASKED)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {group: name for group, name in NAMES.items() if name in found[group]} == NAMES
    assert found["rules"][0] == NeverSure.code and found["formats"][0] == Bells.name, "they stand where they ask to stand"


@pytest.mark.slow
def test_a_package_that_cannot_be_loaded_is_named_and_nothing_is_skipped(installed: Run, tmp_path: Path) -> None:
    entries = next((tmp_path / "site").glob("*.dist-info")) / "entry_points.txt"
    entries.write_text("[rebracket.jobs]\nmade-up = tests.support.nowhere:Generator\n")
    done = installed("-m", "rebracket_core.cli", "jobs", "--kinds")
    assert done.returncode != 0 and "made-up-plugins" in done.stderr and "tests.support.nowhere" in done.stderr


def _plugins(settings: Settings) -> Check:
    return next(check for check in examine(settings) if check.name == "plugins")


@pytest.mark.slow
def test_the_doctor_names_packages_and_what_is_wrong_with_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.from_env({"REBRACKET_HOME": str(tmp_path / "home")})
    assert _plugins(settings).detail == "no other package brings anything"
    made_up.install(tmp_path / "site")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert _plugins(settings).detail == "8 from made-up-plugins 1.0"
    entries = next((tmp_path / "site").glob("*.dist-info")) / "entry_points.txt"
    for line, why in (
        ("[rebracket.jobs]\na = tests.support.nowhere:Generator", "rebracket.jobs a of made-up-plugins: ModuleNotFoundError"),
        ("[rebracket.rule]\na = tests.support.made_up:NeverSure", "no such group, is rebracket.rules meant?"),
    ):
        entries.write_text(f"{line}\n")
        found = _plugins(settings)
        assert found.outcome is Outcome.FAIL and why in found.detail and found.hint


@pytest.mark.slow
def test_a_worker_knows_an_installed_kind_of_job_without_being_told_its_module(installed: Run, home: Path) -> None:
    job = told(installed, "submit", Generator.name, "--set", "candidates=4", "--detach")["job_id"]
    folder = JobFolder(home / "jobs" / job)
    wait_for(folder, Status.DONE)
    assert (job_state(folder).done, [point["candidate"] for point in metric_points(folder)]) == (4, [1, 2, 3, 4])
    row = next(row for row in told(installed, "jobs")["jobs"] if row["run_id"] == job)
    assert (row["label"], row["status"], row["stage"]) == (Generator.label, "done", "Writing candidates")


@pytest.mark.slow
def test_files_that_are_read_in_a_process_of_their_own_may_be_of_an_installed_format(installed: Run, tmp_path: Path) -> None:
    size = SMALL_BYTES // 20
    path = tmp_path / "tower.bells"
    path.write_text("BELLS\n" + "".join(f"Red A bell that rang {n} times.\n" for n in range(size)))
    code = (
        "from pathlib import Path\nfrom rebracket_core.corpus.sources.reading_child import is_small, read_concepts_apart\n"
        f"data = Path({str(path)!r}).read_bytes()\nassert not is_small(data)\n"
        "print(len(read_concepts_apart('tower.bells', data, max_text_chars=1000).concepts))"
    )
    done = installed("-c", code)
    assert done.returncode == 0 and int(done.stdout) == size, done.stderr


@pytest.mark.slow
def test_a_worker_trains_with_an_installed_head_and_encoder_and_the_rule_decides(
    installed: Run, home: Path, tmp_path: Path
) -> None:
    values = ["head=prototype", "sharpness=4", "encoder=gaps", "ensemble_size=2", "folds=2", "tfidf=false"]
    chosen = [word for value in values for word in ("--set", value)]
    run = told(installed, "train", "starter", "--detach", *chosen)["run_id"]
    wait_for(JobFolder(home / "runs" / run), Status.DONE)
    tower = tmp_path / "tower.bells"
    tower.write_text("BELLS\nRed A bell without a rope was cast in 1804.\nBlue A key that fits no door.\n")
    verdicts = told(installed, "validate", tower, "--run", run)["verdicts"]
    assert [v["expected_album"] for v in verdicts] == ["Red", "Blue"] and {v["rule"] for v in verdicts} == {NeverSure.code}
    report = tmp_path / "report.html"
    told(installed, "report", run, "--out", report)
    assert Tolls.fact in report.read_text("utf-8")
    card = installed("-m", "rebracket_core.cli", "card", run).stdout
    assert "`head=prototype`" in card and "gap histogram" in card and NeverSure.reason.replace("_", r"\_") in card
    with pytest.raises(InputError, match="no such kind of head"):  # here, where the package is not installed
        RunStore(home / "runs").load(run)


@pytest.mark.slow
def test_the_api_of_a_process_with_the_package_gives_the_rules_verdicts(installed: Run, home: Path) -> None:
    pytest.importorskip("fastapi", reason="the extra serve is not installed")
    code = (
        "from fastapi.testclient import TestClient\nfrom rebracket_core.serving.api import create_app\n"
        "from rebracket_core.settings import Settings\nfrom rebracket_core.workbench import Workbench\nimport json\n"
        "with TestClient(create_app(Workbench(Settings.from_env()))) as client:\n"
        "    print(json.dumps(client.post('/v1/validate', json={'text': 'A bell was cast in 1804.'}).json()))\n"
        "    print(json.dumps(client.get('/v1/rules').json()))\n"
    )
    done = installed("-c", code)
    assert done.returncode == 0, done.stderr
    verdict, rules = map(json.loads, done.stdout.strip().split("\n")[-2:])
    assert (verdict["rule"], verdict["reason"]) == (NeverSure.code, NeverSure.reason)
    assert rules["rules"][0]["rule"] == NeverSure.code
