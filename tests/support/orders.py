"""A kind of thing to register."""

from __future__ import annotations


class Order:
    """An order with the three facts that a registry asks for."""

    def __init__(self, name: str = "", label: str = "A label", help: str = "Some help.") -> None:
        self.name, self.label, self.help = name or type(self).__name__.lower(), label, help
