"""Archiving and deleting: what uses a thing keeps it, a kill leaves all or nothing, and two at once do it once."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from rebracket_core.annotation.people import enrol
from rebracket_core.cli.program import program
from rebracket_core.corpus import ReadReport, make_frame
from rebracket_core.errors import DataError, InputError, ModelError
from rebracket_core.files import ARCHIVED
from rebracket_core.jobs import JobFolder
from rebracket_core.maps import MapMethod
from rebracket_core.services import StoredKind
from rebracket_core.settings import Settings
from rebracket_core.training import TrainingConfig
from rebracket_core.workbench import Workbench, get_workbench
from tests.support.copies import twin_run

QUICK = TrainingConfig.of(folds=2, ensemble_size=1, max_steps=5)
Invoke = Callable[..., Result]


@pytest.fixture
def bench(home: Path) -> Workbench:
    return get_workbench(Settings.from_env())


@pytest.fixture
def invoke(home: Path) -> Invoke:
    return lambda *words: CliRunner().invoke(program, [str(word) for word in words])


def _add(bench: Workbench, name: str) -> str:
    albums = ["Red", "Red", "Green", "Green"] * 4
    rows = [
        {"row_id": str(i), "group_id": f"g{i // 2}", "concept": f"Bell {i} of {name}.", "album": album, "origin": "table"}
        for i, album in enumerate(albums)
    ]
    bench.resources.library.add(make_frame(rows), name=name, source="test", report=ReadReport(len(rows)))
    return name


def _search(home: Path, name: str, *, dataset: str) -> str:
    folder = home / "searches" / name
    folder.mkdir(parents=True)
    spec = {"run_id": name, "kind": "search", "dataset": dataset, "config": {}, "created_at": "2026-01-01T00:00:00+00:00"}
    (folder / "spec.json").write_text(json.dumps(spec))
    return name


# ---- archive and restore ----------------------------------------------------------------------------------------------


def test_an_archived_run_is_in_no_list_and_is_read_by_its_id(bench: Workbench, home: Path) -> None:
    twin = twin_run(home, "twin")
    bench.lifecycle.archive("run", twin)
    assert twin not in [run.run_id for run in bench.runs.all()]
    assert twin not in [state.run_id for state in bench.training.states()]
    assert bench.resources.runs.info(twin).run_id == twin and bench.runs.card(twin)
    assert bench.lifecycle.archived() == [(StoredKind.RUN, twin)]
    assert stat.S_IMODE((home / "runs" / twin / ARCHIVED).stat().st_mode) == 0o600
    with pytest.raises(ModelError, match="is archived"):
        bench.runs.promote(twin)
    bench.lifecycle.restore("run", twin)
    assert twin in [run.run_id for run in bench.runs.all()] and not bench.lifecycle.archived()
    with pytest.raises(InputError, match="not archived"):
        bench.lifecycle.restore("run", twin)


def test_nobody_rolls_back_to_an_archived_run(bench: Workbench, home: Path) -> None:
    first, twin = bench.resources.runs.promoted_id(), twin_run(home, "twin")
    bench.runs.promote(twin)
    assert first is not None
    bench.lifecycle.archive("run", first)
    with pytest.raises(InputError, match="nothing to roll back to"):
        bench.runs.roll_back()


def test_the_production_model_is_neither_archived_nor_deleted(bench: Workbench) -> None:
    run_id = bench.resources.runs.promoted_id() or ""
    for change in (bench.lifecycle.archive, bench.lifecycle.delete):
        with pytest.raises(InputError, match="it is the production model"):
            change("run", run_id)
    assert bench.runs.production() is not None


def test_an_archived_data_set_can_be_used_and_comes_back_when_it_is_imported_again(bench: Workbench) -> None:
    name = _add(bench, "songs")
    bench.lifecycle.archive("dataset", name)
    assert name not in [meta.name for meta in bench.datasets.all()]
    assert bench.datasets.get(name).meta.n_rows == 16
    assert bench.training.train(name, config=QUICK).dataset == name
    _add(bench, "songs")
    assert name in [meta.name for meta in bench.datasets.all()]


def test_archived_searches_and_maps_are_left_out(bench: Workbench, home: Path) -> None:
    search = _search(home, "one-search", dataset="starter")
    fitted = bench.maps.fit(bench.maps.spec("starter", method=MapMethod.PCA)).map_id
    bench.lifecycle.archive("search", search)
    bench.lifecycle.archive("map", fitted)
    assert not bench.search.states() and not bench.maps.infos("starter")
    assert bench.maps.open(fitted).map_id == fitted and bench.search.folder_of(search).run_id == search
    assert [m.map_id for m in bench.maps.infos("starter", archived=True)] == [fitted]
    bench.maps.fit(bench.maps.spec("starter", method=MapMethod.PCA))
    assert [m.map_id for m in bench.maps.infos("starter")] == [fitted]


# ---- what uses what ---------------------------------------------------------------------------------------------------


def test_a_data_set_is_kept_by_name_while_anything_was_made_of_it(bench: Workbench, home: Path) -> None:
    name = _add(bench, "songs")
    run = bench.training.train(name, config=QUICK).run_id
    search = _search(home, "one-search", dataset="starter+songs")
    bench.lifecycle.archive("run", run)
    with pytest.raises(InputError) as refused:
        bench.lifecycle.delete("dataset", name)
    assert f"the run {run}" in str(refused.value) and f"the search {search}" in str(refused.value)
    bench.lifecycle.delete("run", run)
    bench.lifecycle.delete("search", search)
    assert bench.lifecycle.delete("dataset", name).n_files == 2
    assert not (home / "library" / name).exists() and name not in bench.resources.library.every_name()


def test_a_run_is_kept_while_a_map_or_another_encoder_rests_on_it(bench: Workbench, home: Path) -> None:
    twin = twin_run(home, "twin")
    fitted = bench.maps.fit(bench.maps.spec("starter", method=MapMethod.PCA, run_id=twin)).map_id
    with pytest.raises(InputError, match=f"used by the map {fitted}"):
        bench.lifecycle.delete("run", twin)
    bench.lifecycle.delete("map", fitted)
    other = twin_run(home, "other")
    spec = json.loads((home / "runs" / other / "spec.json").read_text())
    spec["config"]["encoder"] = str(home / "runs" / twin / "model" / "encoder")
    (home / "runs" / other / "spec.json").write_text(json.dumps(spec))
    with pytest.raises(InputError, match="used by the run other"):
        bench.lifecycle.delete("run", twin)


def test_a_search_is_kept_while_a_run_has_its_options(bench: Workbench, home: Path) -> None:
    search, twin = _search(home, "one-search", dataset="starter"), twin_run(home, "twin")
    spec = json.loads((home / "runs" / twin / "spec.json").read_text())
    (home / "runs" / twin / "spec.json").write_text(json.dumps({**spec, "search_id": search}))
    with pytest.raises(InputError, match="used by the run twin"):
        bench.lifecycle.delete("search", search)
    bench.lifecycle.delete("run", twin)
    bench.lifecycle.delete("search", search)
    with pytest.raises(InputError, match="no such search"):
        bench.search.view(search)


def test_rows_of_an_earlier_import_do_not_keep_a_name(bench: Workbench, home: Path) -> None:
    """A run of other rows under the same name has nothing to do with what the name holds now."""
    name, twin = _add(bench, "songs"), twin_run(home, "twin")
    spec = json.loads((home / "runs" / twin / "spec.json").read_text())
    (home / "runs" / twin / "spec.json").write_text(json.dumps({**spec, "dataset": name, "dataset_digest": "0" * 64}))
    bench.lifecycle.delete("dataset", name)


def test_a_project_keeps_its_data_set_and_is_archived_alone(bench: Workbench) -> None:
    name = _add(bench, "songs")
    enrol(bench.labels.session, "Ada")
    project = bench.labels.create_project("Bells", name, by="ada")
    with pytest.raises(InputError, match=f"the project {project.project_id}"):
        bench.lifecycle.delete("dataset", name)
    with pytest.raises(InputError, match="never deleted"):
        bench.lifecycle.delete("project", project.project_id)
    bench.lifecycle.archive("project", project.project_id)
    assert bench.lifecycle.projects() == []
    with pytest.raises(InputError, match=f"restore project {project.project_id}"):
        bench.lifecycle.require_listed("project", project.project_id)
    row_ids = bench.datasets.get(name).frame["row_id"].tolist()[:2]
    assert bench.labels.picked.held_by(name, row_ids) == {}
    bench.lifecycle.restore("project", project.project_id)
    assert [p.project_id for p in bench.lifecycle.projects()] == [project.project_id]
    bench.lifecycle.require_listed("project", project.project_id)
    assert list(bench.labels.picked.held_by(name, row_ids)) == [project]


# ---- names, kills, and two at once ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../library", "a/b", "/etc", ".new-x", "x\0y", "promoted.json", "no such", "\u202e"]
)
@pytest.mark.parametrize("kind", list(StoredKind))
def test_names_that_lead_elsewhere_are_refused(bench: Workbench, home: Path, kind: StoredKind, name: str) -> None:
    before = sorted(p.name for p in (home / "runs").iterdir())
    for change in (bench.lifecycle.archive, bench.lifecycle.restore, bench.lifecycle.look_at):
        with pytest.raises(InputError, match="There is no such"):
            change(kind, name)
    with pytest.raises(InputError):
        bench.lifecycle.delete(kind, name)
    assert sorted(p.name for p in (home / "runs").iterdir()) == before


def test_odd_names_and_broken_runs_can_go(bench: Workbench, home: Path) -> None:
    odd = twin_run(home, "späte Züge [b] 100%")
    bench.lifecycle.archive("run", odd)
    bench.lifecycle.delete("run", odd)
    broken = twin_run(home, "broken")
    (home / "runs" / broken / "spec.json").write_text("{")
    bench.lifecycle.delete("run", broken)
    (home / "library" / "damaged").mkdir()
    (home / "library" / "damaged" / "meta.json").write_text("[")
    bench.lifecycle.delete("dataset", "damaged")


def test_of_a_link_the_link_goes(bench: Workbench, home: Path, tmp_path: Path) -> None:
    twin = twin_run(home, "twin")
    (home / "runs" / twin).rename(tmp_path / "elsewhere")
    (home / "runs" / twin).symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    bench.lifecycle.delete("run", twin)
    assert not (home / "runs" / twin).is_symlink() and (tmp_path / "elsewhere" / "spec.json").is_file()


_DELETE = """
import shutil, sys, time
from rebracket_core.workbench import get_workbench
slow = shutil.rmtree
def rmtree(path, *a, **k):
    print("moved", flush=True)
    time.sleep(60)
