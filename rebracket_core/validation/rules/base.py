"""One verdict rule: when it decides, what it gives, what would change it, and what that means to a person."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter
from types import MappingProxyType
from typing import ClassVar

from rebracket_core.settings import Thresholds
from rebracket_core.thresholds import shown
from rebracket_core.validation.evidence import Evidence
from rebracket_core.verdict_kinds import VerdictKind


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule decided: its code, the verdict, the reason ("" where it accepts), and a sentence with the numbers.

    `flags` are what the rule adds to those of the evidence.
    """

    rule: str
    verdict: VerdictKind
    reason: str
    explanation: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One sentence on what to change.

    Where it is about an axis, `axis` names it and `targets` maps modes to scores: reached, they make the axis fit the album.
    """

    text: str
    axis: str = ""
    targets: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


class Rule(ABC):
    """A verdict rule. Every text that a person reads of it stands here, and nowhere else.

    `code` names it for good. `when` is its condition in words, with the thresholds that it reads in braces, so that they are
    named once. `meaning` says in one plain sentence what its verdict means. `before` or `after` may name the code of a rule
    beside which an outsider's rule stands; where neither does, it stands at the end, behind the rule that always decides.
    """

    code: ClassVar[str]
    label: ClassVar[str]
    verdict: ClassVar[VerdictKind] = VerdictKind.REJECT
    reason: ClassVar[str] = ""
    when: ClassVar[str]
    meaning: ClassVar[str]
    before: ClassVar[str] = ""
    after: ClassVar[str] = ""

    @abstractmethod
    def decide(self, evidence: Evidence) -> Decision | None:
        """The decision where the rule's condition holds, else None."""

    def advise(self, evidence: Evidence) -> Sequence[Suggestion]:
        """What would change the verdict of this rule, the most effective first; by default nothing."""
        return ()

    @property
    def name(self) -> str:
        """The code, by which the registry knows the rule."""
        return self.code

    @property
    def help(self) -> str:
        """The meaning, for pages that show any registered thing."""
        return self.meaning

    @property
    def thresholds(self) -> tuple[str, ...]:
        """The names of the thresholds that the rule reads, in the order in which `when` names them."""
        return tuple(dict.fromkeys(name for _, name, _, _ in Formatter().parse(self.when) if name))

    def condition(self, thresholds: Thresholds | None = None, *, quote: str = "") -> str:
        """The condition in words, each threshold by its name between quotes, with its value where values are given."""
        names = {
            name: f"{quote}{name}{quote}" + (f" ({shown(getattr(thresholds, name))})" if thresholds else "")
            for name in self.thresholds
        }
        return self.when.format(**names)

    def decided(self, sentence: str, *, verdict: VerdictKind | None = None, flags: tuple[str, ...] = ()) -> Decision:
        """The rule's decision with an explanation; the full stop is added here."""
        return Decision(self.code, verdict or self.verdict, self.reason, f"{sentence}.", flags)
