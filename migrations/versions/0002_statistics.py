"""stats"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('active_months',
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('month', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('user_id', 'month', name=op.f('pk_active_months'))
    )
    op.create_table('daily_totals',
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('date', sa.Date(), nullable=False),
    sa.Column('category_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('planned', sa.Integer(), nullable=False),
    sa.Column('completed', sa.Integer(), nullable=False),
    sa.Column('minutes', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('user_id', 'date', 'category_id', name=op.f('pk_daily_totals'))
    )
    op.create_table('dirty_days',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('date', sa.Date(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_dirty_days_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dirty_days'))
    )
    with op.batch_alter_table('dirty_days', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_dirty_days_user_id'), ['user_id'], unique=False)

    # What was planned before these tables is counted when it is first asked for.
    op.execute("INSERT INTO dirty_days (user_id, date) SELECT DISTINCT owner_id, date FROM time_blocks")



def downgrade() -> None:
    with op.batch_alter_table('dirty_days', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_dirty_days_user_id'))

    op.drop_table('dirty_days')
    op.drop_table('daily_totals')
    op.drop_table('active_months')
