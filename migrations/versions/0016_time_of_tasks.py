"""a project's time is found by its tasks"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

IN_TEAM = sa.text("organization_id IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_focus_stretches_task",
        "focus_stretches",
        ["task_id", "started_at", "ended_at"],
        sqlite_where=IN_TEAM,
        postgresql_where=IN_TEAM,
    )


def downgrade() -> None:
    op.drop_index("ix_focus_stretches_task", "focus_stretches")
