"""The demo tenant of ``scripts/run``: a database of its own, made once and upgraded in place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from devkit import databases, odoo_process, passwords, templates
from devkit.odoo_process import Runtime
from devkit.progress import step
from devkit.templates import SCRIPTS
from devkit.testing import provision

ROLES = ("owner", "admin", "member", "viewer")
SYSTEM_ADMINISTRATOR = "system"


@dataclass(frozen=True)
class Tenant:
    """Whose database it is. ``rut`` is plain; the name is clearly nobody's."""

    database: str
    rut: str
    name: str
    slug: str
    plan: str = "business"

    def login(self, role: str) -> str:
        """An address that can never receive mail (RFC 2606)."""
        return "admin" if role == SYSTEM_ADMINISTRATOR else f"{role}@{self.slug}.invalid"


DEMO = Tenant("t_77654321_7", "77654321-7", "Comercial Ejemplo SpA", "comercial-ejemplo")


@dataclass(frozen=True)
class Addresses:
    """Where the servers of this run answer."""

    odoo: str
    sandbox: str


def user_passwords(runtime: Runtime) -> dict[str, str]:
    """One password for each role, made at random for this home."""
    folder = runtime.home.root / "secrets" / "users"
    return {
        role: passwords.password(folder, role, length=9) for role in (*ROLES, SYSTEM_ADMINISTRATOR)
    }


def ensure(runtime: Runtime, tenant: Tenant) -> None:
    """Make the database, or bring it to the present code; data in it is kept."""
    wanted = templates.ours_name(runtime)
    if not databases.exists(runtime, tenant.database):
        _create(runtime, tenant)
    elif _made_from(runtime, tenant.database) != wanted:
        addons = templates.our_addons()
        with step(f"Upgrading {tenant.database} to the present code"):
            options = ("-u", ",".join(addons))
            odoo_process.install(runtime, tenant.database, addons, *options)
    else:
        return
    provision(runtime, tenant.database)
    _note(runtime, tenant.database, wanted)


def _create(runtime: Runtime, tenant: Tenant) -> None:
    draft = f"draft_{tenant.database}"
    databases.drop(runtime, draft)
    templates.bring(runtime, draft)
    facts = {
        "rut": tenant.rut, "name": tenant.name, "slug": tenant.slug, "plan": tenant.plan,
        "logins": {role: tenant.login(role) for role in ROLES},
        "passwords": user_passwords(runtime),
    }  # fmt: skip
    with step(f"Making it the database of {tenant.name}"):
        run_script(runtime, draft, "tenant.py", facts)
    databases.rename(runtime, draft, tenant.database)


def connect_targets(runtime: Runtime, tenant: Tenant, addresses: Addresses) -> None:
    """Point the subscriptions at the sandbox; does nothing when they already are."""
    place = runtime.home.root / "run" / f"{tenant.database}.addresses"
    wanted = json.dumps([addresses.odoo, addresses.sandbox, identity(runtime, tenant)])
    if place.exists() and place.read_text() == wanted and keys_file(runtime).exists():
        return
    with step("Connecting the tenant with the sandbox"):
        facts = {
            "odoo": addresses.odoo, "sandbox": addresses.sandbox,
            "keys_file": str(keys_file(runtime)),
        }  # fmt: skip
        run_script(runtime, tenant.database, "targets.py", facts)
    place.write_text(wanted)


def keys_file(runtime: Runtime) -> Path:
    """Signing keys of the demo's subscriptions, for the sandbox that verifies with them."""
    return runtime.home.root / "secrets" / "sandbox-keys.json"


def run_script(runtime: Runtime, database: str, name: str, facts: Mapping[str, object]) -> None:
    text = (SCRIPTS / name).read_text()
    odoo_process.shell(runtime, database, text, {"facts": json.dumps(facts)})


def identity(runtime: Runtime, tenant: Tenant) -> str:
    """The database's own id, by which the connector recognises it."""
    query = "SELECT value FROM ir_config_parameter WHERE key = 'database.uuid'"
    with runtime.server.odoo.connect(tenant.database) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else ""


def _made_from(runtime: Runtime, database: str) -> str | None:
    query = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
    with runtime.server.odoo.connect() as connection:
        row = connection.execute(query, [database]).fetchone()
    return row[0] if row else None


def _note(runtime: Runtime, database: str, template: str) -> None:
    statement = sql.SQL("COMMENT ON DATABASE {} IS {}")
    with runtime.server.odoo.connect() as connection:
        name = databases.identifier(database)
        connection.execute(statement.format(name, sql.Literal(template)))
