"""The outbox of a restored database: a new epoch, held until somebody has looked, then released."""

from __future__ import annotations

from dataclasses import replace

import psycopg

from smarter_connector.registry import InvalidRequest, TenantRow
from smarter_connector.tenants.jobs import SERVED
from smarter_connector.tenants.mirror import check_identity
from smarter_connector.tenants.platform import Platform, Say
from smarter_connector.tenants.reset.schema import Schema
from smarter_domain.outbox import NOTIFY_CHANNEL

WAKE_DATABASE = "postgres"
_NEUTRALIZED = "SELECT value FROM ir_config_parameter WHERE key = 'database.is_neutralized'"


def raise_epoch(connection: psycopg.Connection, schema: Schema, reason: str, above: int) -> int:
    """As ``smarter.outbox._raise_epoch`` does, in the caller's transaction: a version of the new
    epoch outranks all that receivers have, those of the ``above`` epoch too. Returns the epoch."""
    if not schema.has("smarter_outbox_state", "epoch"):
        return 0
    row = connection.execute(
        "UPDATE smarter_outbox_state SET epoch = greatest(epoch, %s) + 1, held = true,"
        " held_reason = %s RETURNING epoch",
        [above, reason],
    ).fetchone()
    return row[0] if row else 0


def epoch(connection: psycopg.Connection) -> int:
    """The epoch of a database; 0 when it has no outbox."""
    if not Schema.read(connection).has("smarter_outbox_state", "epoch"):
        return 0
    row = connection.execute("SELECT max(epoch) FROM smarter_outbox_state").fetchone()
    return (row[0] if row else 0) or 0


def release_deliveries(
    platform: Platform, key: str | int, *, progress: Say | None = None
) -> TenantRow:
    """Hand out again what a restored database holds back, as the owner's button in Odoo does.

    May be repeated. Raises InvalidRequest for a copy for tests, which must never send.
    """
    platform = replace(platform, say=progress) if progress else platform
    tenant = platform.registry.tenant(key)
    if tenant.status not in SERVED or not tenant.database or tenant.maintenance:
        state = tenant.maintenance or tenant.status
        raise InvalidRequest(f"nothing can be released in {tenant.slug}: it is {state}")
    with platform.registry.lock(tenant.id), platform.admin(tenant.database) as connection:
        check_identity(connection, tenant)
        if tenant.kind != "production" or _is_neutralized(connection):
            raise InvalidRequest(f"{tenant.slug} is a copy for tests: nothing leaves it")
        changed = connection.execute(
            "UPDATE smarter_outbox_state SET held = false, held_reason = NULL WHERE held"
        ).rowcount
    if changed:
        platform.registry.note(tenant.id, "deliveries released")
        with platform.admin(WAKE_DATABASE) as admin:
            admin.execute("SELECT pg_notify(%s, %s)", [NOTIFY_CHANNEL, tenant.database])
    return tenant


def _is_neutralized(connection: psycopg.Connection) -> bool:
    row = connection.execute(_NEUTRALIZED).fetchone()
    return bool(row) and str(row[0]).lower() not in ("", "false", "0")
