"""The command `rules`: the verdict rules in their order, with the thresholds that they read."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from rebracket_core.cli.exit_codes import command, out
from rebracket_core.cli.options import HomeOption, JsonOption, workbench_for
from rebracket_core.cli.tables import columns
from rebracket_core.errors import ConfigError
from rebracket_core.thresholds import shown


@command
def rules(
    *,
    run: Annotated[
        str | None, typer.Option("--run", metavar="RUN", help="With the thresholds of this run; by default the defaults.")
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the page docs/verdicts.md.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> None:
    """List the verdict rules in the order in which they are tried, and every threshold."""
    from rebracket_core.validation import describe

    if markdown and as_json:
        raise ConfigError(
            "--markdown and --json exclude each other.", expected="one of the two", found="both", hint="leave one out"
        )
    if markdown:
        out.text(describe.markdown().rstrip())
        return
    limits = workbench_for(home).resources.model(run).thresholds if run else None
    document: dict[str, Any] = {
        "rules": describe.rules_document(limits),
        "thresholds": describe.thresholds_document(limits),
        "run_id": run,
    }
    out.answer(document, _text(document), as_json=as_json)


def _text(document: dict[str, Any]) -> str:
    listed = [
        line
        for row in document["rules"]
        for line in (
            f"{row['number']}. {row['rule']}: {row['verdict']} {row['reason']}".rstrip(),
            f"   when {row['when']}",
            f"   {row['meaning']}",
        )
    ]
    kept = [row for row in document["thresholds"] if not row["retired"]]
    table = columns(("threshold", "value", "what it does"), [(r["name"], shown(r["value"]), r["help"]) for r in kept])
    return "\n".join([*listed, "", table])
