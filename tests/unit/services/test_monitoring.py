"""Verdicts over time, drift of what comes in, and samples of it for people to label."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from rebracket_core.annotation.people import enrol
from rebracket_core.annotation.queries import list_items
from rebracket_core.annotation.queue.leases import claim_items
from rebracket_core.errors import DataError, InputError
from rebracket_core.insight.drift import two_sample
from rebracket_core.scoring.verdict_counts import DAYS_KEPT, VerdictCounts
from rebracket_core.settings import data_dir
from rebracket_core.validation import Concept, failed_verdict
from rebracket_core.workbench import Workbench
from tests.conftest import open_home


def strange_texts() -> list[str]:
    files = sorted((data_dir() / "starter" / "not_concepts").glob("*.yaml"))
    lists = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in files]
    return [str(text) for found in lists if not found.get("hard") for text in found["texts"]]


def concepts(texts: list[str]) -> list[Concept]:
    return [Concept(id=str(k), text=text) for k, text in enumerate(texts)]


@pytest.fixture
def bench(home: Path) -> Workbench:
    return open_home(home)


def test_verdicts_are_counted_by_kind_album_and_time(bench: Workbench) -> None:
    told = bench.verdicts.validate([*concepts(["A bell of 1911.", "A door."]), Concept(id="x", text="?!")])
    bench.verdicts.validate(concepts(["A third."]), keep=False)
    bench.verdicts.validate(concepts(["A fourth."]), keep=False, counted=True)
    traffic = bench.monitoring.traffic(bench.resources.model().run_id)
    assert traffic.total.n == 4 and traffic.total.kinds["error"] == 1 and traffic.total.albums.total() == 3
    accepted = sum(v.is_accepted for v in told)
    assert traffic.accepted is not None and accepted / 3 <= traffic.accepted <= (accepted + 1) / 3
    half, most = traffic.latency_s(0.5), traffic.latency_s(0.95)
    assert half is not None and most is not None and 0 < half <= most < 60
    assert bench.monitoring.traffic("another").total.n == 0
    with pytest.raises(InputError, match="look back"):
        bench.monitoring.traffic("x", days=2)


def test_counts_of_several_processes_are_read_together_and_a_cut_line_is_left_out(tmp_path: Path) -> None:
    now = [1_800_000_000.0]
    first, second = (VerdictCounts(tmp_path, clock=lambda: now[0]) for _ in range(2))
    failed = failed_verdict(Concept(id="1", text="?"), "no letters")
    for counts in (first, second):
        counts.count([failed] * 10, seconds=0.1, run_id="r")
        counts.flush()
    path = next(tmp_path.glob("*.jsonl"))
    path.write_text(path.read_text() + '\n{"at": 18')
    now[0] += 120
    first.count([failed], seconds=5.0, run_id="r")
    found = second.read(since_s=now[0] - 3600), first.read(since_s=now[0] - 3600)
    assert [[bucket.n for bucket in buckets] for buckets in found] == [[20, 1], [20, 1]]
    assert found[1][0].quantile_s(0.5) == pytest.approx(0.01, rel=0.15)
    assert found[1][1].quantile_s(0.5) == pytest.approx(5.0, rel=0.15)
    assert [bucket.n for bucket in first.read(since_s=0, step_s=3600)] == [21]
    assert first.read(since_s=now[0] + 60) == []
    now[0] += (DAYS_KEPT + 2) * 86_400
    third = VerdictCounts(tmp_path, clock=lambda: now[0])
    third.count([failed], seconds=1.0, run_id="r")
    third.flush()
    assert len(list(tmp_path.glob("*.jsonl"))) == 1


def test_a_disk_that_refuses_loses_nothing(tmp_path: Path) -> None:
    counts = VerdictCounts(tmp_path / "monitoring")
    counts.count([failed_verdict(Concept(id="1", text="?"), "no letters")], seconds=0.1, run_id="r")
    (tmp_path / "monitoring").write_text("a file in the way")
    counts.flush()
    (tmp_path / "monitoring").unlink()
    assert [bucket.n for bucket in counts.read(since_s=time.time() - 600)] == [1]


@pytest.mark.slow
def test_texts_that_are_no_concepts_raise_the_alarm(bench: Workbench) -> None:
    run_id = bench.resources.model().run_id
    with pytest.raises(DataError, match="too few"):
        bench.monitoring.drift(run_id)
    strange = strange_texts()[:60]
    assert len(strange) >= 40
    bench.verdicts.validate(concepts(strange))
    bench.verdicts.validate(concepts(strange))  # a text that is asked again counts once
    found = bench.monitoring.drift(run_id)
    assert found.alarm and found.n_incoming == len(set(strange))


def test_training_texts_themselves_raise_no_alarm(bench: Workbench) -> None:
    run_id = bench.resources.model().run_id
    texts = bench.datasets.get("starter").frame["concept"].tolist()
    rng = np.random.default_rng(0)
    bench.verdicts.validate(concepts([texts[i] for i in rng.choice(len(texts), 60, replace=False)]))
    assert not bench.monitoring.drift(run_id).alarm


@pytest.mark.slow
def test_halves_of_the_training_texts_alarm_about_as_often_as_the_level_says(bench: Workbench) -> None:
    vectors = bench.resources.model().ood.training_vectors()
    rng = np.random.default_rng(0)
    alarms = []
    for seed in range(200):
        order = rng.permutation(len(vectors))
        alarms.append(two_sample(vectors[order[:60]], vectors[order[60:120]], level=0.05, permutations=199, seed=seed).alarm)
    assert 0.01 <= np.mean(alarms) <= 0.10  # 0.05, give or take three standard errors of 200 tests


@pytest.mark.slow
def test_a_sample_goes_into_the_queue_of_labels(bench: Workbench) -> None:
    run_id = bench.resources.model().run_id
    session = bench.labels.session
    person = enrol(session, "Ann")
    with pytest.raises(InputError, match="No text came in"):
        bench.monitoring.to_label("one", run_id, by=person.person_id)
    trained = bench.datasets.get("starter").frame["concept"].iloc[0]
    bench.verdicts.validate(
        [*concepts([f"A door that was shut in {1900 + k}." for k in range(12)]), Concept(id="t", text=trained)]
    )
    made = bench.monitoring.to_label("one", run_id, by=person.person_id, n=5)
    items = list_items(session, made.project_id)
    assert len({item.text for item in items}) == 5 and trained not in {item.text for item in items}
    again = bench.monitoring.sample(run_id, n=5)
    assert {entry.verdict["text"] for entry in again} == {item.text for item in items}
    assert claim_items(session, made.project_id, by=person.person_id).items
