"""projects, tasks, sessions of focus, live events"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("prefix", sa.String(length=12), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_keys_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_keys_token_hash")),
        sa.UniqueConstraint("uid", name=op.f("uq_api_keys_uid")),
    )
    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.create_index("ix_api_keys_user", ["user_id", "created_at"], unique=False)

    op.create_table(
        "live_events",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_live_events_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_events")),
        sa.UniqueConstraint("uid", name=op.f("uq_live_events_uid")),
    )
    with op.batch_alter_table("live_events", schema=None) as batch_op:
        batch_op.create_index("ix_live_events_created", ["created_at"], unique=False)
        batch_op.create_index("ix_live_events_user", ["user_id", "id"], unique=False)

    op.create_table(
        "projects",
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("color_code", sa.String(length=7), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_projects_owner_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("uid", name=op.f("uq_projects_uid")),
    )
    with op.batch_alter_table("projects", schema=None) as batch_op:
        batch_op.create_index("ix_projects_owner", ["owner_id", "created_at"], unique=False)

    op.create_table(
        "tasks",
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("project_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("inbox_item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("estimated_pomodoros", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("focus_seconds", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("pomodoros", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint("(status = 'completed') = (completed_at IS NOT NULL)", name=op.f("ck_tasks_completion")),
        sa.CheckConstraint("status IN ('pending', 'in_progress', 'paused', 'completed')", name=op.f("ck_tasks_status")),
        sa.CheckConstraint("estimated_pomodoros >= 0", name=op.f("ck_tasks_estimate")),
        sa.CheckConstraint("focus_seconds >= 0 AND pomodoros >= 0", name=op.f("ck_tasks_sums")),
        sa.ForeignKeyConstraint(
            ["inbox_item_id"], ["inbox_items.id"], name=op.f("fk_tasks_inbox_item_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_tasks_owner_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_tasks_project_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.UniqueConstraint("inbox_item_id", name=op.f("uq_tasks_inbox_item_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_tasks_uid")),
    )
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.create_index("ix_tasks_completed", ["owner_id", "completed_at"], unique=False)
        batch_op.create_index("ix_tasks_owner", ["owner_id", "created_at"], unique=False)
        batch_op.create_index("ix_tasks_project_id", ["project_id"], unique=False)

    op.create_table(
        "focus_sessions",
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("block_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("planned_seconds", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("cycle_focus", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("cycle_short_break", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("cycle_long_break", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("cycle_interval", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("running_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counted_us", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("pomodoros", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("completed", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.CheckConstraint("kind IN ('focus', 'short_break', 'long_break')", name=op.f("ck_focus_sessions_kind")),
        sa.CheckConstraint(
            "(CASE WHEN running_since IS NULL THEN 0 ELSE 1 END) + (CASE WHEN paused_at IS NULL THEN 0 ELSE 1 END) + (CASE WHEN ended_at IS NULL THEN 0 ELSE 1 END) = 1",
            name=op.f("ck_focus_sessions_one_state"),
        ),
        sa.CheckConstraint("(planned_seconds IS NULL) <> (cycle_focus IS NULL)", name=op.f("ck_focus_sessions_length")),
        sa.CheckConstraint("(running_since IS NULL) = (ends_at IS NULL)", name=op.f("ck_focus_sessions_due")),
        sa.CheckConstraint("counted_us >= 0", name=op.f("ck_focus_sessions_counted")),
        sa.CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name=op.f("ck_focus_sessions_order")),
        sa.CheckConstraint("planned_seconds > 0", name=op.f("ck_focus_sessions_planned")),
        sa.CheckConstraint(
            "planned_seconds IS NULL OR counted_us <= planned_seconds * 1000000",
            name=op.f("ck_focus_sessions_within_plan"),
        ),
        sa.ForeignKeyConstraint(
            ["block_id"], ["time_blocks.id"], name=op.f("fk_focus_sessions_block_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_focus_sessions_owner_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_focus_sessions_task_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_focus_sessions")),
        sa.UniqueConstraint("uid", name=op.f("uq_focus_sessions_uid")),
    )
    with op.batch_alter_table("focus_sessions", schema=None) as batch_op:
        batch_op.create_index("ix_focus_sessions_block_id", ["block_id"], unique=False)
        batch_op.create_index(
            "ix_focus_sessions_due",
            ["ends_at"],
            unique=False,
            sqlite_where=sa.text("running_since IS NOT NULL"),
            postgresql_where=sa.text("running_since IS NOT NULL"),
        )
        batch_op.create_index("ix_focus_sessions_owner", ["owner_id", "started_at"], unique=False)
        batch_op.create_index(
            "ix_focus_sessions_pomodoros",
            ["owner_id", "started_at"],
            unique=False,
            sqlite_where=sa.text("pomodoros > 0"),
            postgresql_where=sa.text("pomodoros > 0"),
        )
        batch_op.create_index("ix_focus_sessions_task_id", ["task_id"], unique=False)
        batch_op.create_index(
            "uq_focus_sessions_open_task",
            ["task_id"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.create_index(
            "uq_focus_sessions_running",
            ["owner_id"],
            unique=True,
            sqlite_where=sa.text("running_since IS NOT NULL"),
            postgresql_where=sa.text("running_since IS NOT NULL"),
        )

    op.create_table(
        "focus_stretches",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.CheckConstraint("ended_at >= started_at", name=op.f("ck_focus_stretches_order")),
        sa.CheckConstraint("seconds > 0", name=op.f("ck_focus_stretches_seconds")),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_focus_stretches_owner_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["focus_sessions.id"], name=op.f("fk_focus_stretches_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_focus_stretches")),
    )
    with op.batch_alter_table("focus_stretches", schema=None) as batch_op:
        batch_op.create_index("ix_focus_stretches_owner", ["owner_id", "started_at"], unique=False)
        batch_op.create_index("ix_focus_stretches_session_id", ["session_id"], unique=False)

    op.create_table(
        "run_tasks",
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uid", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["focus_sessions.id"], name=op.f("fk_run_tasks_session_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_run_tasks_task_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_tasks")),
        sa.UniqueConstraint("session_id", "task_id", name=op.f("uq_run_tasks_session_id_task_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_run_tasks_uid")),
    )
    with op.batch_alter_table("run_tasks", schema=None) as batch_op:
        batch_op.create_index("ix_run_tasks_task_id", ["task_id"], unique=False)

    op.add_column("inbox_items", sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("inbox_items", "completed_at")

    with op.batch_alter_table("run_tasks", schema=None) as batch_op:
        batch_op.drop_index("ix_run_tasks_task_id")

    op.drop_table("run_tasks")
    with op.batch_alter_table("focus_stretches", schema=None) as batch_op:
        batch_op.drop_index("ix_focus_stretches_session_id")
        batch_op.drop_index("ix_focus_stretches_owner")

    op.drop_table("focus_stretches")
    with op.batch_alter_table("focus_sessions", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_focus_sessions_running",
            sqlite_where=sa.text("running_since IS NOT NULL"),
            postgresql_where=sa.text("running_since IS NOT NULL"),
        )
        batch_op.drop_index(
            "uq_focus_sessions_open_task",
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index("ix_focus_sessions_task_id")
        batch_op.drop_index(
            "ix_focus_sessions_pomodoros",
            sqlite_where=sa.text("pomodoros > 0"),
            postgresql_where=sa.text("pomodoros > 0"),
        )
        batch_op.drop_index("ix_focus_sessions_owner")
        batch_op.drop_index(
            "ix_focus_sessions_due",
            sqlite_where=sa.text("running_since IS NOT NULL"),
            postgresql_where=sa.text("running_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_focus_sessions_block_id")

    op.drop_table("focus_sessions")
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.drop_index("ix_tasks_project_id")
        batch_op.drop_index("ix_tasks_owner")
        batch_op.drop_index("ix_tasks_completed")

    op.drop_table("tasks")
    with op.batch_alter_table("projects", schema=None) as batch_op:
        batch_op.drop_index("ix_projects_owner")

    op.drop_table("projects")
    with op.batch_alter_table("live_events", schema=None) as batch_op:
        batch_op.drop_index("ix_live_events_user")
        batch_op.drop_index("ix_live_events_created")

    op.drop_table("live_events")

    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.drop_index("ix_api_keys_user")

    op.drop_table("api_keys")
