"""Help that names the members of registries, filled in when somebody asks for it."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand


class RegistryHelp(TyperCommand):
    """A command in whose help "{strategies}", "{job_kinds}" and the like stand for the names that can be chosen now."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help with the names in place."""
        parameters: list[Any] = [param for param in self.params if "{" in (getattr(param, "help", None) or "")]
        templates = [param.help for param in parameters]
        names = _names() if parameters else {}
        for param in parameters:
            param.help = param.help.format(**names)
        try:
            super().format_help(ctx, formatter)
        finally:
            for param, template in zip(parameters, templates, strict=True):
                param.help = template


def _names() -> dict[str, str]:
    from rebracket_core.annotation.formats import LABEL_FORMATS
    from rebracket_core.annotation.queue.strategies import QUERY_STRATEGIES
    from rebracket_core.jobs import JOB_KINDS, LAUNCHERS

    found = {
        "strategies": QUERY_STRATEGIES.names,
        "label_formats": LABEL_FORMATS.names,
        "launchers": tuple(one.name for one in LAUNCHERS if one.starts_at_once),
        "job_kinds": tuple(kind.name for kind in JOB_KINDS if kind.Options is not None),
    }
    return {what: ", ".join(names) or "none is registered" for what, names in found.items()}
