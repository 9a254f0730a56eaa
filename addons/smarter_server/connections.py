"""A few connections to the registry, as Odoo's role. Every wait has an end."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import psycopg2.extensions

#: Connections one process holds at most, and how long one waits for one of them (seconds).
MOST = 4
WAIT = 1.0
CONNECT_SECONDS = 2
STATEMENT_MS = 2000

TIME_OUTS = {
    "connect_timeout": CONNECT_SECONDS,
    "tcp_user_timeout": 3000,
    "keepalives_idle": 30,
    "options": f"-c statement_timeout={STATEMENT_MS} -c lock_timeout=1000",
}


class Unavailable(Exception):
    """The registry does not answer; its contents, or what was cached of them, may still do."""


def opener(dsn_file: str) -> Callable[[], object]:
    """Opens connections by the DSN in the file, read again each time: passwords change."""

    def connect():
        try:
            dsn = Path(dsn_file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Unavailable(f"the file with the registry's DSN cannot be read: {error}") from None
        connection = psycopg2.connect(dsn, application_name="smarter_server", **TIME_OUTS)
        connection.autocommit = True
        return connection

    return connect


class Connections:
    """Idle connections, newest first. A process that was forked opens its own."""

    def __init__(self, connect: Callable[[], object]) -> None:
        self._connect = connect
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._pid = os.getpid()
        self._idle: list = []
        self._places = threading.BoundedSemaphore(MOST)

    def query(self, statement: str, parameters: tuple = ()) -> list[tuple]:
        """All rows of one statement. Raises :class:`Unavailable`."""
        if self._pid != os.getpid():
            self._start_afresh()
        with self._place():
            try:
                return self._run(statement, parameters)
            except psycopg2.Error as error:
                reason = str(error).strip().splitlines() or [type(error).__name__]
                raise Unavailable(reason[-1]) from error

    @contextmanager
    def _place(self) -> Iterator[None]:
        places = self._places
        if not places.acquire(timeout=WAIT):
            raise Unavailable("all connections to the registry are in use")
        try:
            yield
        finally:
            places.release()

    def _run(self, statement: str, parameters: tuple) -> list[tuple]:
        while (connection := self._taken()) is not None:
            # One that the server closed in the meantime fails at once; the next one may not.
            try:
                return self._on(connection, statement, parameters)
            except psycopg2.extensions.QueryCanceledError:
                raise
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                continue
        return self._on(self._connect(), statement, parameters)

    def _taken(self):
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _on(self, connection, statement: str, parameters: tuple) -> list[tuple]:
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                rows = cursor.fetchall()
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return rows
