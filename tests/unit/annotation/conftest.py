"""A labels' database of the test's own, on SQLite and (slow) on a real PostgreSQL; after every test events and tables agree."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from rebracket_core.annotation import (
    AxisLabel,
    Claimed,
    LabelSession,
    LabelValue,
    NewItem,
    NewProject,
    Project,
    ProjectSettings,
    Role,
    Submission,
)
from rebracket_core.annotation.events.consistency import check_consistency
from rebracket_core.annotation.people import enrol, set_role
from rebracket_core.annotation.projects import create_project
from tests.support.postgres_server import server

_number = itertools.count()


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_770_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    with server() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'home' / 'workbench.db'}"
    base = request.getfixturevalue("postgres")
    name = f"labels_{next(_number)}"
    engine = sa.create_engine(f"{base}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{base}/{name}"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def session(database_url: str, clock: Clock) -> Iterator[LabelSession]:
    door = LabelSession.open(database_url, clock=clock)
    yield door
    assert check_consistency(door) == []
    door.close()


@pytest.fixture
def people(session: LabelSession) -> LabelSession:
    """The session with ada (admin), rea (reviewer), ann, bo and cy (annotators)."""
    for name in ("Ada", "Rea", "Ann", "Bo", "Cy"):
        enrol(session, name)
    set_role(session, "rea", role=Role.REVIEWER, by="ada")
    return session


Make = Callable[..., Project]


@pytest.fixture
def project(people: LabelSession) -> Make:
    """A function that makes a project of n short texts."""

    def make(n: int = 6, *, name: str = "First", **settings: Any) -> Project:
        items = [NewItem(f"t{k:03d}", f"The keeper winds clock number {k}.", album="Red") for k in range(n)]
        return create_project(
            people,
            NewProject(
                name,
                items,
                dataset="clocks",
                dataset_digest="d" * 64,
                guideline="Read it.",
                settings=ProjectSettings(**settings),
            ),
            by="ada",
        )

    return make


def value(
    temporal: str = "past",
    spatial: str = "thing",
    *,
    types: frozenset[str] | None = None,
    flag: bool = False,
    confidence: int | None = None,
) -> LabelValue:
    return LabelValue(
        AxisLabel.hard("temporal", temporal),
        AxisLabel.hard("spatial", spatial),
        AxisLabel.abstain(),
        types=types,
        flag=flag,
        confidence=confidence,
    )


def answer(claimed: Claimed, said: LabelValue | None = None, *, label_id: str | None = None, **more: object) -> Submission:
    return Submission(
        label_id=label_id or str(uuid.uuid4()),
        item_id=claimed.item.item_id,
        round=claimed.item.round,
        text_digest=claimed.item.text_digest,
        value=said or value(),
        client_time="2026-02-02T12:00:00+00:00",
        lease_id=claimed.lease.lease_id,
        **more,  # type: ignore[arg-type]
    )
