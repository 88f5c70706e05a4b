"""The four verdicts, and what "accepted" means everywhere: any of the three ACCEPTs, hybrids among them."""

from __future__ import annotations

from enum import StrEnum


class VerdictKind(StrEnum):
    """The four verdicts, in the order in which they are listed."""

    ACCEPT = "ACCEPT"
    ACCEPT_HYBRID = "ACCEPT_HYBRID"
    ACCEPT_BLACK = "ACCEPT_BLACK"
    REJECT = "REJECT"

    @property
    def is_accepted(self) -> bool:
        """Whether the concept is accepted, in any of the three ways."""
        return self is not VerdictKind.REJECT

    @property
    def label(self) -> str:
        """The verdict as pages name it."""
        return _LABELS[self]

    @property
    def word(self) -> str:
        """The verdict as one small word, for legends and branches."""
        return _WORDS[self]


_LABELS = {
    VerdictKind.ACCEPT: "Accepted",
    VerdictKind.ACCEPT_HYBRID: "As hybrid",
    VerdictKind.ACCEPT_BLACK: "As Black",
    VerdictKind.REJECT: "Rejected",
}
_WORDS = {
    VerdictKind.ACCEPT: "accept",
    VerdictKind.ACCEPT_HYBRID: "hybrid",
    VerdictKind.ACCEPT_BLACK: "black",
    VerdictKind.REJECT: "reject",
}
ACCEPTED: frozenset[str] = frozenset(kind for kind in VerdictKind if kind.is_accepted)


def is_accepted(verdict: object) -> bool:
    """Whether a verdict as it stands in a file, a row or a mapping accepts; None and what is no verdict do not."""
    return verdict in ACCEPTED
