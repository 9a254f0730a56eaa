"""The outbox: SQL shared by the Odoo addon that fills it and the connector that empties it.

The text is data: this package opens no connection. ``install_statements`` gives the scripts in the
order in which the owner of the tenant database runs them; all are idempotent.
"""

from __future__ import annotations

from importlib.resources import files

PROTOCOL_VERSION = 1
"""What ``smarteros.identity`` answers as ``protocol``; a connector refuses another."""

NOTIFY_CHANNEL = "smarteros_outbox"
"""Channel in database ``postgres``; the payload is the name of the tenant database."""

PROTOCOL_FUNCTIONS = (
    "claim",
    "settle",
    "extend",
    "disable",
    "identity",
    "stats",
    "replay",
    "remember",
    "recall",
    "forget",
    "backfill",
    "backfill_status",
    "send_test",
    "claim_within",
    "settle_within",
    "allowance",
)
"""Functions ``smarteros.<name>(jsonb) -> jsonb``: all that the connector's role may execute."""

_SCRIPTS = ("tables.sql", "capture.sql", "protocol.sql", "allowance.sql")


def install_statements() -> tuple[str, ...]:
    """Return the SQL scripts that create or upgrade the outbox in a tenant database."""
    return tuple(files(__name__).joinpath(name).read_text(encoding="utf-8") for name in _SCRIPTS)
