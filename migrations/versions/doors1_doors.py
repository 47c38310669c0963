"""doors"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = 'doors1'
down_revision = ("focus1", "stats1")
branch_labels = None
depends_on = None


def upgrade() -> None:
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



def downgrade() -> None:
    with op.batch_alter_table('puzzle_sessions', schema=None) as batch_op:
        batch_op.drop_index('ix_puzzle_sessions_day')

    op.drop_table('puzzle_sessions')
