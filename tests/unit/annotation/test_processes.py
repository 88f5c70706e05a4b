"""Several processes on one queue: exact counts and no error; killed at any moment, no acknowledged label is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from rebracket_core.annotation import AnnotationService, NewItem, ProjectSettings
from tests.bench.annotation import kills

SCRIPT = Path(__file__).parent / "labelling_process.py"
ROOT = Path(__file__).resolve().parents[3]


def _project(url: str, *, n: int, people: int, overlap: int, lease_s: int = 900) -> AnnotationService:
    service = AnnotationService(url)
    for k in range(people):
        service.enrol(f"p{k}")
    service.create_project(
        "p",
        [NewItem(f"t{k}", f"text {k}") for k in range(n)],
        by="p0",
        settings=ProjectSettings(overlap=overlap, lease_s=lease_s),
    )
    return service


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
    service = _project(database_url, n=150, people=4, overlap=overlap)
    workers = [_start(database_url, f"p{k}", 5) for k in range(4)]
    told = [worker.communicate(timeout=240) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 4, told
    labels = service.labels("p")
    assert Counter(Counter(label.item_id for label in labels).values()) == {overlap: 150}
    assert len({(label.item_id, label.annotator) for label in labels}) == len(labels) == 150 * overlap
    assert service.replay() == []
    claims = sorted(s for out, _ in told for s in json.loads(out.splitlines()[-1])["claims"])
    assert claims[int(0.95 * len(claims))] < 1.0  # the bench measures; this only says that nobody starves
    service.close()


@pytest.mark.slow
def test_killed_at_any_moment_no_acknowledged_label_is_lost(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'w.db'}"
    service = _project(url, n=1200, people=8, overlap=1, lease_s=5)
    found = kills(url, service, n=300, n_kills=5, a_turn=(15, 60))
    assert found.n_acked >= 300 and found.lost == frozenset() and found.n_twice == 0
    assert service.replay() == []
    service.close()
