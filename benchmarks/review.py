"""The review of the users' own corpus: figures only, as `docs/review.md` gives them; no text of it is printed."""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from rebracket_core.insight.calibration import own_point, reliability_diagram, risk_coverage, top_predictions
from rebracket_core.insight.errors import (
    Question,
    confused_pairs,
    confusion,
    find_slices,
    joint_failures,
    properties_of,
    twin_cosines,
)
from rebracket_core.settings import Settings
from rebracket_core.training import TrainingConfig
from rebracket_core.workbench import Workbench

SEED = Settings.from_env({}).seed
SETS = (("songs", "segments.parquet", ("concept", "descriptions")), ("proposals", "proposals.parquet", ("concept",)))


def review_lines(bench: Workbench, run_id: str) -> list[str]:
    """What the review pages say of a run, one line a figure."""
    review = bench.review.review(run_id)
    top = top_predictions(review, "album")
    held, curve, gate = reliability_diagram(top, seed=SEED), risk_coverage(top, seed=SEED), own_point(review, seed=SEED)
    pairs = confused_pairs(confusion(review, Question.ALBUM, seed=SEED))[:4]
    lines = [
        f"held-out texts {len(review)}, groups {review.n_groups}, album accuracy {top.right.mean():.3f}",
        f"calibration error (ECE) {held.error:.3f}, expected by chance {held.perfect:.3f} (p {held.p:.3f})",
        f"AURC {curve.aurc:.3f}, AUGRC {curve.augrc:.3f} (chance {curve.augrc_random:.3f}, best {curve.augrc_best:.3f})",
        f"accepted {gate.coverage:.2f} ({gate.n_accepted}), accuracy of these {gate.right}",
        "confused: " + "; ".join(f"{p.truth} as {p.answer} {p.count:.0f} ({p.low:.2f} to {p.high:.2f})" for p in pairs),
    ]
    for f in joint_failures(review, seed=SEED):
        if f.count and f.axes:
            lines.append(f"wrong together: {' + '.join(f.axes)} {f.share:.3f}, if apart {f.apart:.3f}")
    at = np.flatnonzero(review.comparable)
    right = (review.album_top == review.album_truth)[at].astype(float)
    twins = twin_cosines(bench.review.vectors(review), review.all_predictions().fold)
    report = find_slices(right, properties_of(review, at, twin=twins), review.groups[at], rows=at, seed=SEED)
    lines += [
        f"worse: {s.what} {s.value} {s.right:.2f} against {s.rest:.2f} ({s.low:+.2f} to {s.high:+.2f})"
        for s in report.slices
        if s.worse and s.what != "agent"
    ]
    return lines


def geometry_lines(bench: Workbench, dataset: str) -> list[str]:
    """What the geometry page says of a data set, one line a figure."""
    found = bench.review.geometry(dataset)
    path = found.path
    turn = f"{path.cosine:+.2f} ({path.low:+.2f} to {path.high:+.2f})"
    lines = [f"path {path.shape}: cosine {turn}, half circle {path.half_circle:.2f}"]
    lines += [
        f"{p.first} and {p.second}: {p.cosine:+.2f} ({p.low:+.2f} to {p.high:+.2f}), labels agree {p.labels_agree:.2f} of {p.n}"
        for p in found.angles.pairs
    ]
    proven, pairs = int((np.triu(found.distances.p, 1) < 0.05)[np.triu_indices(9, 1)].sum()), np.triu_indices(9, 1)
    lines.append(f"album pairs apart: {proven} of {int(np.isfinite(found.distances.p[pairs]).sum())}")
    if found.colour:
        lines.append(f"colours and texts: rho {found.colour.rho:+.2f}, p {found.colour.p:.3f}")
    split = bench.review.split_contrast(dataset)
    both = f"by group {split.right_by_song:.3f}, by row (LEAKED) {split.right_by_row:.3f}"
    lines.append(f"same classifier on {split.n} rows: {both}")
    return lines


def review_rows(corpus: Path, settings: Settings) -> Iterator[dict[str, Any]]:
    """The figures as rows of the benchmark page; trains on the corpus in a home of its own. Also what a page waits for."""
    with tempfile.TemporaryDirectory() as home:
        bench = Workbench(Settings.from_env({"REBRACKET_HOME": home}))
        for name, file, text in SETS:
            bench.datasets.import_path(corpus / file, name=name)
            run = bench.training.train(name, config=TrainingConfig.of(text=text, seed=settings.seed))
            for lines, what in ((review_lines(bench, run.run_id), "run"), (geometry_lines(bench, name), "data")):
                for line in lines:
                    head, value = re.split(": " if ": " in line else r"\s(?=[-+]?\d)", line, maxsplit=1)
                    yield {"what": f"{name}, {what}: {head}", "target": "", "value": value}
            start = time.perf_counter()
            document = bench.review.report(run.run_id)
            yield {
                "what": f"{name}: the report of the run",
                "target": "",
                "value": f"{time.perf_counter() - start:.1f} s, {len(document) / 1e6:.1f} MB",
            }


def main(corpus: Path) -> None:
    """Print the figures, one line each."""
    for row in review_rows(corpus, Settings.from_env({})):
        print(f"- {row['what']}: {row['value']}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
