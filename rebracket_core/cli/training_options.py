"""The command `options`: every training option with its default, what may stand there, and what it means."""

from __future__ import annotations

from typing import Annotated

import typer

from rebracket_core.cli.exit_codes import DONE, command, out
from rebracket_core.cli.options import HomeOption, JsonOption
from rebracket_core.cli.tables import one_line


@command
def options(
    name: Annotated[str | None, typer.Argument(help="One option, or a part of its name.")] = None,
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the page docs/options.md.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = None,
) -> int:
    """List the options that --set, config files and searches take, with defaults, ranges and meanings."""
    from rebracket_core.errors import InputError
    from rebracket_core.training.config.document import options_markdown, plain_options, section_title, sections, shown

    if markdown:
        out.text(options_markdown().rstrip("\n"))
        return DONE
    wanted = [o for o in plain_options() if not name or name in o["name"] or name == o["older_name"]]
    if not wanted:
        raise InputError(
            "There is no such training option.",
            expected="a part of the name of one",
            found=repr(name),
            hint="see: rebracket options",
        )
    if as_json:
        out.json({"options": wanted})
        return DONE
    names = {o["name"] for o in wanted}
    parts = []
    for section, found in sections().items():
        lines = [f"  {o.name}={shown(o.default)}  [{o.allowed}]\n      {one_line(o.help)}" for o in found if o.name in names]
        parts += [f"{section_title(section)}\n" + "\n".join(lines)] if lines else []
    out.text("\n\n".join(parts))
    return DONE
