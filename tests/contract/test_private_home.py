"""Everything that Rebracket makes in a home is its owner's alone, whatever the umask: driven as people drive it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rebracket_core.settings import data_dir

ROOT = Path(__file__).resolve().parents[2]
# What the pages do, in a process whose umask stays as it was: a library leaves it alone.
_PAGES = """
import os, time, uuid
from pathlib import Path
from rebracket_core.annotation import AxisLabel, LabelValue, Submission
from rebracket_core.annotation.labelling import submit_labels
from rebracket_core.annotation.people import enrol
from rebracket_core.annotation.queue.leases import claim_items
from rebracket_core.training import TrainingConfig
from rebracket_core.workbench import get_workbench

bench = get_workbench()
small = TrainingConfig.of(ensemble_size=1, folds=3, max_steps=25)
run_id = bench.training.launch("songs", config=small)
map_id = bench.maps.launch(bench.maps.spec("songs", method="pca", seed=7))
session = bench.labels.session
enrol(session, "Ada")
project = bench.labels.create_project("moods", "songs", by="ada").project_id
value = LabelValue(AxisLabel.hard("temporal", "past"), AxisLabel.abstain(), AxisLabel.abstain())
got = claim_items(session, project, n=3, by="ada").items
sent = [Submission(str(uuid.uuid4()), c.item.item_id, c.item.round, c.item.text_digest, value, "", c.lease.lease_id)
        for c in got]
assert [ack.status for ack in submit_labels(session, project, submissions=sent, by="ada")] == ["saved"] * 3
bench.maps.selections.add_note("songs", "r1", text="a note", author="Ada")
bench.maps.selections.keep("songs", ["r1", "r2"], name="two")
bench.runs.set_note(bench.runs.production().run_id, text="in use", tags=["first"])
bench.labels.back_up(bench.settings.home / "backups" / "one.db")
bench.runs.export(bench.runs.production().run_id, to=Path(os.environ["OUT"]) / "run.zip")
bench.monitoring.counts.flush()
for _ in range(1200):
    if bench.training.watch(run_id).state.status == "done" and bench.maps.info(map_id).fitted:
        break
    time.sleep(0.1)
else:
    raise SystemExit(f"{bench.training.watch(run_id)} {bench.maps.info(map_id)}")
time.sleep(1)
assert os.umask(0) == 0
"""
TEXT = "A lighthouse keeper counts the ships that never came back."
pytestmark = pytest.mark.skipif(os.name != "posix", reason="this system has no such modes")


class Desk:
    """A person's shell with the umask 000 and a home that is not there yet."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / "home"
        self.env = {**os.environ, "REBRACKET_HOME": str(self.home), "OMP_NUM_THREADS": "1"}

    def run(self, *words: object) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "rebracket_core.cli", *map(str, words)],
            env=self.env,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=240,
            umask=0,
        )
        assert done.returncode == 0, f"{words}: {done.stderr[-2000:]}"
        return done.stdout

    def serve(self) -> None:
        """Serve for the time of one question that is kept."""
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        httpx = pytest.importorskip("httpx")
        secret = self.run("keys", "add", "me").strip()
        server = subprocess.Popen(
            [sys.executable, "-m", "rebracket_core.cli", "serve", "--port", str(port), "--history"],
            env=self.env,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            umask=0,
        )
        try:
            for _ in range(300):
                try:
                    answer = httpx.post(
                        f"http://127.0.0.1:{port}/v1/validate",
                        json={"text": TEXT},
                        timeout=30,
                        headers={"Authorization": f"Bearer {secret}"},
                    )
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            assert answer.status_code < 500, answer.text
            self.check("while it serves")
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=60)

    def check(self, when: str) -> None:
        """Nothing in the home may be read or entered by others."""
        wide = []
        for root, folders, files in os.walk(self.home):
            for name in (".", *folders, *files):
                path = Path(root) / name
                mode = path.lstat().st_mode & 0o777
                if mode != (0o700 if path.is_dir() else 0o600):
                    wide.append(f"{path.relative_to(self.home)} {mode:04o}")
        assert not wide, f"{when}: {wide}"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    songs = tmp_path / "songs"
    songs.mkdir()
    for path in sorted((data_dir() / "starter" / "concepts").glob("*.yaml"))[::4]:
        shutil.copy(path, songs)
    return Desk(tmp_path)


@pytest.mark.slow
def test_everything_in_a_home_is_private_whatever_the_umask(desk: Desk) -> None:
    desk.run("import", desk.folder / "songs", "--name", "songs")
    desk.check("after an import")
    desk.run("train", "songs", "--set", "members=1", "--set", "folds=3", "--set", "max_steps=25")
    desk.check("after a training")
    (desk.folder / "concepts.txt").write_text(f"{TEXT}\n")
    desk.run("validate", desk.folder / "concepts.txt", "--out", desk.folder / "verdicts.jsonl")
    desk.check("after verdicts with history")
    assert (desk.folder / "verdicts.jsonl").stat().st_mode & 0o777 == 0o666  # a person's own, as their umask says
    desk.run("map", "songs", "--method", "pca")
    desk.check("after a map")
    done = subprocess.run(
        [sys.executable, "-c", _PAGES],
        env={**desk.env, "OUT": str(desk.folder)},
        cwd=ROOT,
        umask=0,
        text=True,
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    desk.check("after labels, notes, workers and a backup")
    assert (desk.folder / "run.zip").stat().st_mode & 0o777 == 0o666
    exported = desk.run("import-run", desk.folder / "run.zip", "--home", desk.folder / "other")
    assert exported and not [p for p in (desk.folder / "other").rglob("*") if p.stat().st_mode & 0o077]
    desk.serve()
    desk.check("after serving")
    assert "by its owner alone" in desk.run("doctor")
    desk.check("after the doctor")
