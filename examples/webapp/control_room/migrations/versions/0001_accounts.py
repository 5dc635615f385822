# SPDX-License-Identifier: BSD-3-Clause
"""Users, sign-ins, keys, the audit log that nobody changes, links and mails."""

import sqlalchemy as sa
from alembic import op
from control_room.database import Moment

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = Moment()


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("username", sa.String(80), nullable=False, unique=True),
        sa.Column("email", sa.String(254), unique=True),
        sa.Column("password", sa.String(255)),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("must_change_password", sa.Boolean, nullable=False),
        sa.Column("provider_id", sa.String(512), unique=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT),
        sa.Column("deleted_at", MOMENT),
    )
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.String(32), primary_key=True),
        _user(),
        sa.Column("refresh", sa.String(64), nullable=False, unique=True),
        sa.Column("rotated_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
    )
    op.create_table(
        "old_refreshes",
        sa.Column("refresh", sa.String(64), primary_key=True),
        sa.Column(
            "sign_in_id",
            sa.String(32),
            sa.ForeignKey("sign_ins.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Integer, primary_key=True),
        _user(),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False, unique=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("module", sa.String(128), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT),
        sa.Column("expires_at", MOMENT),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("time", MOMENT, nullable=False, index=True),
        sa.Column("who", sa.String(80), nullable=False, index=True),
        sa.Column("way", sa.String(16), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("action", sa.String(64), nullable=False, index=True),
        sa.Column("subject", sa.String(512), nullable=False),
        sa.Column("details", sa.JSON),
        sa.Column("outcome", sa.String(16), nullable=False),
    )
    op.create_table(
        "one_time_links",
        sa.Column("hash", sa.String(64), primary_key=True),
        _user(),
        sa.Column("expires_at", MOMENT, nullable=False),
    )
    op.create_table(
        "mails",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("recipient", sa.String(254), nullable=False),
        sa.Column("message", sa.LargeBinary, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("next_at", MOMENT, index=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("sent_at", MOMENT),
        sa.Column("error", sa.Text, nullable=False),
    )
    _protect_audit()


def _user() -> sa.Column:
    return sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True)


def _protect_audit() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{change.lower()} BEFORE {change} ON audit "
                "BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END"
            )
        op.execute(  # INSERT OR REPLACE removes without asking the trigger above
            "CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit "
            "WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id) "
            "BEGIN SELECT RAISE(ABORT, 'the audit log is only added to'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit log is only added to'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
    )


def downgrade() -> None:
    for table in ("mails", "one_time_links", "audit", "api_keys", "old_refreshes", "sign_ins", "users"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_refuse()")
