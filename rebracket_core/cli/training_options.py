"""The command `options`: every training option with its default, what may stand there, and what it means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebracket_core.cli.exit_codes import DONE, command, out, tell
from rebracket_core.cli.options import HomeOption, JsonOption, pairs
from rebracket_core.cli.tables import columns, one_line

if TYPE_CHECKING:
    from rebracket_core.training.config import TrainingConfig


def config_from(file: Path | None, values: list[str] | None, *, default: TrainingConfig) -> TrainingConfig:
    """The config of a file, or the default one, with the "key=value" words on it.

    On stderr stand the keys of a file of the users' pipeline, each taken, changed or refused, and options without effect.
    """
    from rebracket_core.training.config import READING_COLUMNS, read_config_file

    shown = set[str]()
    if file:
        reading = read_config_file(file, changes=pairs(values))
        if not reading.plain:
            for line in columns(READING_COLUMNS, [key.cells for key in reading.keys]).split("\n"):
                tell(line)
            shown = {name for key in reading.keys for name in key.options}
        tell(f"{file}: {reading.summary}")
        config = reading.config
    else:
        config = default.with_(**pairs(values))
    for name, (option, _) in config.idle().items():
        if name not in shown:
            tell(f"Note: {name} has no effect here: it counts where {option.counts_where()}.")
    return config


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
