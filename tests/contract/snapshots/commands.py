"""Every command with its arguments, options and defaults, from the Typer program itself; and what is lost of them."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any, get_args

from tests.contract.snapshots.faces import invoke, program

Commands = dict[str, dict[str, Any]]
_TYPES = {bool: "flag", int: "integer", float: "number"}  # everything else is text on a command line


def walk() -> Iterator[tuple[str, Any]]:
    """Every command by its words ("" is the program itself), hidden ones too."""
    import typer

    def below(words: tuple[str, ...], command: Any) -> Iterator[tuple[str, Any]]:
        yield " ".join(words), command
        for name, inner in getattr(command, "commands", {}).items():
            yield from below((*words, name), inner)

    yield from below((), typer.main.get_command(program()))


def commands() -> Commands:
    """Options by each of their flags, and arguments in their order, by command."""
    found: Commands = {}
    for words, command in walk():
        options = {}
        for option in (p for p in command.params if p.param_type_name == "option"):
            for flag in (*option.opts, *option.secondary_opts):
                options[flag] = _parameter(option)
        arguments = [_parameter(p) for p in command.params if p.param_type_name == "argument"]
        found[words] = {"options": options, "arguments": arguments}
    return found


def helps() -> dict[str, str]:
    """What `--help` prints, by command, 100 wide."""
    return {words: invoke(*words.split(), "--help").stdout for words, _ in walk()}


def commands_lost(recorded: Commands, now: Commands) -> list[str]:
    """What a command line that worked then would miss now; [] where nothing is lost. Additions are allowed."""
    told = []
    for words, before in recorded.items():
        if words not in now:
            told.append(f"the command '{words}' is gone")
            continue
        told += _options_lost(before["options"], now[words]["options"], words=words)
        told += _arguments_lost(before["arguments"], now[words]["arguments"], words=words)
    return told


def _options_lost(recorded: dict[str, Any], now: dict[str, Any], *, words: str) -> list[str]:
    told = []
    for flag, before in recorded.items():
        if flag not in now:
            told.append(f"{words} {flag} is gone")
        else:
            told += _tighter(before, now[flag], where=f"{words} {flag}")
            if before["default"] != now[flag]["default"]:
                told.append(f"{words} {flag}: the default was {before['default']!r} and is {now[flag]['default']!r}")
    told += [f"{words} now requires {flag}" for flag in now.keys() - recorded.keys() if now[flag]["required"]]
    return told


def _arguments_lost(recorded: list[Any], now: list[Any], *, words: str) -> list[str]:
    if len(now) < len(recorded):
        return [f"{words} takes {len(now)} arguments and took {len(recorded)}"]
    told = [f"{words} now requires the argument {one['name']}" for one in now[len(recorded) :] if one["required"]]
    for at, (before, after) in enumerate(zip(recorded, now, strict=False), start=1):
        told += _tighter(before, after, where=f"{words}, argument {at}")
    return told


def _tighter(before: dict[str, Any], after: dict[str, Any], *, where: str) -> list[str]:
    told = [
        f"{where}: {name} was {before[name]!r} and is {after[name]!r}"
        for name in ("type", "flag", "many")
        if before[name] != after[name]
    ]
    if after["required"] and not before["required"]:
        told.append(f"{where} is required now")
    gone = set(before["choices"]) - set(after["choices"])
    if gone and after["choices"]:
        told.append(f"{where} no longer takes {', '.join(sorted(gone))}")
    low, high = after["min"], after["max"]
    if low is not None and (before["min"] is None or low > before["min"]):
        told.append(f"{where} must be at least {low} now")
    if high is not None and (before["max"] is None or high < before["max"]):
        told.append(f"{where} must be at most {high} now")
    return told


def _parameter(parameter: Any) -> dict[str, Any]:
    kind = parameter.type_descriptor.annotation
    kind = next(iter(get_args(kind)), kind)  # of list[str] the str
    default = parameter.default
    plain = default is None or isinstance(default, (bool, int, float, str, list))
    return {
        "name": parameter.name,
        "type": _TYPES.get(kind, "text"),
        "required": bool(parameter.required),
        "flag": bool(getattr(parameter, "is_flag", False)),
        "many": bool(parameter.multiple) or parameter.nargs == -1,
        "choices": [str(one.value) for one in kind] if isinstance(kind, type) and issubclass(kind, Enum) else [],
        "min": parameter.min,
        "max": parameter.max,
        "default": default if plain else str(default),
    }
