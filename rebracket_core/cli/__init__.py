"""The command line: all that the pages do, for terminals and scripts. Importing this room loads nothing heavy."""

from __future__ import annotations


def main() -> None:
    """Run the command line and leave with its exit code."""
    import sys

    try:
        from rebracket_core.cli.program import run
        from rebracket_core.files import keep_private

        keep_private()
        code = run()
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
