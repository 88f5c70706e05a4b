"""The tables of annotation as they are now. `migrations/` holds how they came to be; a test holds that both agree.

`annotation_events` is what happened and is never changed; all other tables but slots (who may label what until when) and
suggestions (what models say) are a projection of it, which `check_consistency` compares.
"""

from __future__ import annotations

from functools import lru_cache
from types import SimpleNamespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import MetaData

PREFIX = "annotation_"
_ITEM = f"{PREFIX}items.item_no"


@lru_cache(maxsize=1)
def tables() -> SimpleNamespace:
    """The tables by short name.

    They are people, projects, guidelines, items, slots, labels, skips, flags, shown, decisions, suggestions, snapshots, events.
    """
    every = metadata().tables
    return SimpleNamespace(**{name.removeprefix(PREFIX): table for name, table in every.items()})


@lru_cache(maxsize=1)
def metadata() -> MetaData:
    """The schema, for the migrations' check."""
    import sqlalchemy as sa

    meta = sa.MetaData()
    for add in (
        _people,
        _projects,
        _guidelines,
        _snapshots,
        _items,
        _slots,
        _suggestions,
        _labels,
        _skips,
        _flags,
        _shown,
        _decisions,
        _events,
    ):
        add(meta)
    return meta


def _people(meta: MetaData) -> None:
    import sqlalchemy as sa

    sa.Table(
        f"{PREFIX}people",
        meta,
        sa.Column("person_id", sa.String(200), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
    )


def _projects(meta: MetaData) -> None:
    import sqlalchemy as sa

    sa.Table(
        f"{PREFIX}projects",
        meta,
        sa.Column("project_id", sa.String(80), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("dataset", sa.Text, nullable=False),
        sa.Column("dataset_digest", sa.String(64), nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("guideline_version", sa.Integer, nullable=False),
        sa.Column("n_items", sa.Integer, nullable=False),
        sa.Column("items_digest", sa.String(64), nullable=False),
        sa.Column("created_at", sa.String(40), nullable=False),
        sa.Column("closed", sa.Boolean, nullable=False),
    )


def _guidelines(meta: MetaData) -> None:
    import sqlalchemy as sa

    sa.Table(
        f"{PREFIX}guidelines",
        meta,
        sa.Column("project_id", sa.ForeignKey(f"{PREFIX}projects.project_id"), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
    )


def _snapshots(meta: MetaData) -> None:
    import sqlalchemy as sa

    sa.Table(
        f"{PREFIX}snapshots",
        meta,
        sa.Column("project_id", sa.ForeignKey(f"{PREFIX}projects.project_id"), primary_key=True),
        sa.Column("seq", _number(), primary_key=True, autoincrement=False),
        sa.Column("snapshot_id", sa.String(80), nullable=False, index=True),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("n_labels", sa.Integer, nullable=False),
        sa.Column("n_items", sa.Integer, nullable=False),
    )


def _items(meta: MetaData) -> None:
    import sqlalchemy as sa

    sa.Table(
        f"{PREFIX}items",
        meta,
        sa.Column("item_no", _number(), primary_key=True, autoincrement=True),
        sa.Column("project_id", sa.ForeignKey(f"{PREFIX}projects.project_id"), nullable=False),
        sa.Column("item_id", sa.String(400), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("text_digest", sa.String(64), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("group_id", sa.Text, nullable=False),
        sa.Column("album", sa.String(40), nullable=False),
        sa.Column("blind", sa.Boolean, nullable=False),
        sa.Column("by_chance", sa.Boolean, nullable=False),
        sa.Column("repeat_of", sa.String(400), nullable=False),
        sa.Column("rank", _number(), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("n_labels", sa.Integer, nullable=False),
        sa.Column("disagreement", sa.Float),
        sa.Column("flagged", sa.Boolean, nullable=False),
        sa.Column("decision", sa.String(20)),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("waits", sa.Boolean, nullable=False),
        sa.UniqueConstraint("project_id", "item_id", name="uq_annotation_items_id"),
        sa.UniqueConstraint("item_no", "blind", name="uq_annotation_items_blind"),
        sa.CheckConstraint("blind OR NOT by_chance", name="ck_annotation_items_chance_is_blind"),
        sqlite_autoincrement=True,
    )
    items = meta.tables[f"{PREFIX}items"]
    sa.Index(
        "ix_annotation_items_waits",
        items.c.project_id,
        items.c.disagreement,
        sqlite_where=items.c.waits,
        postgresql_where=items.c.waits,
    )


def _slots(meta: MetaData) -> None:
    import sqlalchemy as sa

    sa.Table(
        f"{PREFIX}slots",
        meta,
        sa.Column("slot_no", _number(), primary_key=True, autoincrement=True),
        sa.Column("item_no", sa.ForeignKey(f"{PREFIX}items.item_no"), nullable=False),
        sa.Column("project_id", sa.String(80), nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("rank", _number(), nullable=False),
        sa.Column("person", sa.String(200)),
        sa.Column("done", sa.Boolean, nullable=False),
        sa.Column("lease_id", sa.String(40), nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.Column("only_for", sa.String(200)),
        sa.Column("repeat_of_no", sa.BigInteger),
        sa.UniqueConstraint("item_no", "person", name="uq_annotation_slots_person"),
    )
    slots = meta.tables[f"{PREFIX}slots"]
    sa.Index(
        "ix_annotation_slots_queue",
        slots.c.project_id,
        slots.c.rank,
        slots.c.item_no,
        sqlite_where=~slots.c.done,
        postgresql_where=~slots.c.done,
    )
    sa.Index(
        "ix_annotation_slots_leased",
        slots.c.project_id,
        slots.c.person,
        sqlite_where=~slots.c.done,
        postgresql_where=~slots.c.done,
    )


def _suggestions(meta: MetaData) -> None:
    import sqlalchemy as sa

    sa.Table(
        f"{PREFIX}suggestions",
        meta,
        sa.Column("item_no", sa.ForeignKey(f"{PREFIX}items.item_no"), primary_key=True),
        sa.Column("run_id", sa.String(200), nullable=False),
        sa.Column("made_at", sa.String(40), nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
    )


def _labels(meta: MetaData) -> None:
    import sqlalchemy as sa

    sa.Table(
        f"{PREFIX}labels",
        meta,
        sa.Column("item_no", sa.ForeignKey(_ITEM), primary_key=True),
        sa.Column("annotator", sa.String(200), primary_key=True),
        sa.Column("round", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("project_id", sa.String(80), nullable=False, index=True),
        sa.Column("label_id", sa.String(80), nullable=False, unique=True),
        sa.Column("server_time", sa.String(40), nullable=False),
        sa.Column("active_s", sa.Float, nullable=False),
        sa.Column("guideline_version", sa.Integer, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
    )


def _skips(meta: MetaData) -> None:
    import sqlalchemy as sa

    sa.Table(
        f"{PREFIX}skips",
        meta,
        sa.Column("item_no", sa.ForeignKey(_ITEM), primary_key=True),
        sa.Column("person", sa.String(200), primary_key=True),
        sa.Column("round", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("reason", sa.Text, nullable=False),
    )


def _flags(meta: MetaData) -> None:
    import sqlalchemy as sa

    sa.Table(
        f"{PREFIX}flags",
        meta,
        sa.Column("item_no", sa.ForeignKey(_ITEM), primary_key=True),
        sa.Column("person", sa.String(200), primary_key=True),
        sa.Column("note", sa.Text, nullable=False),
    )


def _shown(meta: MetaData) -> None:
    import sqlalchemy as sa

    sa.Table(
        f"{PREFIX}shown",
        meta,
        sa.Column("item_no", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("person", sa.String(200), primary_key=True),
        sa.Column("run_id", sa.String(200), primary_key=True),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("blind", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.CheckConstraint("NOT blind", name="ck_annotation_shown_never_blind"),
        sa.ForeignKeyConstraint(["item_no", "blind"], [_ITEM, f"{PREFIX}items.blind"], name="fk_annotation_shown_item"),
    )


def _decisions(meta: MetaData) -> None:
    import sqlalchemy as sa

    sa.Table(
        f"{PREFIX}decisions",
        meta,
        sa.Column("item_no", sa.ForeignKey(_ITEM), primary_key=True),
        sa.Column("event_id", sa.String(80), nullable=False),
        sa.Column("person", sa.String(200), nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
    )


def _events(meta: MetaData) -> None:
    import sqlalchemy as sa

    sa.Table(
        f"{PREFIX}events",
        meta,
        sa.Column("seq", _number(), primary_key=True, autoincrement=True),
        sa.Column("event_id", sa.String(80), nullable=False, unique=True),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("person", sa.String(200), nullable=False),
        sa.Column("project_id", sa.String(80), nullable=False),
        sa.Column("item_id", sa.String(400), nullable=False),
        sa.Column("target", sa.String(80), nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Index("ix_annotation_events_item", "project_id", "item_id", "seq"),
        sqlite_autoincrement=True,
    )


def _number():  # type: ignore[no-untyped-def]
    import sqlalchemy as sa

    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
