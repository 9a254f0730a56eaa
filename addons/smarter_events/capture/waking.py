"""NOTIFY in database ``postgres``, where one LISTEN hears of all tenants, as Odoo's bus does.

Odoo's pool does not keep connections to ``postgres``, and a new one costs more than all the rest of
an event. So each process keeps one of its own.
"""

from __future__ import annotations

import logging
import os
import threading

import psycopg2

from odoo.sql_db import connection_info_for

from smarter_domain.outbox import NOTIFY_CHANNEL

_logger = logging.getLogger(__name__)
CONNECT_TIMEOUT = 5
"""Seconds that a person may wait, after the commit, for an unreachable database."""


class Waker:
    """One connection a process, shared by its threads and opened when first needed."""

    def __init__(self):
        self._lock, self._connection, self._pid = threading.Lock(), None, None

    def wake(self, dbname: str) -> None:
        """Say that ``dbname`` has events. A failure is logged and forgotten: the work is
        committed, and the connector polls too."""
        try:
            with self._lock:
                self._notify(dbname)
        except psycopg2.Error:
            _logger.warning("The connector was not woken for %s", dbname, exc_info=True)

    def _notify(self, dbname: str) -> None:
        try:
            self._execute(dbname)
        except psycopg2.Error:
            self._connection = None  # the server may have been restarted meanwhile
            self._execute(dbname)

    def _execute(self, dbname: str) -> None:
        if self._connection is None or self._pid != os.getpid():
            self._connection, self._pid = self._connect(), os.getpid()
        with self._connection.cursor() as cr:
            cr.execute("SELECT pg_notify(%s, %s)", [NOTIFY_CHANNEL, dbname])

    def _connect(self):
        _, info = connection_info_for("postgres")
        connection = psycopg2.connect(**{**info, "connect_timeout": CONNECT_TIMEOUT})
        connection.autocommit = True
        with connection.cursor() as cr:
            cr.execute("SET synchronous_commit = off")  # there is nothing to be made durable
        return connection


wake = Waker().wake
