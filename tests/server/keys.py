"""API keys of Odoo, made without Odoo."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass

import psycopg

#: As in odoo.addons.base.models.res_users.
ROUNDS = 6000
INDEX_SIZE = 8


@dataclass(frozen=True)
class Key:
    """A key of the administrator for every scope; it ends in ``days`` days."""

    text: str
    days: int

    @classmethod
    def new(cls, days: int = 30) -> Key:
        return cls(secrets.token_hex(20), days)

    def store(self, connection: psycopg.Connection) -> None:
        """Enter it in a tenant's database, as its owner."""
        connection.execute(
            "INSERT INTO res_users_apikeys (name, user_id, expiration_date, index, key)"
            " SELECT 'test', id, now() + make_interval(days => %s), %s, %s"
            " FROM res_users WHERE login = 'admin'",
            [self.days, self.text[:INDEX_SIZE], _hashed(self.text)],
        )


def _hashed(text: str) -> str:
    """As passlib writes PBKDF2 with SHA-512."""
    salt = secrets.token_bytes(16)
    digest = hashlib.pbkdf2_hmac("sha512", text.encode(), salt, ROUNDS)
    parts = (
        base64.b64encode(part).decode().rstrip("=").replace("+", ".") for part in (salt, digest)
    )
    return "$pbkdf2-sha512${}${}${}".format(ROUNDS, *parts)
