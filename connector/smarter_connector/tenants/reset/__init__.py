"""A clone becomes one tenant's database: in one transaction of plain SQL, without Odoo.

Each set of modules has tables of its own, so every statement asks first whether its table and its
columns are there. Running it again on the same clone gives it new secrets and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg

from smarter_connector.tenants.reset import identity as names
from smarter_connector.tenants.reset import people, secrets
from smarter_connector.tenants.reset.identity import Identity
from smarter_connector.tenants.reset.schema import Schema

__all__ = ["Identity", "Outcome", "reset"]

_INSTALLED = "SELECT name FROM ir_module_module WHERE state = 'installed' ORDER BY name"


@dataclass(frozen=True)
class Outcome:
    """``uuid`` is the database's new one, ``modules`` what is installed in it."""

    uuid: str
    modules: tuple[str, ...]


def reset(connection: psycopg.Connection, identity: Identity) -> Outcome:
    """Renew everything that identifies or opens the database, and write whose it is.

    ``connection`` is an administrator's to the clone. Raises StepFailed when the clone is not what
    a template must be; then nothing was changed.
    """
    with connection.transaction():
        # The clone is nobody's yet; a lost commit is done again.
        connection.execute("SET LOCAL synchronous_commit = off")
        schema = Schema.read(connection)
        secrets.clear(connection, schema)
        secrets.restart_sequences(connection, schema)
        uuid = names.write_parameters(connection, identity)
        names.write_company(connection, schema, identity)
        names.write_tenant(connection, schema, identity)
        people.write_users(connection, schema, identity)
        names.forget_caches(connection, schema)
        modules = tuple(name for (name,) in connection.execute(_INSTALLED).fetchall())
    return Outcome(uuid, modules)


def installed_modules(
    modules: tuple[str, ...], release: Mapping[str, Mapping[str, str]], build: str
) -> dict[str, str]:
    """``{module: digest}`` for the registry; Odoo's own modules go by its build."""
    return {name: release.get(name, {}).get("digest", build) for name in modules}
