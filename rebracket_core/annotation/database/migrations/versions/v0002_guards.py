"""Events that cannot be changed, slots kept for one person, and repeats that know what they repeat."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_EVENTS = "annotation_events"


def upgrade() -> None:
    op.add_column("annotation_slots", sa.Column("only_for", sa.String(200)))
    op.add_column("annotation_slots", sa.Column("repeat_of_no", sa.BigInteger()))
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER annotation_events_no_{verb.lower()} BEFORE {verb} ON {_EVENTS} "
                f"BEGIN SELECT RAISE(ABORT, 'events are never changed'); END"
            )
    else:
        op.execute(
            "CREATE FUNCTION annotation_events_guard() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'events are never changed'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER annotation_events_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON {_EVENTS} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION annotation_events_guard()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER annotation_events_no_update")
        op.execute("DROP TRIGGER annotation_events_no_delete")
    else:
        op.execute(f"DROP TRIGGER annotation_events_no_change ON {_EVENTS}")
        op.execute("DROP FUNCTION annotation_events_guard()")
    op.drop_column("annotation_slots", "repeat_of_no")
    op.drop_column("annotation_slots", "only_for")
