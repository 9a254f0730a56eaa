"""The last wall: no cursor for a tenant that this server must leave alone.

Doors that stay open longer than a request (websockets, streams, a cron under way) would otherwise
work on a database while it is upgraded, or with the code of another release.
"""

from __future__ import annotations

import psycopg2

from odoo import sql_db
from odoo.service import server
from odoo.tools import config

from .connections import Unavailable
from .routes import Routes


class TenantAway(psycopg2.OperationalError):
    """The tenant is in maintenance, or served by another release."""


def refuse_absent_tenants(routes: Routes, release: str) -> None:
    """Refuse cursors in serving processes; commands such as an upgrade are the maintenance."""
    stock = sql_db.Connection.cursor

    def cursor(self):
        if _serves() and _away(routes, release, self.dbname):
            raise TenantAway(f"{self.dbname} is not served here at the moment")
        return stock(self)

    sql_db.Connection.cursor = cursor


def _serves() -> bool:
    return server.server is not None and not config["stop_after_init"]


def _away(routes: Routes, release: str, database: str) -> bool:
    try:
        route = routes.of_database(database)
    except Unavailable:
        return False
    return bool(route and (route.maintenance or (release and route.release != release)))
