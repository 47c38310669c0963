"""puzzle sessions, blocks that repeat, calendar feeds"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('block_series',
    sa.Column('owner_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('title', sa.String(length=500), nullable=False),
    sa.Column('start_time', sa.Time(), nullable=False),
    sa.Column('duration_minutes', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('repeat', sa.String(length=10), nullable=False),
    sa.Column('first_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.Column('laid_out_until', sa.Date(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('uid', sa.Uuid(), nullable=False),
    sa.CheckConstraint("repeat IN ('daily', 'weekly', 'monthly')", name=op.f('ck_block_series_repeat')),
    sa.CheckConstraint('duration_minutes BETWEEN 1 AND 1440', name=op.f('ck_block_series_duration')),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_block_series_owner_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_block_series')),
    sa.UniqueConstraint('uid', name=op.f('uq_block_series_uid'))
    )
    with op.batch_alter_table('block_series', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_block_series_laid_out_until'), ['laid_out_until'], unique=False)
        batch_op.create_index(batch_op.f('ix_block_series_owner_id'), ['owner_id'], unique=False)

    op.create_table('feeds',
    sa.Column('owner_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('secret_hash', sa.String(length=64), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('uid', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_feeds_owner_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_feeds')),
    sa.UniqueConstraint('owner_id', name=op.f('uq_feeds_owner_id')),
    sa.UniqueConstraint('secret_hash', name=op.f('uq_feeds_secret_hash')),
    sa.UniqueConstraint('uid', name=op.f('uq_feeds_uid'))
    )
    op.create_table('puzzle_sessions',
    sa.Column('owner_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(length=100), nullable=False),
    sa.Column('played_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('played_on', sa.Date(), nullable=False),
    sa.Column('duration_seconds', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('difficulty', sa.String(length=30), nullable=False),
    sa.Column('declutter_text', sa.Text(), nullable=True),
    sa.Column('mistake_count', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('is_completed', sa.Boolean(), nullable=False),
    sa.Column('puzzle_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('uid', sa.Uuid(), nullable=False),
    sa.CheckConstraint('duration_seconds >= 0', name=op.f('ck_puzzle_sessions_duration')),
    sa.CheckConstraint('mistake_count >= 0', name=op.f('ck_puzzle_sessions_mistakes')),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_puzzle_sessions_owner_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_puzzle_sessions')),
    sa.UniqueConstraint('owner_id', 'key', name=op.f('uq_puzzle_sessions_owner_id_key')),
    sa.UniqueConstraint('uid', name=op.f('uq_puzzle_sessions_uid'))
    )
    with op.batch_alter_table('puzzle_sessions', schema=None) as batch_op:
        batch_op.create_index('ix_puzzle_sessions_day', ['owner_id', 'played_on'], unique=False)

    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    with op.batch_alter_table("time_blocks") as blocks:
        blocks.add_column(sa.Column("series_id", number, nullable=True))
        blocks.add_column(sa.Column("series_on", sa.Date(), nullable=True))
        blocks.create_index("uq_time_blocks_series", ["series_id", "series_on"], unique=True)
        blocks.create_foreign_key(
            "fk_time_blocks_series_id", "block_series", ["series_id"], ["id"], ondelete="SET NULL"
        )


def downgrade() -> None:
    with op.batch_alter_table("time_blocks") as blocks:
        blocks.drop_constraint("fk_time_blocks_series_id", type_="foreignkey")
        blocks.drop_index("uq_time_blocks_series")
        blocks.drop_column("series_on")
        blocks.drop_column("series_id")

    with op.batch_alter_table('puzzle_sessions', schema=None) as batch_op:
        batch_op.drop_index('ix_puzzle_sessions_day')

    op.drop_table('puzzle_sessions')
    op.drop_table('feeds')
    with op.batch_alter_table('block_series', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_block_series_owner_id'))
        batch_op.drop_index(batch_op.f('ix_block_series_laid_out_until'))

    op.drop_table('block_series')
