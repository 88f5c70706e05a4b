"""The registry: order, names, places, classes and instances, look-ups that help, and members that outsiders bring."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from rebracket_core import registry as registry_module
from rebracket_core.errors import ConfigError, InputError
from rebracket_core.registry import Registry
from tests.support.orders import Order


def orders(*names: str, group: str = "") -> Registry[Order]:
    made: Registry[Order] = Registry("order", Order, group=group)
    for name in names:
        made.register(Order(name))
    return made


def test_members_stand_in_the_order_in_which_they_came_or_where_they_are_put() -> None:
    found = orders("a", "b")
    found.register(Order("c"), before="b")
    found.register(Order("d"), after="a")
    assert found.names == ("a", "d", "c", "b")
    assert [found.position(name) for name in found.names] == [1, 2, 3, 4]
    assert [member.name for member in found] == list(found.names) and len(found) == 4
    assert "d" in found and "x" not in found and 7 not in found


def test_a_decorator_registers_a_class_by_an_instance_and_gives_the_class_back() -> None:
    found = orders("a")

    @found.register(before="a")
    class Newest(Order):
        pass

    assert isinstance(Newest, type) and isinstance(found.get("newest"), Newest)

    @found.register
    class Oldest(Order):
        pass

    assert found.names == ("newest", "a", "oldest")


def test_classes_themselves_may_be_the_members() -> None:
    found: Registry[type] = Registry("kind", type)

    @found.register
    class One:
        name, label, help = "one", "One", "The first."

    assert found.get("one") is One


def test_an_unknown_name_is_told_the_known_ones_and_the_nearest() -> None:
    with pytest.raises(InputError, match=r"no such order.*oldest, newest.*'newst'.*did you mean newest"):
        orders("oldest", "newest").get("newst")
    with pytest.raises(InputError, match="none yet"):
        orders().get("a")


@pytest.mark.parametrize(
    ("given", "place", "what"),
    [
        (Order("a"), {}, "registered already"),
        (Order("c"), {"before": "x"}, "does not exist"),
        (Order("c"), {"before": "a", "after": "a"}, "two places"),
        (Order("c", help=""), {}, "without help"),
        ("c", {}, "no order"),
        (Registry, {}, "no order"),
    ],
)
def test_what_cannot_be_registered_is_refused_and_changes_nothing(given: object, place: dict, what: str) -> None:
    found = orders("a")
    with pytest.raises(ConfigError, match=what):
        found.register(given, **place)
    assert found.names == ("a",)


def test_a_member_for_a_while_is_gone_afterwards_even_after_an_error() -> None:
    found = orders("a")
    before = found.revision
    with pytest.raises(ZeroDivisionError), found.registered(Order("b"), before="a"):
        assert found.names == ("b", "a")
        raise ZeroDivisionError
    assert found.names == ("a",) and found.revision > before
    with pytest.raises(InputError):
        found.unregister("b")


PLUGIN = """
from tests.support.orders import Order
class Theirs(Order):
    before = "b"
theirs = Theirs("theirs")
{more}
"""


def _bring(monkeypatch: pytest.MonkeyPatch, folder: Path, *, more: str = "", value: str = "their_orders:theirs") -> list[int]:
    """An entry point of an installed package, and how often the packages were looked through."""
    (folder / "their_orders.py").write_text(PLUGIN.format(more=more), encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "their_orders", raising=False)
    looked: list[int] = []

    def found(group: str) -> tuple[EntryPoint, ...]:
        looked.append(1)
        return (EntryPoint("theirs", value, group),)

    monkeypatch.setattr(registry_module, "_entry_points", found)
    return looked


def test_what_outsiders_bring_is_loaded_once_and_put_in_its_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    looked = _bring(monkeypatch, tmp_path)
    found = orders("a", "b", group="rebracket.orders")
    assert not looked
    assert found.names == ("a", "theirs", "b")
    assert found.get("theirs").label == "A label" and len(looked) == 1


@pytest.mark.parametrize(
    ("more", "value", "what"),
    [
        ("raise RuntimeError('no luck')", "their_orders:theirs", "RuntimeError: no luck"),
        ("", "their_orders:gone", "AttributeError"),
        ("", "no_such_module:theirs", "ModuleNotFoundError"),
        ("theirs = 7", "their_orders:theirs", "no order"),
        ("theirs = Order('a')", "their_orders:theirs", "registered already"),
    ],
)
def test_a_broken_outsider_is_an_error_that_names_it_at_every_look_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, more: str, value: str, what: str
) -> None:
    _bring(monkeypatch, tmp_path, more=more, value=value)
    found = orders("a", "b", group="rebracket.orders")
    for _ in range(2):
        with pytest.raises(ConfigError, match=f"'theirs' that an unknown package brings.*{what}"):
            found.get("a")
