"""Several processes on one queue: exact counts and no error; killed at any moment, no acknowledged label is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.annotation import kills
from rebracket_core.annotation import LabelSession, NewItem, NewProject, ProjectSettings
from rebracket_core.annotation.events.consistency import check_consistency
from rebracket_core.annotation.people import enrol
from rebracket_core.annotation.projects import create_project
from rebracket_core.annotation.queries import list_labels

SCRIPT = Path(__file__).parent / "labelling_process.py"
ROOT = Path(__file__).resolve().parents[3]


def _project(url: str, *, n: int, people: int, overlap: int, lease_s: int = 900) -> LabelSession:
    session = LabelSession.open(url)
    for k in range(people):
        enrol(session, f"p{k}")
    create_project(
        session,
        NewProject(
            "p", [NewItem(f"t{k}", f"text {k}") for k in range(n)], settings=ProjectSettings(overlap=overlap, lease_s=lease_s)
        ),
        by="p0",
    )
    return session


def _start(url: str, person: str, n: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), url, "p", person, str(n)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )


@pytest.mark.slow
@pytest.mark.parametrize("overlap", [1, 3])
def test_processes_share_a_queue_exactly(database_url: str, overlap: int) -> None:
    session = _project(database_url, n=150, people=4, overlap=overlap)
    workers = [_start(database_url, f"p{k}", 5) for k in range(4)]
    told = [worker.communicate(timeout=240) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 4, told
    labels = list_labels(session, "p")
    assert Counter(Counter(label.item_id for label in labels).values()) == {overlap: 150}
    assert len({(label.item_id, label.annotator) for label in labels}) == len(labels) == 150 * overlap
    assert check_consistency(session) == []
    claims = sorted(s for out, _ in told for s in json.loads(out.splitlines()[-1])["claims"])
    assert claims[int(0.95 * len(claims))] < 1.0  # the bench measures; this only says that nobody starves
    session.close()


@pytest.mark.slow
def test_killed_at_any_moment_no_acknowledged_label_is_lost(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'w.db'}"
    session = _project(url, n=1200, people=8, overlap=1, lease_s=5)
    found = kills(url, session, n=300, n_kills=5, a_turn=(15, 60))
    assert found.n_acked >= 300 and found.lost == frozenset() and found.n_twice == 0
    assert check_consistency(session) == []
    session.close()
