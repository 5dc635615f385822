# SPDX-License-Identifier: BSD-3-Clause
"""The control room: a reference web app on top of the Python module `astro`.

settings    what may be said by environment and file
database    users, sessions, observations' requests: SQLAlchemy, SQLite or PostgreSQL
room        the observatory that this process has open, with its hub and its store
callers     who asks, and what a role may do: one place for every route
accounts    users, tokens, keys, audit, mail
live        contracts 2 and 3: the socket, history, modules over HTTP, alarms, nodes
observations  contract 4, the queue, results, the sky, who drives
pages       the front end's files
app         all of it together
"""
