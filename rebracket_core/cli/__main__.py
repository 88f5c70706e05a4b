"""`python -m rebracket_core.cli` is the same as `rebracket`."""

from rebracket_core.cli import main

main()
