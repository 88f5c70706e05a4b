"""The first tables: people, projects, items, slots, labels and the events behind them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_OPEN: dict[str, Any] = {"sqlite_where": sa.text("done = 0"), "postgresql_where": sa.text("NOT done")}
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _projects()
    _items()
    _answers()


def downgrade() -> None:
    for name in (
        "annotation_suggestions",
        "annotation_slots",
        "annotation_skips",
        "annotation_shown",
        "annotation_labels",
        "annotation_flags",
        "annotation_decisions",
        "annotation_snapshots",
        "annotation_items",
        "annotation_guidelines",
        "annotation_projects",
        "annotation_people",
        "annotation_events",
    ):
        op.drop_table(name)


def _projects() -> None:
    op.create_table(
        "annotation_events",
        sa.Column("seq", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(length=80), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("project_id", sa.String(length=80), nullable=False),
        sa.Column("item_id", sa.String(length=400), nullable=False),
        sa.Column("target", sa.String(length=80), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("event_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_annotation_events_item", "annotation_events", ["project_id", "item_id", "seq"])
    op.create_table(
        "annotation_people",
        sa.Column("person_id", sa.String(length=200), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
    )
    op.create_table(
        "annotation_projects",
        sa.Column("project_id", sa.String(length=80), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("dataset_digest", sa.String(length=64), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("guideline_version", sa.Integer(), nullable=False),
        sa.Column("n_items", sa.Integer(), nullable=False),
        sa.Column("items_digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.String(length=40), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("project_id"),
    )
    op.create_table(
        "annotation_guidelines",
        sa.Column("project_id", sa.String(length=80), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["annotation_projects.project_id"]),
        sa.PrimaryKeyConstraint("project_id", "version"),
    )
    op.create_table(
        "annotation_snapshots",
        sa.Column("project_id", sa.String(length=80), nullable=False),
        sa.Column("seq", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("snapshot_id", sa.String(length=80), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("n_labels", sa.Integer(), nullable=False),
        sa.Column("n_items", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["annotation_projects.project_id"]),
        sa.PrimaryKeyConstraint("project_id", "seq"),
    )
    op.create_index("ix_annotation_snapshots_snapshot_id", "annotation_snapshots", ["snapshot_id"])


def _items() -> None:
    op.create_table(
        "annotation_items",
        sa.Column("item_no", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("project_id", sa.String(length=80), nullable=False),
        sa.Column("item_id", sa.String(length=400), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_digest", sa.String(length=64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("album", sa.String(length=40), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("by_chance", sa.Boolean(), nullable=False),
        sa.Column("repeat_of", sa.String(length=400), nullable=False),
        sa.Column("rank", _NUMBER, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("n_labels", sa.Integer(), nullable=False),
        sa.Column("disagreement", sa.Float(), nullable=True),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.Column("decision", sa.String(length=20), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.CheckConstraint("blind OR NOT by_chance", name="ck_annotation_items_chance_is_blind"),
        sa.ForeignKeyConstraint(["project_id"], ["annotation_projects.project_id"]),
        sa.PrimaryKeyConstraint("item_no"),
        sa.UniqueConstraint("item_no", "blind", name="uq_annotation_items_blind"),
        sa.UniqueConstraint("project_id", "item_id", name="uq_annotation_items_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_annotation_items_waits",
        "annotation_items",
        ["project_id", "disagreement"],
        sqlite_where=sa.text("waits = 1"),
        postgresql_where=sa.text("waits"),
    )
    op.create_table(
        "annotation_slots",
        sa.Column("slot_no", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("item_no", _NUMBER, nullable=False),
        sa.Column("project_id", sa.String(length=80), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("rank", _NUMBER, nullable=False),
        sa.Column("person", sa.String(length=200), nullable=True),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("lease_id", sa.String(length=40), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["item_no"], ["annotation_items.item_no"]),
        sa.PrimaryKeyConstraint("slot_no"),
        sa.UniqueConstraint("item_no", "person", name="uq_annotation_slots_person"),
    )
    op.create_index("ix_annotation_slots_leased", "annotation_slots", ["project_id", "person"], **_OPEN)
    op.create_index("ix_annotation_slots_queue", "annotation_slots", ["project_id", "rank", "item_no"], **_OPEN)
    op.create_table(
        "annotation_suggestions",
        sa.Column("item_no", _NUMBER, nullable=False),
        sa.Column("run_id", sa.String(length=200), nullable=False),
        sa.Column("made_at", sa.String(length=40), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["item_no"], ["annotation_items.item_no"]),
        sa.PrimaryKeyConstraint("item_no"),
    )


def _answers() -> None:
    op.create_table(
        "annotation_decisions",
        sa.Column("item_no", _NUMBER, nullable=False),
        sa.Column("event_id", sa.String(length=80), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["item_no"], ["annotation_items.item_no"]),
        sa.PrimaryKeyConstraint("item_no"),
    )
    op.create_table(
        "annotation_flags",
        sa.Column("item_no", _NUMBER, nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["item_no"], ["annotation_items.item_no"]),
        sa.PrimaryKeyConstraint("item_no", "person"),
    )
    op.create_table(
        "annotation_labels",
        sa.Column("item_no", _NUMBER, nullable=False),
        sa.Column("annotator", sa.String(length=200), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("project_id", sa.String(length=80), nullable=False),
        sa.Column("label_id", sa.String(length=80), nullable=False),
        sa.Column("server_time", sa.String(length=40), nullable=False),
        sa.Column("active_s", sa.Float(), nullable=False),
        sa.Column("guideline_version", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["item_no"], ["annotation_items.item_no"]),
        sa.PrimaryKeyConstraint("item_no", "annotator", "round"),
        sa.UniqueConstraint("label_id"),
    )
    op.create_index("ix_annotation_labels_project_id", "annotation_labels", ["project_id"])
    op.create_table(
        "annotation_shown",
        sa.Column("item_no", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("run_id", sa.String(length=200), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("blind", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.CheckConstraint("NOT blind", name="ck_annotation_shown_never_blind"),
        sa.ForeignKeyConstraint(
            ["item_no", "blind"], ["annotation_items.item_no", "annotation_items.blind"], name="fk_annotation_shown_item"
        ),
        sa.PrimaryKeyConstraint("item_no", "person", "run_id"),
    )
    op.create_table(
        "annotation_skips",
        sa.Column("item_no", _NUMBER, nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["item_no"], ["annotation_items.item_no"]),
        sa.PrimaryKeyConstraint("item_no", "person", "round"),
    )
