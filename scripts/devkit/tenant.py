"""The demo tenant of ``scripts/run``: made as every tenant is, then filled with demo data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devkit import odoo_process, passwords
from devkit import platform as local
from devkit.odoo_process import Runtime
from devkit.paths import SetupError
from devkit.progress import step
from devkit.templates import SCRIPTS
from smarter_connector import tenants
from smarter_connector.registry import TenantRow, UnknownTenant
from smarter_connector.sinks.warehouse import drop_tenant
from smarter_connector.tenants.mirror import write_parameters
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.readers import dsn_file
from smarter_domain.tenancy import database_name, host_name, new_name

ROLES = ("owner", "admin", "member", "viewer")
OWNER = "owner"
#: The demo also answers where no name resolves: Python asks the DNS for ``*.localhost``.
LOOPBACK = ("localhost", "127.0.0.1")

_BASE_URL = "SELECT value FROM ir_config_parameter WHERE key = 'web.base.url'"


@dataclass(frozen=True)
class Tenant:
    """Whose database it is. ``rut`` is plain; the name is clearly nobody's."""

    rut: str
    name: str
    slug: str
    plan: str = "business"

    @property
    def database(self) -> str:
        return database_name(self.rut)

    @property
    def hosts(self) -> tuple[str, ...]:
        return (host_name(self.slug, "localhost"), *LOOPBACK)

    def login(self, role: str) -> str:
        """An address that can never receive mail (RFC 2606)."""
        return f"{role}@{self.slug}.invalid"


DEMO = Tenant("77654321-7", "Comercial Ejemplo SpA", "comercial-ejemplo")


@dataclass(frozen=True)
class Addresses:
    """Where the servers of this run answer."""

    odoo: str
    sandbox: str


def user_passwords(runtime: Runtime) -> dict[str, str]:
    """One password for each role, made at random for this home."""
    folder = runtime.home.root / "secrets" / "users"
    return {role: passwords.password(folder, role, length=9) for role in ROLES}


def ensure(platform: Platform, runtime: Runtime, tenant: Tenant) -> TenantRow:
    """The tenant, made when it does not exist; all tenants run the present code afterwards."""
    row = _find(platform, tenant)
    if row is None or row.status == "provisioning":
        return _create(platform, runtime, tenant)
    if row.status not in ("active", "suspended"):
        raise SetupError(f"the demo tenant is {row.status}: start with --fresh")
    bring_up_to_date(platform)
    return platform.registry.tenant(row.id)


def bring_up_to_date(platform: Platform) -> None:
    """Upgrade every tenant that runs other code than the present one; data in it is kept."""
    release = platform.settings.release
    served = platform.registry.tenants(status=("active", "suspended"))
    behind = [row.id for row in served if row.release != release]
    if not behind:
        return
    with step(f"Bringing {len(behind)} tenant(s) to the present code"):
        report = tenants.upgrade(platform, behind, release)
    for outcome in report.of("failed"):
        raise SetupError(f"{outcome.slug} cannot be upgraded: {outcome.error}")


def readdress(platform: Platform) -> None:
    """Write the present port into the addresses of tenants that still have another."""
    for row in platform.registry.tenants(status=("active", "suspended"), kind=None):
        url = platform.settings.base_url(row.host)
        with platform.admin(row.database or "") as connection:
            found = connection.execute(_BASE_URL).fetchone()
        if found != (url,):
            write_parameters(platform, row, {"web.base.url": url, "web.base.url.freeze": "True"})


def forget(platform: Platform, tenant: Tenant) -> None:
    """Throw the tenant away with all its data, and keep no copy; it may not exist."""
    row = _find(platform, tenant)
    if row is not None:
        nothing = {"database": None, "uuid": None, "maintenance": None}
        platform.registry.update(row.id, "purged", {"by": "--fresh"}, status="purged", **nothing)
        for name in (new_name(row.id), *platform.databases.names(f"pre_{row.id}_")):
            platform.databases.drop(name)
    platform.databases.drop(tenant.database)
    if platform.settings.warehouse:
        drop_tenant(platform.admin, tenant.rut)
    if place := dsn_file(platform, tenant.rut):
        place.unlink(missing_ok=True)


def fill(runtime: Runtime, tenant: Tenant, row: TenantRow, addresses: Addresses) -> None:
    """People, and subscriptions that point at the sandbox; nothing when they are there."""
    place = runtime.home.root / "run" / f"{tenant.database}.addresses"
    wanted = json.dumps([addresses.sandbox, row.uuid])
    if place.exists() and place.read_text() == wanted and keys_file(runtime).exists():
        return
    with step("Filling the demo tenant and connecting it with the sandbox"):
        run_script(runtime, tenant.database, "demo.py", {
            "logins": {role: tenant.login(role) for role in ROLES},
            "passwords": user_passwords(runtime), "sandbox": addresses.sandbox,
            "chatwoot_token": f"env:{chatwoot_variable(tenant)}",
            "keys_file": str(keys_file(runtime)),
        })  # fmt: skip
    place.write_text(wanted)


def chatwoot_variable(tenant: Tenant) -> str:
    """The connector gives a tenant of the registry only secrets that carry its name."""
    return f"SMARTER_SECRET_{tenant.database.upper()}__CHATWOOT_TOKEN"


def keys_file(runtime: Runtime) -> Path:
    """Signing keys of the demo's subscriptions, for the sandbox that verifies with them."""
    return runtime.home.root / "secrets" / "sandbox-keys.json"


def run_script(runtime: Runtime, database: str, name: str, facts: Mapping[str, object]) -> None:
    text = (SCRIPTS / name).read_text()
    odoo_process.shell(runtime, database, text, {"facts": json.dumps(facts)})


def _create(platform: Platform, runtime: Runtime, tenant: Tenant) -> TenantRow:
    request = tenants.CreateRequest(
        rut=tenant.rut,
        name=tenant.name,
        slug=tenant.slug,
        plan=tenant.plan,
        hosts=tenant.hosts,
        admin_email=tenant.login(OWNER),
        password=user_passwords(runtime)[OWNER],
    )
    local.ensure_template(platform, runtime)
    if platform.databases.exists(tenant.database) and _find(platform, tenant) is None:
        raise SetupError(
            f"the database {tenant.database} is not in the registry: start with --fresh to drop it"
        )
    with step(f"Creating the tenant {tenant.name}"):
        return tenants.create(platform, request).tenant


def _find(platform: Platform, tenant: Tenant) -> TenantRow | None:
    try:
        return platform.registry.tenant(tenant.rut)
    except UnknownTenant:
        return None
