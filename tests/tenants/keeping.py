"""A platform that keeps backups, and one tenant with something to lose."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import psycopg
import pyrage

from smarter_connector.registry import TenantRow
from smarter_connector.tenants import CreateRequest, create
from smarter_connector.tenants.backup import backup
from smarter_connector.tenants.platform import Platform
from tests.tenants import small

DATABASE = "t_77654321_7"
REQUEST = CreateRequest(
    rut="77.654.321-7", name="Mi Empresa SpA", plan="business", admin_email="dueno@example.cl"
)


def replace_request(**changes) -> CreateRequest:
    return replace(REQUEST, **changes)


def keys(folder: Path) -> tuple[str, Path]:
    """A public key, and the file with its private one as age-keygen writes it."""
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    path = folder / "identity"
    path.write_text(f"# created: today\n# public key: {public}\n{identity}\n")
    return public, path


def with_backups(platform: Platform, folder: Path, **more) -> Platform:
    public, path = keys(folder)
    settings = {
        "backups_dir": folder / "backups", "backup_recipient": public,
        "backup_identity_file": path, "drain_seconds": 0, **more,
    }  # fmt: skip
    changed = platform.settings.model_copy(update=settings)
    return Platform(changed, actor=platform.actor, clock=platform.clock)


def tenant(platform: Platform):
    """A tenant with a sale, a file, and subscriptions of the warehouse and of n8n."""
    made = create(platform, REQUEST).tenant
    with platform.admin(DATABASE) as connection:
        connection.execute("CREATE TABLE sale (id serial PRIMARY KEY, name text)")
        connection.execute("ALTER TABLE sale OWNER TO odoo")
        connection.execute(
            "INSERT INTO smarter_subscription (name, target) VALUES ('Figures', 'warehouse'),"
            " ('Flows', 'n8n')"
        )
        connection.execute(
            "INSERT INTO smarter_subscription_key (subscription_id, secret)"
            " SELECT id, 'whsec_of-flows' FROM smarter_subscription WHERE target = 'n8n'"
        )
    sell(platform, "before the backup")
    return made


def sell(platform: Platform, name: str, database: str = DATABASE) -> None:
    with platform.admin(database) as connection:
        connection.execute("INSERT INTO sale (name) VALUES (%s)", [name])


def sales(platform: Platform, database: str = DATABASE) -> list[str]:
    return column(platform, "SELECT name FROM sale ORDER BY id", database)


def column(platform: Platform, query: str, database: str = DATABASE) -> list:
    """Also of a database that is closed to everybody, which it is again afterwards."""
    allowed = platform.databases.allows_connections(database)
    platform.databases.allow_connections(database, True)
    with platform.admin(database) as connection:
        found = [value for (value,) in connection.execute(query).fetchall()]
    platform.databases.allow_connections(database, allowed)
    return found


class Kept:
    """One tenant with one backup, made once, and anew when a test has changed it."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self._made: TenantRow | None = None

    def tenant(self) -> TenantRow:
        if self._made is None or not as_new(self.platform, self._made):
            small.empty(self.platform)
            self._made = tenant(self.platform)
            backup(self.platform, self._made.id)
        return self._made


def as_new(platform: Platform, tenant: TenantRow) -> bool:
    """Bring it back to what :func:`tenant` made, with its one backup; False if it cannot."""
    registry = platform.registry
    rows, now = registry.backups(tenant.id), registry.tenants()
    if len(now) != 1 or now[0] != replace(tenant, updated_at=now[0].updated_at):
        return False
    whole = len(rows) == 1 and platform.databases.owner(DATABASE) == "odoo"
    if not whole or hashlib.sha256(Path(rows[0].path).read_bytes()).hexdigest() != rows[0].sha256:
        return False
    for name in (*platform.databases.names("pre_"), *platform.databases.names("new_")):
        platform.databases.drop(name)
    with platform.admin(platform.settings.registry_database) as admin:
        admin.execute("DELETE FROM registry.operation")
    with platform.admin(DATABASE) as connection:
        connection.execute("DELETE FROM sale WHERE name <> 'before the backup'")
        connection.execute("DELETE FROM smarter_backfill")
        connection.execute(
            "UPDATE smarter_outbox_state SET epoch = 1, held = false, held_reason = NULL"
        )
    return platform.filestore(DATABASE).exists()


def outbox(connection: psycopg.Connection) -> tuple:
    query = "SELECT epoch, held, held_reason FROM smarter_outbox_state"
    return connection.execute(query).fetchone()
