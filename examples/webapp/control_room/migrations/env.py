# SPDX-License-Identifier: BSD-3-Clause
"""Alembic runs this. `Database.migrate` gives the connection."""

from alembic import context
from control_room.app import tables

context.configure(connection=context.config.attributes["connection"], target_metadata=tables(), render_as_batch=True)
context.run_migrations()
