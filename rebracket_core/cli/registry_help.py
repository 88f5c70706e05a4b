"""Help that names the members of registries, filled in when somebody asks for it."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand


class RegistryHelp(TyperCommand):
    """A command in whose options' help "{strategies}" and "{label_formats}" stand for the names that can be chosen now."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help with the names in place."""
        templates = {param.name: param.help for param in self.params if "{" in (getattr(param, "help", None) or "")}
        names = _names() if templates else {}
        for param in self.params:
            if param.name in templates:
                param.help = templates[param.name].format(**names)  # type: ignore[attr-defined]
        try:
            super().format_help(ctx, formatter)
        finally:
            for param in self.params:
                if param.name in templates:
                    param.help = templates[param.name]  # type: ignore[attr-defined]


def _names() -> dict[str, str]:
    from rebracket_core.annotation.formats.registry import LABEL_FORMATS
    from rebracket_core.annotation.queue.strategies.registry import QUERY_STRATEGIES

    return {"strategies": ", ".join(QUERY_STRATEGIES.names), "label_formats": ", ".join(LABEL_FORMATS.names)}
