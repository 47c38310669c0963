"""pushes"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "push_handshakes",
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("sealed_token", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_handshakes")),
        sa.UniqueConstraint("provider", name=op.f("uq_push_handshakes_provider")),
        sa.UniqueConstraint("uid", name=op.f("uq_push_handshakes_uid")),
    )
    op.create_table(
        "pushes",
        sa.Column("provider", sa.String(length=20), nullable=False),
        sa.Column("delivery_id", sa.String(length=200), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pushes")),
        sa.UniqueConstraint("provider", "delivery_id", name=op.f("uq_pushes_provider_delivery_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_pushes_uid")),
    )
    with op.batch_alter_table("pushes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_pushes_received_at"), ["received_at"], unique=False)

    op.create_table(
        "push_channels",
        sa.Column("integration_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(length=200), nullable=False),
        sa.Column("resource", sa.String(length=300), nullable=False),
        sa.Column("resource_id", sa.String(length=300), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["integration_id"], ["integrations.id"], name=op.f("fk_push_channels_integration_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_channels")),
        sa.UniqueConstraint("integration_id", "channel", name=op.f("uq_push_channels_integration_id_channel")),
        sa.UniqueConstraint("uid", name=op.f("uq_push_channels_uid")),
    )
    with op.batch_alter_table("push_channels", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_push_channels_channel"), ["channel"], unique=False)
        batch_op.create_index(batch_op.f("ix_push_channels_expires_at"), ["expires_at"], unique=False)

    with op.batch_alter_table("integrations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("username_key", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("woken_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index("ix_integrations_username", ["provider", "username_key"], unique=False)



def downgrade() -> None:
    with op.batch_alter_table("integrations", schema=None) as batch_op:
        batch_op.drop_index("ix_integrations_username")
        batch_op.drop_column("woken_at")
        batch_op.drop_column("username_key")

    with op.batch_alter_table("push_channels", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_push_channels_expires_at"))
        batch_op.drop_index(batch_op.f("ix_push_channels_channel"))

    op.drop_table("push_channels")
    with op.batch_alter_table("pushes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pushes_received_at"))

    op.drop_table("pushes")
    op.drop_table("push_handshakes")
