"""Crons run for tenants of this release that are active and not in maintenance.

A suspended tenant's people may still log in and export, but nothing works for it unasked: its
mail, its synchronisations and its reminders wait until it is active again.
"""

from __future__ import annotations

import logging

from odoo.addons.base.models.ir_cron import IrCron
from odoo.service import server
from odoo.tools import config

from .connections import Unavailable
from .routes import Route, Routes

_logger = logging.getLogger(__name__)


class Schedule:
    """Which databases this server's crons visit."""

    def __init__(self, routes: Routes, release: str) -> None:
        self._routes, self._release = routes, release

    def databases(self) -> list[str]:
        """In the order of the registry; none when the registry has been away for too long."""
        try:
            known = self._routes.snapshot().by_database
        except Unavailable:
            return []
        named = config["db_name"]
        return [
            name
            for name, route in known.items()
            if self._runs(route) and (not named or name in named)
        ]

    def runs(self, database: str) -> bool:
        """Whether this database is visited at this moment."""
        try:
            route = self._routes.of_database(database)
        except Unavailable:
            return False
        return bool(route and self._runs(route))

    def _runs(self, route: Route) -> bool:
        return route.runs_on(self._release) and route.active and not route.maintenance


def install(schedule: Schedule) -> None:
    """Odoo lists the databases once a minute, so each is asked about again, before each job."""
    stock_process, stock_acquire = IrCron._process_jobs, IrCron._acquire_one_job

    def process(db_name):
        return stock_process(db_name) if schedule.runs(db_name) else None

    def acquire(cr, job_id, *, include_not_ready=False):
        # With include_not_ready a person asked for this one job, by its button.
        if not include_not_ready and not schedule.runs(cr.dbname):
            return None
        return stock_acquire(cr, job_id, include_not_ready=include_not_ready)

    server.cron_database_list = schedule.databases
    IrCron._process_jobs = staticmethod(process)
    IrCron._acquire_one_job = staticmethod(acquire)
