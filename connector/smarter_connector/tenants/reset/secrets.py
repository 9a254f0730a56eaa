"""Everything that opens, identifies or reaches out: taken away from a clone, or made anew.

Two nets. The first knows Odoo's tables by name. The second goes by the names of columns, so that a
module nobody thought of here does not hand the template's tokens to every tenant.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import psycopg
from psycopg import sql

from smarter_connector.tenants.reset.schema import Column, Schema
from smarter_domain.events.signature import SigningKey

#: Rows that belong to whoever worked in the template: keys, devices, servers, what waits to go out.
EMPTIED = (
    "res_users_apikeys", "auth_totp_device", "auth_passkey_key", "res_device_log", "res_users_log",
    "res_users_identitycheck", "mail_push", "mail_push_device", "mail_presence", "mail_guest",
    "change_password_user", "change_password_own", "auth_totp_wizard", "payment_token",
    "iap_account", "fetchmail_server", "ir_mail_server", "mail_mail", "mail_scheduled_message",
    "sms_sms", "sms_tracker", "snailmail_letter", "bus_bus", "queue_job", "ir_logging",
    "spreadsheet_dashboard_share", "res_config_settings",
    "smarter_delivery", "smarter_event", "smarter_external_ref", "smarter_backfill",
    "smarter_subscription_key",
)  # fmt: skip

#: Folios the SII gave to one RUT, and certificates of one person.
TAX_STATE = re.compile(r"(^|_)(caf|folio|folios|certificate)($|_)")

#: Parameters that Odoo or a module makes again when they are missing, or that open something.
PARAMETERS = (
    r"(token|secret|passw|api_?key|access_key|private_key|public_key|server_key|vapid|uuid|hash"
    r"|salt|client_id|enterprise_code|credential)"
)
#: A setting about secrets is none: auth_signup.reset_password = True.
SWITCHES = r"^(true|false|[0-9]{1,6})$"
#: Belongs to the database itself; written in identity.py.
KEPT_PARAMETERS = ("database.uuid", "database.secret")

_RENEWED = re.compile(r"(^|_)uuid$|^access_token$")
_CLEARED = re.compile(
    r"secret|passw|_token$|^token$|(api|private|public|secret|access|server|publishable)_key$"
)
#: Matches by name and is none: settings, a link to a view, a count.
HARMLESS = frozenset((("ir_config_parameter", "key"),))

SIGNED_TARGETS = ("webhook", "n8n")


def clear(connection: psycopg.Connection, schema: Schema) -> None:
    """Take away what the template knew and renew what every database must have."""
    for table in _emptied(schema):
        connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
    if schema.has("ir_config_parameter", "key"):
        connection.execute(
            "DELETE FROM ir_config_parameter WHERE key ~* %s AND value !~* %s AND key <> ALL(%s)",
            [PARAMETERS, SWITCHES, list(KEPT_PARAMETERS)],
        )
    for column in _filled(connection, schema):
        _renew(connection, column)
    _close_payments(connection, schema)
    renew_signing_keys(connection, schema)


def strip(
    connection: psycopg.Connection, schema: Schema, kept: Collection[tuple[str, str]] = ()
) -> None:
    """The second net alone, for a copy with people's data in it: every secret but those ``kept``
    (table, column), every parameter that opens something, and what belongs to the SII."""
    connection.execute(
        "DELETE FROM ir_config_parameter WHERE key ~* %s AND value !~* %s AND key <> ALL(%s)",
        [PARAMETERS, SWITCHES, list(KEPT_PARAMETERS)],
    )
    for column in _filled(connection, schema):
        if (column.table, column.name) not in kept:
            _renew(connection, column)


def left(
    connection: psycopg.Connection, schema: Schema, kept: Collection[tuple[str, str]] = ()
) -> list[str]:
    """Columns in which a secret still stands that :func:`strip` takes away."""
    return [
        f"{column.table}.{column.name} holds a secret"
        for column in _filled(connection, schema)
        if not (_RENEWED.search(column.name) or column.required)
        and (column.table, column.name) not in kept
    ]


def restart_sequences(connection: psycopg.Connection, schema: Schema) -> None:
    """The first document of the tenant has the first number."""
    query = """SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'
               AND sequencename ~ '^ir_sequence_[0-9]+(_[0-9]+)?$' AND last_value IS NOT NULL"""
    for (name,) in connection.execute(query).fetchall():
        connection.execute(sql.SQL("ALTER SEQUENCE {} RESTART").format(sql.Identifier(name)))
    for table in ("ir_sequence", "ir_sequence_date_range"):
        if schema.has(table, "number_next"):
            statement = sql.SQL("UPDATE {} SET number_next = 1 WHERE number_next <> 1")
            connection.execute(statement.format(sql.Identifier(table)))


def _emptied(schema: Schema) -> list[str]:
    taxes = sorted(name for name in schema.tables if TAX_STATE.search(name))
    return [name for name in (*EMPTIED, *taxes) if schema.has(name)]


def _filled(connection: psycopg.Connection, schema: Schema) -> list[Column]:
    """The columns with a name of secrets in which something stands."""
    found = [column for column in schema.columns if _is_secret(column)]
    if not found:
        return []
    test = sql.SQL("EXISTS (SELECT FROM {} WHERE {} IS NOT NULL)")
    tests = [test.format(sql.Identifier(one.table), sql.Identifier(one.name)) for one in found]
    row = connection.execute(sql.SQL("SELECT {}").format(sql.SQL(", ").join(tests))).fetchone()
    return [column for column, filled in zip(found, row or (), strict=True) if filled]


def _is_secret(column: Column) -> bool:
    named = _RENEWED.search(column.name) or _CLEARED.search(column.name)
    return bool(named) and column.is_text and (column.table, column.name) not in HARMLESS


def _renew(connection: psycopg.Connection, column: Column) -> None:
    """A new random value where one must stand, else none: modules make theirs on demand."""
    value = sql.SQL("NULL")
    if column.required or _RENEWED.search(column.name):
        value = sql.SQL("gen_random_uuid()" + ("" if column.type == "uuid" else "::text"))
    statement = sql.SQL("UPDATE {} SET {} = {} WHERE {} IS NOT NULL").format(
        sql.Identifier(column.table), sql.Identifier(column.name), value,
        sql.Identifier(column.name),
    )  # fmt: skip
    connection.execute(statement)


def _close_payments(connection: psycopg.Connection, schema: Schema) -> None:
    if schema.has("payment_provider", "state"):
        connection.execute("UPDATE payment_provider SET state = 'disabled' WHERE state = 'enabled'")


def renew_signing_keys(connection: psycopg.Connection, schema: Schema) -> None:
    """A key for each subscription that signs, as Odoo makes one when it is created."""
    if not schema.has("smarter_subscription_key", "secret"):
        return
    query = "SELECT id FROM smarter_subscription WHERE target = ANY(%s)"
    for (subscription,) in connection.execute(query, [list(SIGNED_TARGETS)]).fetchall():
        connection.execute(
            "INSERT INTO smarter_subscription_key (subscription_id, secret) VALUES (%s, %s)",
            [subscription, SigningKey.generate().text],
        )
