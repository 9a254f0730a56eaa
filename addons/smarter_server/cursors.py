"""The last wall: no cursor for a tenant that this server must leave alone.

Doors that stay open longer than a request (websockets, streams, a cron under way) would otherwise
work on a database while it is upgraded, or with the code of another release.
"""

from __future__ import annotations

from psycopg2.pool import PoolError

from odoo import sql_db
from odoo.service import server
from odoo.tools import config

from .connections import Unavailable
from .routes import Routes


class TenantAway(PoolError):
    """The tenant is in maintenance, or served by another release.

    To Odoo it is a pool without a free connection: it logs nobody out, and tells websockets to try
    again later, where an ``OperationalError`` means a broken database.
    """


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
    return bool(route and (route.maintenance or not route.runs_on(release)))
