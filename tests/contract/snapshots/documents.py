"""What commands print with --json over the old home, as shapes, and how they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.contract.old_home import expected, renew_monitoring, unpack
from tests.contract.snapshots.faces import invoke
from tests.contract.snapshots.shapes import merged, shape_of

TEXT = "A brass lantern was left on the quay."
SMALL = ("--set", "folds=2", "--set", "members=1", "--set", "max_steps=5")
LINES: dict[str, tuple[str, ...]] = {
    "validate jsonl": ("validate", "{tmp}/concepts.jsonl", "--run", "{default}", "--format", "jsonl"),
    "validate json": ("validate", "{tmp}/good.txt", "--run", "{default}", "--json", "--no-history"),
    "validate out": ("validate", "{tmp}/good.txt", "--run", "{default}", "--json", "--out", "{tmp}/out.csv"),
    "validate dropout": ("validate", "{tmp}/good.txt", "--run", "{dropout}", "--json", "--set", "dominant=0.65"),
    "validate parts": ("validate", "{tmp}/good.txt", "--run", "{default}", "--parts", "{tmp}/parts", "--json"),
    "evaluate own": ("evaluate", "{default}", "starter", "--json"),
    "evaluate other": ("evaluate", "{old_options}", "others", "--json"),
    "audit": ("audit", "starter", "--json"),
    "runs": ("runs", "--json"),
    "compare": ("compare", "{default}", "{dropout}", "--json"),
    "card": ("card", "{default}", "--json"),
    "promote": ("promote", "{evidential}", "--json"),
    "export-run": ("export-run", "{default}", "--out", "{tmp}/run.zip", "--json"),
    "import-run": ("import-run", "{files}/run.zip", "--json", "--home", "{tmp}/second"),
    "import": ("import", "{tmp}/rows.csv", "--name", "rows", "--json"),
    "annotations status": ("annotations", "status", "--json"),
    "annotations agreement": ("annotations", "agreement", "first-round", "--json"),
    "annotations agreement, suggestions seen": ("annotations", "agreement", "second-round", "--json"),
    "annotations agreement, given alone": ("annotations", "agreement", "third-round", "--json"),
    "annotations snapshot": ("annotations", "snapshot", "first-round", "--by", "Ann", "--json"),
    "annotations export": ("annotations", "export", "first-round", "--out", "{tmp}/labels.jsonl", "--json"),
    "annotations import": ("annotations", "import", "first-round", "{files}/labels.csv", "--by", "Ann", "--json"),
    "annotations create": ("annotations", "create", "One more round", "others", "--by", "Ann", "--json"),
    "annotations suggest": ("annotations", "suggest", "first-round", "--run", "{default}", "--by", "Ann", "--json"),
    "annotations order": ("annotations", "order", "first-round", "random", "--by", "Ann", "--json"),
    "annotations backup": ("annotations", "backup", "{tmp}/backup.db", "--json"),
    "monitor": ("monitor", "--run", "{default}", "--json"),
    "explain": ("explain", TEXT, "--run", "{default}", "--json"),
    "counterfactuals": (
        "counterfactuals",
        TEXT,
        "--run",
        "{default}",
        "--to",
        "album",
        "--edits",
        "1",
        "--seconds",
        "30",
        "--no-keep",
        "--json",
    ),
    "replay": ("replay", "{default}", "--json"),
    "map": ("map", "starter", "--method", "pca", "--place", TEXT, "--json"),
    "searches": ("searches", "--json"),
    "searches one": ("searches", "{search}", "--json"),
    "keys list": ("keys", "list", "--json"),
    "keys add": ("keys", "add", "one more", "--json"),
    "keys revoke": ("keys", "revoke", "{revoked_id}", "--json"),
    "train": ("train", "starter", *SMALL, "--quiet", "--json"),
    "an error": ("evaluate", "{default}", "nothing", "--json"),
    "an empty source": ("validate", "{tmp}/empty.jsonl", "--json"),
    "no item can be judged": ("validate", "{tmp}/bad.jsonl", "--run", "{default}", "--json"),
    "an unknown run": ("validate", "{tmp}/good.txt", "--run", "nothing", "--json"),
    "a run that gives no verdicts": ("validate", "{tmp}/good.txt", "--run", "{scored_only}", "--json"),
    "a missing file": ("validate", "{tmp}/nothing.txt", "--json"),
    "an unknown threshold": ("validate", "{tmp}/good.txt", "--set", "nothing=1", "--json"),
    "an unknown training option": ("train", "starter", "--set", "nothing=1", "--json"),
    "an unknown option": ("validate", "--nothing"),
    "a missing argument": ("evaluate", "{default}"),
    "a promoted run without verdicts": ("promote", "{scored_only}", "--json"),
    "both to promote": ("promote", "{default}", "--back", "--json"),
    "an unknown project": ("annotations", "agreement", "nothing", "--json"),
    "a run that is done": ("resume", "{default}", "--json"),
    "nothing to cancel": ("cancel", "{default}", "--json"),
    "a broken archive": ("import-run", "{tmp}/good.txt", "--json"),
    "no model": ("validate", "{tmp}/good.txt", "--json", "--home", "{tmp}/empty-home"),
}
"""Command lines by what they show. Folders and ids stand in braces; a line without --home is about the old home."""
MAPS = frozenset(
    {
        "verdicts",
        "counts",
        "albums",
        "agreement.left_aside",
        "found.importance",
        "selective.verdicts",
        "selective.reasons",
        "calibration.sets.sizes",
        "runs[].metrics.selective.verdicts",
        "runs[].metrics.selective.reasons",
        "runs[].metrics.calibration.sets.sizes",
        "metrics.selective.verdicts",
        "metrics.selective.reasons",
        "metrics.calibration.sets.sizes",
        "trials[].options",
        "taken_as",
        "agreement.questions[].basis.overlap",
        "pace.by_day",
        "pace.by_day.*",
        "projects[].progress.labels_by_person",
        "projects[].progress.labels_by_day",
    }
)
"""Paths of objects whose keys are data and not fields."""
MAY_BE_NULL = frozenset(
    {f"{before}selective.{name}" for before in ("", "runs[].metrics.", "metrics.") for name in ("accuracy", "accuracy_ci[]")}
)
"""Paths of what is null where the verdict rules accept nothing, so that other rules are no loss of a field."""
AGREED_WIDER = ("thresholds.* was boolean or number and is boolean or number or string",)
"""The thresholds' one new key, accept_axes, is a word; every key that was there keeps its type."""
OPTIONS_RENAMED: dict[str, str] = {}
"""Training options that `config` objects show under another name, by an agreed change: path of the old name → new name."""


