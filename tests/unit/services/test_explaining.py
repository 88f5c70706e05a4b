"""Explanations of a real run: they add up to what the verdict says, and nothing is encoded that need not be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rebracket_core.errors import InputError
from rebracket_core.insight.explain.margins import OUTPUTS
from rebracket_core.validation import Concept
from rebracket_core.workbench import Workbench
from tests.conftest import open_home

TEXT = "A brass lantern was left on the quay in 1911."


@pytest.fixture
def bench(home: Path) -> Workbench:
    return open_home(home)


def test_the_shares_add_up_to_the_margin_of_the_verdict(bench: Workbench) -> None:
    found = bench.explain.explain(TEXT)
    verdict = bench.verdicts.validate([Concept("1", TEXT)], keep=False)[0]
    shares = verdict.album_probabilities or {}
    assert found.predicted == verdict.album
    assert found.margin == pytest.approx(np.log(shares[found.predicted] / shares[found.runner_up]), abs=0.01)
    assert found.words == tuple(TEXT.split()) and len(found.gradients) == len(found.words)
    assert sum(found.gradients) == pytest.approx(found.margin - found.baseline, abs=abs(found.missed) + 1e-9)
    assert found.adds_up and any(found.through_words)


@pytest.mark.slow
@pytest.mark.parametrize("output", OUTPUTS)
def test_every_output_adds_up(bench: Workbench, output: str) -> None:
    assert bench.explain.explain(TEXT, output=output).adds_up


@pytest.mark.slow
def test_a_text_longer_than_the_window_adds_up_over_its_windows(bench: Workbench) -> None:
    found = bench.explain.explain("A tower fell, and a bell was lost. " * 40)
    assert len(found.words) == 320 and found.adds_up


def test_only_remembered_vectors_are_near(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = bench.resources.encoder("minilm")
    asked: list[int] = []
    inner = encoder.inner.encode  # type: ignore[attr-defined]
    monkeypatch.setattr(encoder.inner, "encode", lambda texts, **more: asked.append(len(texts)) or inner(texts, **more))  # type: ignore[attr-defined]
    told = bench.datasets.get("starter").frame["concept"].tolist()
    found = bench.explain.nearest(told[0])
    assert sum(asked) <= 1 and found.n_known == found.n
    assert found.texts[0].cosine == pytest.approx(1.0, abs=1e-4) and found.texts[0].text.split() == told[0].split()
    assert found.learned and [near.same for near in found.texts] == [True] + [False] * (len(found.texts) - 1)
    assert bench.explain.nearest(told[0].upper() + " !").learned
    assert not bench.explain.nearest(TEXT).learned


def test_what_cannot_be_explained_is_refused(bench: Workbench) -> None:
    for text, output in (("", "album"), ("12 34", "album"), (TEXT, "colour")):
        with pytest.raises(InputError):
            bench.explain.explain(text, output=output)
