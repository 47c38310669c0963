"""a budget of runs for each provider"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from models.db import Instant

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("integrations") as batch_op:
        batch_op.add_column(sa.Column("parked_at", Instant, nullable=True))
        batch_op.create_index("ix_integrations_lease", ["lease_until"])
        batch_op.create_index("ix_integrations_parked", ["provider", "parked_at"])


def downgrade() -> None:
    with op.batch_alter_table("integrations") as batch_op:
        batch_op.drop_index("ix_integrations_parked")
        batch_op.drop_index("ix_integrations_lease")
        batch_op.drop_column("parked_at")