class Scene:
    """The old home with the files that the command lines name."""

    def __init__(self, root: Path, *, cache: Path | None = None) -> None:
        self.home = unpack(root / "old", cache=cache)
        renew_monitoring(self.home)
        told, tmp = expected(), root / "tmp"
        tmp.mkdir()
        good = told["texts"][:3]
        rows = [{"id": str(at), "concept": text, "rainbow_color": "Red"} for at, text in enumerate(told["texts"])]
        bad = {"id": "bad", "concept": ""}
        (tmp / "good.txt").write_text("\n".join(good) + "\n", encoding="utf-8")
        (tmp / "concepts.jsonl").write_text("\n".join(map(json.dumps, [*rows, bad])) + "\n", encoding="utf-8")
        (tmp / "bad.jsonl").write_text(json.dumps(bad) + "\n", encoding="utf-8")
        (tmp / "empty.jsonl").write_text("", encoding="utf-8")
        (tmp / "rows.csv").write_text(
            "id,song_id,concept,rainbow_color\n"
            + "".join(
                f"r{k},s{k // 2},The ferryman keeps a ledger of lost hours number {k}.,{'Red' if k % 2 else 'Blue'}\n"
                for k in range(6)
            ),
            encoding="utf-8",
        )
        self._names = {
            **told["runs"],
            "tmp": str(tmp),
            "files": str(root / "old" / "files"),
            "search": told["search"]["search_id"],
            "revoked_id": told["keys"]["revoked_id"],
        }

    def run(self, line: tuple[str, ...]) -> dict[str, Any]:
        """The exit code of a command line, and the shape of what it printed where that is JSON."""
        words = [word.format(**self._names) for word in line]
        done = invoke(*words, *(() if "--home" in words else ("--home", self.home)))
        found: dict[str, Any] = {"line": list(line), "code": done.exit_code}
        if "--json" in line:
            found["shape"] = shape_of(json.loads(done.stdout), maps=MAPS, nullable=MAY_BE_NULL)
        elif "jsonl" in line:
            found["shape"] = merged(shape_of(json.loads(one)) for one in done.stdout.splitlines())
        return found
