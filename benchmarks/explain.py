"""How long an explanation and a search for counterfactuals take, and how often such a search finds something."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from benchmarks.texts import SHORT, starter_texts
from rebracket_core.insight.explain import Goal
from rebracket_core.workbench import Workbench

ROUNDS = 9
SEARCHED = 12
# The middle one of the users' proposals has so many words.
LONG_WORDS = 183


def explain(bench: Workbench) -> Iterator[dict[str, Any]]:
    """The figures of the Explain page on the production run; models are open, and no text is asked twice for one figure."""
    texts = sorted(starter_texts(), key=len)
    ask = bench.explain
    ask.check(ask.explain(SHORT))
    bench.counterfactuals.find(SHORT, Goal.parse("album"), keep=False)  # everything is open from here on
    middle = texts[len(texts) // 2]
    long = " ".join(" ".join(texts[-4:]).split()[:LONG_WORDS])
    cases = (("a short concept", SHORT), ("a starter concept of middle length", middle), ("as long a text as a proposal", long))
    for name, text in cases:
        words, deltas, checks = [], [], []
        for k in range(ROUNDS):
            start = time.perf_counter()
            found = ask.explain(f"{text} {k}")
            words.append(time.perf_counter() - start)
            deltas.append(found.delta)
            if k < 3:
                ask.check(found)
                checks.append(time.perf_counter() - start - words[-1])
        shown = f"{len(found.words)} words; misses {median(deltas):.2%} of the way, at most {max(deltas):.2%}"
        yield {
            "what": f"Integrated Gradients of {name}, all members, calibration and TF-IDF vocabulary",
            "target": "<= 1 s",
            "value": f"**{median(words):.2f} s** (longest of {ROUNDS}: {max(words):.2f} s; {shown})",
        }
        yield {
            "what": f"the checks of {name}: second baseline, 39 random orders, SHAP, Shapley up to ten words",
            "target": "",
            "value": f"{median(checks):.1f} s",
        }
    yield from _searches(bench, texts)


def _searches(bench: Workbench, texts: list[str]) -> Iterator[dict[str, Any]]:
    chosen = texts[len(texts) // SEARCHED // 2 :: len(texts) // SEARCHED][:SEARCHED]
    for goal in ("album", "verdict"):
        seconds, tried, edits, ended = [], [], [], 0
        for text in chosen:
            start = time.perf_counter()
            found = bench.counterfactuals.find(text, Goal.parse(goal), keep=False)
            seconds.append(time.perf_counter() - start)
            tried.append(found.tried)
            ended += not found.complete
            edits += [len(found.counterfactuals[0].edits)] if found.counterfactuals else []
        sizes = ", ".join(f"{edits.count(n)} with {n}" for n in sorted(set(edits)))
        yield {
            "what": f"search for counterfactuals, another {goal}, {len(chosen)} starter concepts",
            "target": "<= 10 s",
            "value": f"**{max(seconds):.1f} s** the longest, {median(seconds):.1f} s the middle one; found for {len(edits)} "
            f"({sizes} edits), {ended} ended by the clock; {median(tried):.0f} texts scored",
        }
