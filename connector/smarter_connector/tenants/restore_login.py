"""A login for one restore: it has Odoo's rights and none besides, and opens nothing afterwards."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import sql

from smarter_connector.tenants.platform import Platform

PREFIX = "restore_"
HOURS = 1
"""How long the login opens the server; who is connected by then stays."""

_UNTIL = "SELECT (clock_timestamp() + make_interval(hours => %s))::text"
#: Roles that a restore made and that no session uses. One without an end counts as ended.
_LEFT = """SELECT rolname, coalesce(rolvaliduntil, '-infinity') <= clock_timestamp()
    FROM pg_roles WHERE starts_with(rolname, %s) AND pg_has_role(rolname, %s, 'MEMBER')
      AND NOT rolsuper
      AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE usename = rolname)
    ORDER BY rolname"""


@dataclass(frozen=True)
class Left:
    """A login that a killed restore left. ``ended``: it opens nothing any more."""

    role: str
    ended: bool


@contextmanager
def restore_login(platform: Platform, database: str) -> Iterator[tuple[str, str]]:
    """Name and password of a login that is dropped when the block ends.

    One that a killed process leaves is good for an hour, and dropped by :func:`sweep`.
    """
    role, password = f"{PREFIX}{database}"[:63], secrets.token_urlsafe(32)
    name = sql.Identifier(role)
    drop = sql.SQL("DROP ROLE IF EXISTS {}").format(name)
    with platform.admin() as admin:
        admin.execute(drop)
        (until,) = admin.execute(_UNTIL, [HOURS]).fetchone() or ("",)
        # Encrypted here, so that the password is in no log of the server.
        verifier = admin.pgconn.encrypt_password(
            password.encode(), role.encode(), b"scram-sha-256"
        ).decode()
        admin.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} VALID UNTIL {} IN ROLE {}").format(
                name,
                sql.Literal(verifier),
                sql.Literal(until),
                sql.Identifier(platform.settings.odoo_role),
            )  # fmt: skip
        )
    try:
        yield role, password
    finally:
        with platform.admin() as admin:
            admin.execute(drop)


def left(platform: Platform) -> list[Left]:
    """Logins of restores that nobody uses at the moment."""
    with platform.admin() as admin:
        rows = admin.execute(_LEFT, [PREFIX, platform.settings.odoo_role]).fetchall()
    return [Left(*row) for row in rows]


def sweep(platform: Platform) -> list[str]:
    """Drop those that open nothing any more; returns their names. A restore that is about to begin
    keeps its own."""
    ended = [one.role for one in left(platform) if one.ended]
    with platform.admin() as admin:
        for role in ended:
            admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))
    return ended
