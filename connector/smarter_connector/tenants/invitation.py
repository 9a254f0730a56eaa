"""The link with which somebody chooses the password of an account; no Odoo process is needed.

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
from smarter_connector.tenants.reset.people import OWNER, Account

SCOPE = "signup"

_USERS = "SELECT id FROM res_users WHERE partner_id = %s AND active ORDER BY login, id"
_LOGGED_IN = "SELECT max(create_date) FROM res_users_log WHERE create_uid = ANY(%s)"


def sign(secret: str, values: Sequence[object], expires: int) -> str:
    """``odoo.tools.hash_sign`` in scope ``signup``; ``expires`` in seconds since 1970."""
    message = json.dumps(values)
    text = repr((SCOPE, f"1:{message}:{expires}"))
    mark = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    token = b"\x01" + expires.to_bytes(8, "little") + mark + message.encode()
    return base64.urlsafe_b64encode(token).decode().rstrip("=")


def invite(
    connection: psycopg.Connection,
    base_url: str,
    *,
    now: float,
    hours: int,
    account: Account = OWNER,
) -> str:
    """A link for the account, good for ``hours``; the ones before stay good until they end.

    ``connection`` is an administrator's to the tenant's database. Raises InvalidRequest when the
    database has no sign-up, or no such account that is active.
    """
    partner, users, last = _invited(connection, account)
    connection.execute("UPDATE res_partner SET signup_type = 'reset' WHERE id = %s", [partner])
    values = [partner, users, last, "reset"]
    token = sign(_secret(connection), values, int(now) + hours * 3600)
    return f"{base_url}/web/reset_password?{urlencode({'token': token})}"


def _invited(connection: psycopg.Connection, account: Account) -> tuple[int, list[int], int | None]:
    if not connection.execute(
        "SELECT 1 FROM information_schema.columns WHERE table_schema = 'public'"
        " AND table_name = 'res_partner' AND column_name = 'signup_type'"
    ).fetchone():
        raise InvalidRequest("this database cannot invite: the module auth_signup is missing")
    user, partner = account.find(connection) or (0, 0)
    users = [user for (user,) in connection.execute(_USERS, [partner]).fetchall()]
    if user not in users:
        raise InvalidRequest(
            f"the account {account.module}.{account.name} is archived or missing in this database"
        )
    found = connection.execute(_LOGGED_IN, [users]).fetchone()
    return partner, users, _seconds(found[0] if found else None)


def _seconds(moment: datetime | None) -> int | None:
    """Odoo stores UTC without saying so, and its processes run in UTC."""
    return calendar.timegm(moment.timetuple()) if moment else None


def _secret(connection: psycopg.Connection) -> str:
    query = "SELECT value FROM ir_config_parameter WHERE key = 'database.secret'"
    row = connection.execute(query).fetchone()
    if row is None:
        raise InvalidRequest("this database has no secret: it was never made a tenant's")
    return row[0]
