"""The one registry of the house: named objects that describe themselves, in an order, open to outsiders."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib.metadata import EntryPoint, distributions, entry_points
from types import ModuleType
from typing import Any, Generic, TypeVar, cast, overload

from rebracket_core.errors import ConfigError, InputError

GROUPS = (
    "rebracket.encoders",
    "rebracket.formats",
    "rebracket.heads",
    "rebracket.jobs",
    "rebracket.label_formats",
    "rebracket.launchers",
    "rebracket.modalities",
    "rebracket.pages",
    "rebracket.query_strategies",
    "rebracket.review_sections",
    "rebracket.rules",
    "rebracket.weightings",
)
"""The groups of entry points of all registries; a name outside them is one that nothing ever loads."""
_PREFIX = "rebracket."
M = TypeVar("M")
T = TypeVar("T")


class Registry(Generic[M]):
    """The members of one kind, in their order. Safe to share between threads.

    A member has `name`, which is stable, `label` for people, and `help`, one sentence. It comes in by `register`, as a call
    or as a decorator, from any module, a test file included. Outsiders name theirs as an entry point of `group`; these are
    loaded once, when a member is first asked for, and one that cannot be loaded is an error that names it at every look-up,
    never a silence.

    Args:
        kind: what the members are, in the singular, for messages ("verdict rule").
        member: the class that members are instances of. A subclass of it may be registered in place of an instance: it is
            then called without arguments. Use `type` where the classes themselves are the members.
        group: the group of entry points, such as "rebracket.rules"; "" for none.

    Example:
        >>> class Order:
        ...     name, label, help = "newest", "Newest first", "The latest text stands on top."
        >>> orders: Registry = Registry("order", Order)
        >>> _ = orders.register(Order)
        >>> orders.names
        ('newest',)
    """

    def __init__(self, kind: str, member: type, *, group: str = "") -> None:
        self.kind = kind
        self.group = group
        self._member = member
        self._members: tuple[M, ...] = ()
        self._by_name: dict[str, M] = {}
        self._loaded = not group
        self._revision = 0
        self._plugins: set[tuple[str, str]] = set()
        self._lock = threading.RLock()

    # ---- asking -------------------------------------------------------------------------------------------------------

    @property
    def members(self) -> tuple[M, ...]:
        """All members in their order."""
        if not self._loaded:
            self._load()
        return self._members

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the members in their order."""
        return tuple(map(_name, self.members))

    @property
    def revision(self) -> int:
        """A number that grows with every change of the members, for keys of caches."""
        if not self._loaded:
            self._load()
        return self._revision

    def __iter__(self) -> Iterator[M]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def get(self, name: str) -> M:
        """The member of a name. Raises InputError, with the known names, for an unknown one."""
        members = self.members
        try:
            return self._by_name[name]
        except (KeyError, TypeError):
            known = list(map(_name, members))
            near = get_close_matches(str(name), known, n=1)
            raise InputError(
                f"There is no such {self.kind}.",
                expected=f"one of {', '.join(known) or 'none yet'}",
                found=repr(name),
                hint=f"did you mean {near[0]}?" if near else "check the spelling",
            ) from None

    def position(self, name: str) -> int:
        """The place of a member in the order, counted from 1. Raises InputError for an unknown name."""
        return self.members.index(self.get(name)) + 1

    # ---- registering --------------------------------------------------------------------------------------------------

    @overload
    def register(self, member: T, /, *, before: str = "", after: str = "") -> T: ...
    @overload
    def register(self, member: None = None, /, *, before: str = "", after: str = "") -> Callable[[T], T]: ...
    def register(self, member: Any = None, /, *, before: str = "", after: str = "") -> Any:
        """Put a member into the order, by default at its end, and return what was given.

        Without a member this is a decorator: `@RULES.register(before="accept")`.
        Raises ConfigError for a name that is taken, for what is no member, and for a place that does not exist.
        """
        if member is None:
            return lambda given: self.register(given, before=before, after=after)
        made = self._made(member)
        with self._lock:
            if _name(made) in self._by_name:
                raise ConfigError(
                    f"A {self.kind} of this name is registered already.",
                    expected="a name of its own",
                    found=repr(_name(made)),
                    hint="choose another name, or unregister the other first",
                )
            at = self._place(_name(made), before=before, after=after)
            self._set((*self._members[:at], made, *self._members[at:]))
        return member

    def unregister(self, name: str) -> M:
        """Take a member out and return it. Raises InputError for an unknown name."""
        with self._lock:
            found = self.get(name)
            self._set(tuple(member for member in self._members if member is not found))
            return found

    @contextmanager
    def registered(self, member: Any, *, before: str = "", after: str = "") -> Iterator[M]:
        """A member for as long as the `with` block lasts; for tests."""
        made = self._made(member)
        self.register(made, before=before, after=after)
        try:
            yield made
        finally:
            self.unregister(_name(made))

    def _made(self, member: Any) -> M:
        made = member
        if not isinstance(member, self._member) and isinstance(member, type) and issubclass(member, self._member):
            made = member()
        lacking = [part for part in ("name", "label", "help") if not getattr(made, part, "")]
        if not isinstance(made, self._member) or lacking:
            raise ConfigError(
                f"This is no {self.kind}.",
                expected=f"an instance of {self._member.__name__} with a name, a label and help",
                found=f"{member!r}" + (f" without {', '.join(lacking)}" if lacking else ""),
                hint="give it what is lacking",
            )
        return cast("M", made)

    def _place(self, name: str, *, before: str, after: str) -> int:
        if before and after:
            raise ConfigError(
                f"The {self.kind} '{name}' is given two places.",
                expected="before or after",
                found=f"before {before} and after {after}",
                hint="name one of them",
            )
        if not before and not after:
            return len(self._members)
        anchor = before or after
        known = list(map(_name, self._members))
        if anchor not in known:
            raise ConfigError(
                f"The place of the {self.kind} '{name}' does not exist.",
                expected=f"one of {', '.join(known)}",
                found=repr(anchor),
                hint="check the spelling",
            )
        return known.index(anchor) + (0 if before else 1)

    def _set(self, members: tuple[M, ...]) -> None:
        self._by_name = {_name(member): member for member in members}
        self._members = members
        self._revision += 1

    # ---- outsiders ----------------------------------------------------------------------------------------------------

    def _load(self) -> None:
        """Register what the installed packages bring, each entry point once."""
        with self._lock:
            if self._loaded:
                return
            self._loaded = True  # what is loaded may ask this registry itself
            try:
                for entry in _entry_points(self.group):
                    if (entry.name, entry.value) not in self._plugins:
                        self._take(entry)
                        self._plugins.add((entry.name, entry.value))
            except BaseException:
                self._loaded = False
                raise

    def _take(self, entry: EntryPoint) -> None:
        try:
            found = entry.load()
            # A module registers what it holds as it is imported; so does a decorated class.
            if isinstance(found, ModuleType) or any(member is found or type(member) is found for member in self._members):
                return
            made = self._made(found)
            self.register(made, before=getattr(made, "before", ""), after=getattr(made, "after", ""))
        except Exception as cause:
            maker = entry.dist.name if entry.dist else "an unknown package"
            raise ConfigError(
                f"The {self.kind} '{entry.name}' that {maker} brings cannot be loaded.",
                expected=f"an instance of {self._member.__name__}, or a module that registers one, at {entry.value}",
                found=f"{type(cause).__name__}: {getattr(cause, 'message', cause)}",
                hint=f"update or uninstall {maker}",
            ) from cause


def _name(member: Any) -> str:
    return str(member.name)


def _entry_points(group: str) -> tuple[EntryPoint, ...]:
    """What the installed packages bring to a group."""
    return tuple(entry_points(group=group))


def plugins() -> list[EntryPoint]:
    """All entry points that installed packages name below "rebracket.", in groups that exist and in others; none is loaded."""
    packages = {package.name: package for package in reversed(list(distributions()))}  # the first on the path counts
    found = [entry for package in packages.values() for entry in package.entry_points if entry.group.startswith(_PREFIX)]
    return sorted(found, key=lambda entry: (entry.group, entry.name))
