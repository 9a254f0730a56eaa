"""``pg_dump`` and ``pg_restore`` as streams.

A dump is restored by a login made for it alone that can be nothing but Odoo's role: whatever is in
a dump runs when it is restored, and must not run as the administrator.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import BinaryIO

import psycopg
from psycopg import sql

from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants.archive import COPY_BYTES
from smarter_connector.tenants.backup_snapshot import Snapshot
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.restore_login import restore_login

_OPTIONS = "-c synchronous_commit=off -c statement_timeout=0 -c lock_timeout=0"
_STDERR_BYTES = 64 * 1024


@contextmanager
def dumping(platform: Platform, database: str, state: Snapshot) -> Iterator[BinaryIO]:
    """The dump of that state, to be read to its end. Raises StepFailed with pg_dump's words.

    Extensions are left out: whoever restores makes them, as an administrator.
    """
    command = [_program(platform, "pg_dump"), "-Fc", "--no-owner", "--no-privileges",
               "--exclude-extension=*", f"--snapshot={state.id}", "-d", database]  # fmt: skip
    settings = platform.settings
    environment = _environment(platform, settings.pg_admin_user, platform.admin_password())
    with tempfile.TemporaryFile() as told:
        process = _start(command, environment, told, stdout=subprocess.PIPE)
        with _ended(process):
            assert process.stdout is not None
            yield process.stdout
            if process.stdout.read(1):
                raise StepFailed("the dump was not read to its end")
            _check("pg_dump", process.wait(), told)


@contextmanager
def restoring(
    platform: Platform, database: str, extensions: Sequence[str] = ()
) -> Iterator[BinaryIO]:
    """A new database to write a dump to; it belongs to the administrator, what is in it to Odoo's
    role. One of that name is replaced. Raises StepFailed with pg_restore's words; then it is half
    restored."""
    settings = platform.settings
    platform.databases.clone(settings.base_template, database)
    with platform.admin(database) as connection:
        _make_extensions(connection, extensions)
        let_in(connection, settings.odoo_role)
    command = [_program(platform, "pg_restore"), "--exit-on-error", "--no-owner",
               "--no-privileges", f"--role={settings.odoo_role}", "-d", database]  # fmt: skip
    with restore_login(platform, database) as (role, password), tempfile.TemporaryFile() as told:
        environment = _environment(platform, role, password) | {"PGOPTIONS": _OPTIONS}
        process = _start(command, environment, told, stdin=subprocess.PIPE)
        with _ended(process):
            assert process.stdin is not None
            try:
                yield process.stdin
                process.stdin.close()
            except BrokenPipeError:
                pass  # it ended early, and says why
            _check("pg_restore", process.wait(), told)
    with platform.admin(database) as connection:
        let_out(connection, settings.odoo_role)


def copy(platform: Platform, source: str, target: str, state: Snapshot) -> None:
    """Make ``target`` a copy of ``source``, where people go on working."""
    with (
        dumping(platform, source, state) as dump,
        restoring(platform, target, state.extensions) as stream,
    ):
        while data := dump.read(COPY_BYTES):
            stream.write(data)


def let_in(connection: psycopg.Connection, role: str) -> None:
    """Let Odoo's role work in a database that it does not own."""
    database, name = sql.Identifier(connection.info.dbname), sql.Identifier(role)
    connection.execute(
        sql.SQL("GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {} TO {}").format(database, name)
    )
    connection.execute(sql.SQL("GRANT ALL ON SCHEMA public TO {}").format(name))


def let_out(connection: psycopg.Connection, role: str) -> None:
    """Take back what :func:`let_in` gave."""
    database, name = sql.Identifier(connection.info.dbname), sql.Identifier(role)
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM {}").format(database, name))
    connection.execute(sql.SQL("REVOKE ALL ON SCHEMA public FROM {}").format(name))


def _make_extensions(connection: psycopg.Connection, names: Sequence[str]) -> None:
    query = "SELECT name FROM pg_available_extensions WHERE installed_version IS NULL"
    available = {name for (name,) in connection.execute(query).fetchall()}
    for name in names:
        if name in available:
            connection.execute(sql.SQL("CREATE EXTENSION {} CASCADE").format(sql.Identifier(name)))


def _program(platform: Platform, name: str) -> str:
    folder = platform.settings.pg_bin_dir
    return str(folder / name) if folder else name


def _environment(platform: Platform, user: str, password: str | None) -> dict[str, str]:
    """Nothing of ours but PATH; the password stands here and not in the command's line."""
    settings = platform.settings
    kept = {key: os.environ[key] for key in ("PATH", "LD_LIBRARY_PATH") if key in os.environ}
    given = {
        "PGHOST": settings.pg_host, "PGPORT": str(settings.pg_port), "PGUSER": user,
        "PGPASSWORD": password, "PGSSLMODE": settings.pg_sslmode, "PGCONNECT_TIMEOUT": "10",
        "LC_ALL": "C",
    }  # fmt: skip
    return kept | {key: value for key, value in given.items() if value is not None}


def _start(
    command: list[str], environment: dict[str, str], told: BinaryIO, **pipes: int
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(command, env=environment, stderr=told, **pipes)
    except OSError as error:
        raise StepFailed(f"{command[0]} cannot be started: {error.strerror}") from error


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Leave no process and no pipe behind, whatever happens in the block."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with suppress(BrokenPipeError):
                    pipe.close()
        process.wait()


def _check(program: str, code: int, told: BinaryIO) -> None:
    if not code:
        return
    told.seek(0)
    lines = told.read(_STDERR_BYTES).decode(errors="replace").strip().splitlines()
    errors = [line for line in lines if "error:" in line] or lines or [f"it ended with {code}"]
    raise StepFailed(f"{program} failed: {errors[0].strip()[:500]}")
