"""The options that several commands share, and the settings that follow from them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rebracket_core.errors import ConfigError
from rebracket_core.thresholds import THRESHOLDS

if TYPE_CHECKING:
    from rebracket_core.settings import Settings
    from rebracket_core.workbench import Workbench

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", metavar="FOLDER", help="Where everything lies; by default REBRACKET_HOME, else data/home."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]
TextColumnOption = Annotated[
    str | None,
    typer.Option("--text-column", metavar="NAME", help="The column or field that holds the texts, where it has another name."),
]
ModelOption = Annotated[
    Path | None,
    typer.Option("--model", metavar="FOLDER", help="Ask the run of a folder that export-onnx wrote, not the home's."),
]
RunOption = Annotated[
    str | None, typer.Option("--run", metavar="RUN", help="The run that predicts; by default the production model.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change one value; may be repeated. Those of a training: rebracket options"
    ),
]
ThresholdOption = Annotated[
    list[str] | None,
    typer.Option(
        "--threshold",
        "--set",
        metavar="NAME=VALUE",
        help="Replace one threshold of the run; may be repeated. Names: "
        f"{', '.join(info.name for info in THRESHOLDS if not info.retired)} (see `rebracket rules`).",
    ),
]


class Common:
    """What stood before the command: `rebracket --home F --debug COMMAND`."""

    def __init__(self) -> None:
        self.home: Path | None = None
        self.debug = False

    def set(self, *, home: Path | None, debug: bool) -> None:
        """Remember the options for the command that follows."""
        self.home = home
        self.debug = debug or bool(os.environ.get("REBRACKET_DEBUG"))


common = Common()


def settings_for(home: Path | None) -> Settings:
    """The settings of the environment, with the home that was named on the command line."""
    from rebracket_core.settings import Settings

    env = dict(os.environ)
    chosen = home or common.home
    if chosen is not None:
        env["REBRACKET_HOME"] = str(chosen)
    return Settings.from_env(env)


def workbench_for(home: Path | None, *, model: Path | None = None) -> Workbench:
    """The workbench of the home that was named; with `model` it answers from that exported folder."""
    from rebracket_core.workbench import get_workbench

    if model is not None:
        from rebracket_core.workbench import bundle_workbench

        return bundle_workbench(settings_for(home), model)
    return get_workbench(settings_for(home))


def pairs(given: list[str] | None, *, option: str = "--set") -> dict[str, str]:
    """The values of "key=value" words by key, as text; a word of another shape or a repeated key is a ConfigError."""
    out: dict[str, str] = {}
    for word in given or ():
        key, equals, value = word.partition("=")
        key = key.strip()
        if not equals or not key or key in out:
            raise ConfigError(
                f"This value of {option} cannot be read.",
                expected="key=value, each key once",
                found=repr(word),
                hint=f"write {option} accept=0.6",
            )
        out[key] = value.strip()
    return out
