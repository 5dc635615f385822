# SPDX-License-Identifier: BSD-3-Clause
"""Modules, commands and their fate, messages, points on their way, pictures, silences."""

import sqlalchemy as sa
from alembic import op

from control_room.database import Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "live_module",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("last_seen", Moment(), nullable=False),
        sa.Column("admitted_at", Moment(), nullable=True),
        sa.Column("admitted_by", sa.String(255), nullable=False),
        sa.Column("says_offline", sa.Boolean(), nullable=False),
        sa.Column("boot", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_live_module"),
    )
    op.create_table(
        "live_module_point",
        sa.Column("id", sa.String(129), nullable=False),
        sa.Column("module_id", sa.String(64), nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("unit", sa.String(64), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("time", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["module_id"], ["live_module.id"], name="fk_live_module_point_module_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_live_module_point"),
    )
    op.create_index("ix_live_module_point_module_id", "live_module_point", ["module_id"])
    op.create_index("ix_live_module_point_type", "live_module_point", ["type"])
    op.create_table(
        "live_waiting_point",
        sa.Column("id", COUNTED, autoincrement=True, nullable=False),
        sa.Column("process", sa.String(36), nullable=False),
        sa.Column("accepted", Moment(), nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("boot", sa.BigInteger(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("point", sa.String(129), nullable=False),
        sa.Column("nanoseconds", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("unit", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_live_waiting_point"),
        sa.UniqueConstraint("source", "boot", "sequence", name="uq_live_waiting_point_source_boot_sequence"),
    )
    op.create_index("ix_live_waiting_point_accepted", "live_waiting_point", ["accepted"])
    op.create_index("ix_live_waiting_point_kept_id", "live_waiting_point", ["kept", "id"])
    op.create_table(
        "live_event",
        sa.Column("id", COUNTED, autoincrement=True, nullable=False),
        sa.Column("process", sa.String(36), nullable=False),
        sa.Column("time", Moment(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_live_event"),
    )
    op.create_index("ix_live_event_time", "live_event", ["time"])
    op.create_index("ix_live_event_name", "live_event", ["name"])
    op.create_table(
        "live_command",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("command", sa.String(64), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("to_module", sa.Boolean(), nullable=False),
        sa.Column("issuer", sa.String(255), nullable=False),
        sa.Column("process", sa.String(36), nullable=False),
        sa.Column("issued", Moment(), nullable=False),
        sa.Column("expires", Moment(), nullable=False),
        sa.Column("handed_out", Moment(), nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("changed", Moment(), nullable=False),
        sa.Column("message", sa.String(2000), nullable=False),
        sa.Column("error_code", sa.String(64), nullable=False),
        sa.Column("details", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_live_command"),
    )
    op.create_index("ix_live_command_device_issued", "live_command", ["device", "issued"])
    op.create_index("ix_live_command_issued", "live_command", ["issued"])
    op.create_index("ix_live_command_state", "live_command", ["state"])
    op.create_table(
        "live_frame",
        sa.Column("id", COUNTED, autoincrement=True, nullable=False),
        sa.Column("module_id", sa.String(64), nullable=False),
        sa.Column("time", Moment(), nullable=False),
        sa.Column("media_type", sa.String(32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["module_id"], ["live_module.id"], name="fk_live_frame_module_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_live_frame"),
    )
    op.create_index("ix_live_frame_module_id", "live_frame", ["module_id"])
    op.create_table(
        "live_silence",
        sa.Column("alarm", sa.String(255), nullable=False),
        sa.Column("until", Moment(), nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("alarm", name="pk_live_silence"),
    )


def downgrade() -> None:
    for table in (
        "live_silence", "live_frame", "live_command", "live_event", "live_waiting_point",
        "live_module_point", "live_module",
    ):  # fmt: skip
        op.drop_table(table)
