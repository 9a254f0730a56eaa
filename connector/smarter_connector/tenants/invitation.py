"""The link with which the administrator of a tenant chooses a password; no Odoo process is needed.

It is Odoo's own sign-up token (``res.partner._generate_signup_token``): signed with the database's
secret, valid for the user as it is now, and worthless as soon as that user has logged in.
"""

from __future__ import annotations

import base64
import calendar
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode

import psycopg

from smarter_connector.registry.errors import InvalidRequest

SCOPE = "signup"

_ADMIN = """
SELECT u.partner_id, u.login FROM res_users u JOIN ir_model_data d
  ON d.res_id = u.id AND d.module = 'base' AND d.name = 'user_admin'
"""
_USERS = "SELECT id FROM res_users WHERE partner_id = %s AND active ORDER BY login, id"
_LOGGED_IN = "SELECT max(create_date) FROM res_users_log WHERE create_uid = ANY(%s)"


def sign(secret: str, values: Sequence[object], expires: int) -> str:
    """``odoo.tools.hash_sign`` in scope ``signup``; ``expires`` in seconds since 1970."""
    message = json.dumps(values)
    text = repr((SCOPE, f"1:{message}:{expires}"))
    mark = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    token = b"\x01" + expires.to_bytes(8, "little") + mark + message.encode()
    return base64.urlsafe_b64encode(token).decode().rstrip("=")


def invite(connection: psycopg.Connection, base_url: str, *, now: float, hours: int) -> str:
    """A link for the administrator, good for ``hours``; the ones before stay good until they end.

    ``connection`` is an administrator's to the tenant's database. Raises InvalidRequest when the
    database has no sign-up.
    """
    partner, users, last = _invited(connection)
    connection.execute("UPDATE res_partner SET signup_type = 'reset' WHERE id = %s", [partner])
    values = [partner, users, last, "reset"]
    token = sign(_secret(connection), values, int(now) + hours * 3600)
    return f"{base_url}/web/reset_password?{urlencode({'token': token})}"


def _invited(connection: psycopg.Connection) -> tuple[int, list[int], int | None]:
    if not connection.execute(
        "SELECT 1 FROM information_schema.columns WHERE table_schema = 'public'"
        " AND table_name = 'res_partner' AND column_name = 'signup_type'"
    ).fetchone():
        raise InvalidRequest("this database cannot invite: the module auth_signup is missing")
    row = connection.execute(_ADMIN).fetchone()
    if row is None:
        raise InvalidRequest("this database has no administrator")
    users = [user for (user,) in connection.execute(_USERS, [row[0]]).fetchall()]
    found = connection.execute(_LOGGED_IN, [users]).fetchone()
    return row[0], users, _seconds(found[0] if found else None)


def _seconds(moment: datetime | None) -> int | None:
    """Odoo stores UTC without saying so, and its processes run in UTC."""
    return calendar.timegm(moment.timetuple()) if moment else None


def _secret(connection: psycopg.Connection) -> str:
    query = "SELECT value FROM ir_config_parameter WHERE key = 'database.secret'"
    row = connection.execute(query).fetchone()
    if row is None:
        raise InvalidRequest("this database has no secret: it was never made a tenant's")
    return row[0]
