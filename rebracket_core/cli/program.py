"""The program `rebracket`: its commands, its common options and its exit code."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from rebracket_core import __version__
from rebracket_core.cli.commands.annotations.files import group as annotations_group
from rebracket_core.cli.commands.explaining.explain import counterfactuals, explain, replay
from rebracket_core.cli.commands.explaining.transmigrate import transmigrate
from rebracket_core.cli.commands.export import export_onnx
from rebracket_core.cli.commands.jobs import jobs, submit
from rebracket_core.cli.commands.library import audit, import_
from rebracket_core.cli.commands.lifecycle import archive, archived, delete, restore
from rebracket_core.cli.commands.machine import app as serve_app, doctor, encoders, formats
from rebracket_core.cli.commands.map import map_
from rebracket_core.cli.commands.monitor import monitor
from rebracket_core.cli.commands.report import report, review_sections
from rebracket_core.cli.commands.runs import card, compare, export_run, import_run
from rebracket_core.cli.commands.search import search, searches, train_found
from rebracket_core.cli.commands.serve import keys, serve
from rebracket_core.cli.commands.train import cancel, evaluate, promote, resume, runs, train
from rebracket_core.cli.commands.validate import predict, validate
from rebracket_core.cli.commands.watch import watch
from rebracket_core.cli.exit_codes import BROKEN_PIPE, DONE, hush_stdout
from rebracket_core.cli.options import HomeOption, common
from rebracket_core.cli.registry_help import RegistryHelp
from rebracket_core.cli.rules import rules
from rebracket_core.cli.signals import INTERRUPTED, stop
from rebracket_core.cli.training_options import options

program = typer.Typer(
    name="rebracket",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Concepts in, verdicts out. Exit codes: 0 done, 1 failed, 2 bad input, 3 some items failed, the rest done.",
)


def _version(version: bool) -> None:
    if version:
        typer.echo(f"rebracket {__version__}")
        raise typer.Exit(DONE)


@program.callback()
def _common_options(
    *,
    home: HomeOption = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    common.set(home=home, debug=debug)


program.command("import")(import_)
for _command in (
    audit,
    runs,
    cancel,
    resume,
    compare,
    promote,
    card,
    export_run,
    export_onnx,
    import_run,
    evaluate,
    validate,
    predict,
    report,
    rules,
    review_sections,
):
    program.command()(_command)
for _lifecycle in (archive, restore, archived, delete):
    program.command()(_lifecycle)
for _explaining in (explain, counterfactuals, replay, transmigrate):
    program.command()(_explaining)
for _naming in (train, submit):
    program.command(cls=RegistryHelp)(_naming)
program.command()(jobs)
program.command("map")(map_)
program.add_typer(annotations_group)
for _searching in (search, searches, train_found, options):
    program.command()(_searching)
program.command("app")(serve_app)
program.command()(serve)
program.add_typer(keys, name="keys")
program.command()(watch)
program.command()(monitor)
program.command()(doctor)
program.command()(encoders)
program.command()(formats)


def run(arguments: list[str] | None = None) -> int:
    """The exit code of the program with these arguments (by default those of the process)."""
    stop.listen()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        program(args=arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else DONE if end.code is None else 1
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        hush_stdout()
        return BROKEN_PIPE
    finally:
        _flush()
    return DONE


def _flush() -> None:
    try:
        sys.stdout.flush()
    except (BrokenPipeError, ValueError, OSError):
        if os.name == "posix":
            hush_stdout()
