"""sessions of a team are found when the team is erased"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

IN_TEAM = sa.text("organization_id IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_focus_sessions_organization_id",
        "focus_sessions",
        ["organization_id"],
        sqlite_where=IN_TEAM,
        postgresql_where=IN_TEAM,
    )
    op.create_index("ix_oauth_states_user_id", "oauth_states", ["user_id"])


def downgrade() -> None:
    op.drop_index("ix_oauth_states_user_id", "oauth_states")
    op.drop_index("ix_focus_sessions_organization_id", "focus_sessions")
