"""Which databases this server knows of: the visit's own, and no other."""

from __future__ import annotations

from collections.abc import Iterable

import odoo.service.db
from odoo import http
from odoo.exceptions import AccessDenied

from . import visit

#: What Odoo's own pages ask of the "db" service, and says nothing of databases.
HARMLESS = {"list_lang", "server_version"}


def install() -> None:
    """Replace what Odoo asks for the databases of a host, and what it tells of databases.

    The command line (no visit) keeps the functions of ``odoo.service.db``.
    """
    service = odoo.service.db
    http.db_filter, http.db_list = db_filter, db_list
    stock_list, stock_exist, stock_dispatch = (
        service.list_dbs,
        service.exp_db_exist,
        service.dispatch,
    )

    def list_dbs(force=False):
        return db_list() if visit.current() else stock_list(force)

    def exp_db_exist(db_name):
        if visit.current():
            raise AccessDenied()
        return stock_exist(db_name)

    def dispatch(method, params):
        here = visit.current()
        if here and (here.integration or method not in HARMLESS):
            raise AccessDenied()
        return stock_dispatch(method, params)

    service.list_dbs, service.exp_db_exist, service.dispatch = list_dbs, exp_db_exist, dispatch


def db_filter(dbs: Iterable[str], host: str | None = None) -> list[str]:
    """Those of ``dbs`` that the present request may use; ``host`` was settled at the gate."""
    here = visit.current()
    return [name for name in dbs if here and name == here.database]


def db_list(force: bool = False, host: str | None = None) -> list[str]:
    """The database of the present request, if it is for a tenant."""
    here = visit.current()
    return [here.database] if here and here.database else []
