"""what expires is found by an index"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

INDEXES = {
    "activities": ("ix_activities_at", "at"),
    "block_reminders": ("ix_block_reminders_starts_at", "starts_at"),
    "daily_summaries": ("ix_daily_summaries_date", "date"),
    "invites": ("ix_invites_expires_at", "expires_at"),
    "known_addresses": ("ix_known_addresses_seen_at", "seen_at"),
    "mailed_tokens": ("ix_mailed_tokens_expires_at", "expires_at"),
    "mails": ("ix_mails_created_at", "created_at"),
}
SINGLE = sa.text("deleted_at IS NOT NULL AND series_id IS NULL")


def upgrade() -> None:
    for table, (name, column) in INDEXES.items():
        op.create_index(name, table, [column])
    op.create_index(
        "ix_time_blocks_deleted_at", "time_blocks", ["deleted_at"], sqlite_where=SINGLE, postgresql_where=SINGLE
    )


def downgrade() -> None:
    op.drop_index("ix_time_blocks_deleted_at", "time_blocks")
    for table, (name, _) in INDEXES.items():
        op.drop_index(name, table)
