"""A copy of a tenant made harmless, and the proof: ``odoo neutralize`` does most, this the rest.

What is here goes by tables and columns, so it also meets modules that neutralize nothing.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import psycopg
from psycopg import sql

from smarter_connector.tenants.reset import secrets
from smarter_connector.tenants.reset.identity import forget_caches, set_parameters
from smarter_connector.tenants.reset.schema import Schema, update

#: What waits to go out, what opens the door to the outside, and devices that would hear of it.
EMPTIED = (
    "mail_mail", "mail_scheduled_message", "sms_sms", "snailmail_letter", "mail_push",
    "mail_push_device", "bus_bus", "queue_job", "res_users_apikeys", "auth_totp_device",
    "smarter_delivery",
    "smarter_subscription_key", "smarter_backfill", "smarter_external_ref",
)  # fmt: skip
#: People log in as they do in the original, with the same password and second factor.
KEPT = (("res_users", "password"), ("res_users", "totp_secret"))
DISABLED = "This database is a copy for tests."
EXTERNAL_IDS = ("clerk_org_id", "chatwoot_account_id", "n8n_project_id", "metabase_collection_id",
                "botpress_workspace_id")  # fmt: skip

#: (table, what must not be so any more, columns that are written)
_SWITCHES: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("fetchmail_server", "active", {"active": False}),
    ("payment_provider", "state <> 'disabled'", {"state": "disabled"}),
    ("ir_mail_server", "smtp_host <> 'invalid'",
     {"active": False, "smtp_user": None, "smtp_pass": None}),
    ("smarter_subscription", "active", {"active": False, "disabled_reason": DISABLED}),
    # An address that leads nowhere: without one, whoever triggers the action gets an error.
    ("ir_act_server", "state = 'webhook'", {"webhook_url": "neutralization - disable webhook"}),
    ("delivery_carrier", "prod_environment", {"prod_environment": False}),
    ("certificate_certificate", "active", {"active": False}),
)  # fmt: skip
_QUIET_CRON = """UPDATE ir_cron SET active = false WHERE active AND id NOT IN (
    SELECT res_id FROM ir_model_data
    WHERE model = 'ir.cron' AND module = 'base' AND name = 'autovacuum_job')"""
_HELD = "UPDATE smarter_outbox_state SET held = true, held_reason = %s"


@dataclass(frozen=True)
class Copy:
    """Whose copy it is and what it is called."""

    name: str
    slug: str
    base_url: str


def reset(connection: psycopg.Connection, copy: Copy) -> str:
    """Give the copy an identity of its own and take away what could reach outside, in one
    transaction; returns its uuid. May be repeated."""
    with connection.transaction():
        schema = Schema.read(connection)
        for table in EMPTIED:
            if schema.has(table):
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        for table, condition, values in _SWITCHES:
            if _has_words(schema, table, condition):
                update(connection, schema, table, values, condition, [])
        if schema.has("ir_cron", "active") and schema.has("ir_model_data"):
            connection.execute(_QUIET_CRON)
        secrets.strip(connection, schema, KEPT)
        own = _identify(connection, schema, copy)
        forget_caches(connection, schema)
    return own


def _identify(connection: psycopg.Connection, schema: Schema, copy: Copy) -> str:
    own = str(uuid.uuid4())
    set_parameters(connection, {
        "database.uuid": own, "database.secret": str(uuid.uuid4()),
        "database.is_neutralized": "true",
        "web.base.url": copy.base_url, "web.base.url.freeze": "True",
    })  # fmt: skip
    values: dict[str, object] = {"name": copy.name, "slug": copy.slug, "status": "active",
                                 "status_reason": None}  # fmt: skip
    update(connection, schema, "smarter_tenant",
           values | dict.fromkeys(EXTERNAL_IDS), "true", [])  # fmt: skip
    if schema.has("smarter_outbox_state", "held"):
        connection.execute(_HELD, [DISABLED])
    if schema.has("ir_ui_view", "key", "active"):
        connection.execute(
            "UPDATE ir_ui_view SET active = true"
            " WHERE key IN ('web.neutralize_banner', 'website.neutralize_ribbon')"
        )
    return own


_AUDIT: tuple[tuple[str, str, str], ...] = (
    ("a mail server is active", "ir_mail_server", "active AND smtp_host <> 'invalid'"),
    ("incoming mail is fetched", "fetchmail_server", "active"),
    ("a payment provider is enabled", "payment_provider", "state <> 'disabled'"),
    ("a subscription is active", "smarter_subscription", "active"),
    ("a signing key is left", "smarter_subscription_key", "true"),
    ("an event waits to be sent", "smarter_delivery", "true"),
    ("a webhook has its address", "ir_act_server", "webhook_url LIKE 'http%'"),
    ("mail waits to be sent", "mail_mail", "true"),
    ("an API key is left", "res_users_apikeys", "true"),
    ("a certificate is usable", "certificate_certificate", "active"),
    ("the outbox is not held", "smarter_outbox_state", "NOT held"),
)
_CRONS = """SELECT count(*) FROM ir_cron WHERE active AND id NOT IN (
    SELECT res_id FROM ir_model_data
    WHERE model = 'ir.cron' AND module = 'base' AND name = 'autovacuum_job')"""


def audit(connection: psycopg.Connection) -> list[str]:
    """What could still leave the copy; empty when nothing can."""
    schema = Schema.read(connection)
    found = []
    for problem, table, condition in _AUDIT:
        if _has_words(schema, table, condition):
            query = sql.SQL("SELECT EXISTS (SELECT FROM {} WHERE {})").format(
                sql.Identifier(table), sql.SQL(condition)
            )
            if connection.execute(query).fetchone() == (True,):
                found.append(problem)
    if schema.has("ir_cron", "active") and connection.execute(_CRONS).fetchone() != (0,):
        found.append("a scheduled action is active")
    if schema.has("ir_mail_server", "smtp_host") and not _has_dummy(connection):
        found.append("without a mail server of its own it would use that of the configuration")
    return found + secrets.left(connection, schema, KEPT)


def _has_dummy(connection: psycopg.Connection) -> bool:
    """The server ``odoo neutralize`` enters: mail that is sent all the same goes nowhere."""
    query = "SELECT EXISTS (SELECT FROM ir_mail_server WHERE active AND smtp_host = 'invalid')"
    return connection.execute(query).fetchone() == (True,)


def _has_words(schema: Schema, table: str, condition: str) -> bool:
    """Whether the table has every column that the condition, written above, names."""
    columns = {"active", "state", "smtp_host", "webhook_url", "prod_environment", "held"}
    named = {name for name in columns if name in condition.replace("'", " ").split()}
    return schema.has(table, *named)
