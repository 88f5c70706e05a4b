"""What the server tells of the texts that come in: latency, shares, drift, and the sample that it keeps."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")
from starlette.testclient import TestClient

from rebracket_core.errors import ConfigError
from rebracket_core.serving.api import create_app
from rebracket_core.serving.model_router import share_of
from rebracket_core.serving.options import ServeOptions
from tests.conftest import open_home


def metric(client: TestClient, name: str) -> float:
    lines = [line for line in client.get("/metrics").text.splitlines() if line.startswith(name)]
    assert lines, name
    return float(lines[0].rpartition(" ")[2])


def test_every_verdict_is_timed_and_drift_shows(home: Path) -> None:
    bench = open_home(home)
    app = create_app(bench, ServeOptions(keep=True))
    with TestClient(app) as client:
        app.state.service.test_drift()  # too few texts: nothing to tell yet
        assert "rebracket_drift_alarm{" not in client.get("/metrics").text
        items = [f"Step {k}: stir {k + 2} eggs, 200 g of flour and a spoon of sugar; bake at 180 degrees." for k in range(40)]
        assert client.post("/v1/validate/batch", json={"items": items}).json()["n"] == 40
        assert metric(client, "rebracket_verdict_seconds_count") == 40
        assert metric(client, "rebracket_verdict_seconds_sum") > 0
        for _ in range(100):
            if bench.history.count() == 40:
                break
            app.state.service._history.submit(lambda: None).result()
        app.state.service.test_drift()
        assert metric(client, "rebracket_drift_alarm{") == 1
        assert metric(client, "rebracket_drift_p_value{") <= 0.01 and metric(client, "rebracket_drift_mmd2{") > 0
    assert bench.monitoring.traffic(bench.resources.model().run_id).total.n == 40


def test_a_sample_is_kept_and_nothing_else(home: Path) -> None:
    bench = open_home(home)
    texts = [f"A door that was shut in {1800 + k}." for k in range(60)]
    with TestClient(create_app(bench, ServeOptions(sample=0.3))) as client:
        for _ in range(2):
            client.post("/v1/validate/batch", json={"items": texts})
    kept = {entry.verdict["text"] for entry in bench.history.search(limit=200)}
    assert kept == {text for text in texts if share_of(text, salt=b"sample") < 0.3} and 5 < len(kept) < 35
    assert bench.monitoring.traffic(bench.resources.model().run_id).total.n == 120
    with pytest.raises(ConfigError, match="sample"):
        ServeOptions(sample=1.5)


def test_a_share_with_salt_knows_nothing_of_one_without() -> None:
    texts = [str(k) for k in range(2000)]
    both = sum(share_of(text) < 0.5 and share_of(text, salt=b"sample") < 0.5 for text in texts)
    assert 430 < both < 570