shutil.rmtree = rmtree
get_workbench().lifecycle.delete("run", sys.argv[1])
"""


@pytest.fixture
def killed(home: Path) -> Iterator[str]:
    """The id of a run whose removal was killed after it had been moved away."""
    twin = twin_run(home, "twin")
    work = subprocess.Popen(
        [sys.executable, "-c", _DELETE, twin], stdout=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert work.stdout is not None and work.stdout.readline().strip() == b"moved"
    os.kill(work.pid, signal.SIGKILL)
    work.wait()
    yield twin


def test_a_kill_in_the_middle_leaves_no_half_run(bench: Workbench, home: Path, killed: str) -> None:
    assert killed not in [run.run_id for run in bench.runs.all()] and not bench.resources.runs.broken()
    with pytest.raises(InputError, match="no such run"):
        bench.lifecycle.delete("run", killed)
    left = [p for p in (home / "runs").iterdir() if p.name.startswith(".new-")]
    assert left  # what was moved away and not yet removed
    bench.lifecycle.delete("run", twin_run(home, "next"))
    assert not [p for p in (home / "runs").iterdir() if p.name.startswith(".new-")]


def test_of_two_deletes_at_once_one_does_it(bench: Workbench, home: Path) -> None:
    for i in range(5):
        twin = twin_run(home, f"twin-{i}")

        def work(_: int, twin: str = twin) -> str:
            try:
                return str(bench.lifecycle.delete("run", twin).stored_id)
            except InputError as refused:
                return refused.message

        with ThreadPoolExecutor(2) as pool:
            found = sorted(pool.map(work, range(2)))
        assert found == ["There is no such run.", twin]


def test_a_training_and_a_delete_at_once_leave_no_run_without_data(bench: Workbench) -> None:
    """Whoever comes first: the data set is kept for the run, or the training finds it gone and makes no run."""
    for i in range(4):
        name = _add(bench, f"songs-{i}")

        def train(name: str = name) -> Any:
            try:
                return bench.training._new_run(name, QUICK)
            except DataError as refused:
                return refused

        def delete(name: str = name, late_s: float = 0.02 * i) -> Any:
            time.sleep(late_s)
            try:
                return bench.lifecycle.delete("dataset", name)
            except InputError as refused:
                return refused

        with ThreadPoolExecutor(2) as pool:
            made, gone = (future.result() for future in (pool.submit(train), pool.submit(delete)))
        assert isinstance(made, JobFolder) == isinstance(gone, InputError), (made, gone)
        assert (name in bench.resources.library.every_name()) == isinstance(made, JobFolder)


def test_a_run_that_a_worker_has_is_left_alone(bench: Workbench, home: Path) -> None:
    twin = twin_run(home, "twin")
    JobFolder(home / "runs" / twin).new_attempt()  # as a worker that is starting
    for change in (bench.lifecycle.archive, bench.lifecycle.delete):
        with pytest.raises(InputError, match="its own worker"):
            change("run", twin)


# ---- the command line -------------------------------------------------------------------------------------------------


def test_the_commands_archive_restore_list_and_delete(invoke: Invoke, home: Path) -> None:
    twin = twin_run(home, "twin")
    assert json.loads(invoke("archive", "run", twin, "--json").stdout) == {"archived": {"kind": "run", "id": twin}}
    assert twin not in invoke("runs").stdout and twin in invoke("archived").stdout
    assert json.loads(invoke("archived", "--json").stdout) == {"archived": [{"kind": "run", "id": twin}]}
    assert json.loads(invoke("restore", "run", twin, "--json").stdout) == {"restored": {"kind": "run", "id": twin}}
    refused = invoke("delete", "run", twin)
    assert refused.exit_code == 2 and "--yes" in refused.stderr and (home / "runs" / twin).is_dir()
    gone = json.loads(invoke("delete", "run", twin, "--yes", "--json").stdout)["deleted"]
    assert (gone["kind"], gone["id"]) == ("run", twin) and gone["bytes"] > 0
    assert not (home / "runs" / twin).exists()
    again = invoke("delete", "run", twin, "--yes", "--json")
    assert again.exit_code == 2 and json.loads(again.stdout)["error"]["message"] == "There is no such run."
    odd = invoke("delete", "song", "x", "--yes")
    assert odd.exit_code == 2 and "run, dataset, search, map, project" in odd.stderr
    kept = invoke("delete", "dataset", "starter", "--yes")
    assert kept.exit_code == 2 and "used by the run" in kept.stderr
