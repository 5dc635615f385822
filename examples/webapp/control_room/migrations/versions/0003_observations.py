# SPDX-License-Identifier: BSD-3-Clause
"""Observations, the queue's lease, and who drives."""

import sqlalchemy as sa
from alembic import op
from control_room.database import Moment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "observations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(64), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("username", sa.String(80), nullable=False),
        sa.Column("requestor", sa.JSON(), nullable=True),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("queued", sa.Boolean(), nullable=False),
        sa.Column("archived", sa.String(64), nullable=False),
        sa.Column("idempotency_key", sa.String(255), nullable=True),
        sa.Column("created_on", Moment(), nullable=False),
        sa.Column("updated_on", Moment(), nullable=False),
        sa.Column("completed_on", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observations")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_observations_user_id_users")),
        sa.UniqueConstraint("key", name=op.f("uq_observations_key")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_observations_idempotency_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_observations_user_id"), "observations", ["user_id"])
    op.create_index(op.f("ix_observations_status"), "observations", ["status"])
    op.create_table(
        "leases",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("beat", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "running",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("observation", sa.Integer(), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("frame", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_running")),
    )
    op.create_table(
        "drivers",
        sa.Column("mount", sa.String(64), nullable=False),
        sa.Column("who", sa.String(80), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("mount", name=op.f("pk_drivers")),
    )
    op.create_table(
        "drive_requests",
        sa.Column("mount", sa.String(64), nullable=False),
        sa.Column("who", sa.String(80), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("mount", "who", name=op.f("pk_drive_requests")),
    )


def downgrade() -> None:
    for table in ("drive_requests", "drivers", "running", "leases", "observations"):
        op.drop_table(table)
