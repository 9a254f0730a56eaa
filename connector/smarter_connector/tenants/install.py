"""Further modules for one tenant, out of those its release has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from smarter_connector.registry import InvalidRequest, TenantRow
from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants import releases
from smarter_connector.tenants.grants import give_rights
from smarter_connector.tenants.jobs import check_idle, check_no_page, check_status, held
from smarter_connector.tenants.mirror import check_identity
from smarter_connector.tenants.odoo_runner import FACTS, check_module
from smarter_connector.tenants.platform import Platform, Say
from smarter_connector.tenants.reset import installed_modules
from smarter_connector.tenants.steps import Facts, Step, run_steps

KIND = "install"
MAINTENANCE = "installing "
"""How the registry's reason for the maintenance of an installation begins."""
#: Odoo's own modules, as the database's list of modules knows them.
_OFFERED = """SELECT name FROM ir_module_module WHERE name = ANY(%s)
    AND state <> 'uninstallable' AND author = 'Odoo S.A.' AND license LIKE 'LGPL%%'"""
_INSTALLED = "SELECT name FROM ir_module_module WHERE state = 'installed' ORDER BY name"

#: A new application is the owners' to use, as those of the template are.
OWNERS = f"""
import json, os
if 'smarter.tenant' in env:
    env['smarter.tenant']._grant_apps_to_owners(json.loads(os.environ["{FACTS}"])["modules"])
    env.cr.commit()
"""


@dataclass(frozen=True)
class InstallJob:
    tenant: TenantRow
    modules: tuple[str, ...]


def install(
    platform: Platform, key: str | int, modules: Sequence[str], *, progress: Say | None = None
) -> TenantRow:
    """Install modules with Odoo while the tenant shows its maintenance page.

    A command that was killed leaves the page up: run it again. Raises InvalidRequest for a module
    that the tenant's release does not have, and StepFailed with Odoo's own words; then Odoo has
    taken back what was half installed, and the tenant is served as before.
    """
    registry = platform.registry
    with held(platform, key) as (tenant, lock):
        check_status(tenant)
        check_idle(platform, tenant, KIND)
        check_no_page(tenant, MAINTENANCE)
        wanted = tuple(dict.fromkeys(modules))
        _check_offered(platform, tenant, wanted)
        operation = registry.open_operation(tenant.id, KIND)
        if operation and operation.data.get("modules") != list(wanted):
            registry.finish(operation, error="other modules were asked for")
            operation = None
        operation = operation or registry.begin(tenant.id, KIND, {"modules": list(wanted)})
        try:
            run_steps(platform, lock, operation, STEPS, InstallJob(tenant, wanted))
        except StepFailed as error:
            registry.update(tenant.id, "install failed", {"error": str(error)}, maintenance=None)
            raise
    return registry.tenant(tenant.id)


def _check_offered(platform: Platform, tenant: TenantRow, modules: Sequence[str]) -> None:
    if not modules:
        raise InvalidRequest("name at least one module")
    try:
        for name in modules:
            check_module(name)
    except StepFailed as error:
        raise InvalidRequest(str(error)) from error
    release = platform.registry.release(tenant.release)
    with platform.admin(tenant.database or "") as connection:
        check_identity(connection, tenant)
        known = {name for (name,) in connection.execute(_OFFERED, [list(modules)]).fetchall()}
    if missing := [name for name in modules if name not in known | release.modules.keys()]:
        raise InvalidRequest(f"release {release.name} does not have {', '.join(missing)}")


def _close(platform: Platform, job: InstallJob, facts: Mapping[str, Any]) -> Facts:
    reason = f"{MAINTENANCE}{', '.join(job.modules)}"[:1000]
    platform.registry.update(
        job.tenant.id, "installing", {"modules": list(job.modules)}, maintenance=reason
    )
    return None


def _install(platform: Platform, job: InstallJob, facts: Mapping[str, Any]) -> Facts:
    odoo = releases.runner(platform, platform.registry.release(job.tenant.release))
    odoo.install(job.tenant.database or "", job.modules)
    return None


def _owners(platform: Platform, job: InstallJob, facts: Mapping[str, Any]) -> Facts:
    """Groups of what came with this installation, dependencies too; others stay as they are."""
    database = job.tenant.database or ""
    with platform.admin(database) as connection:
        installed = {name for (name,) in connection.execute(_INSTALLED).fetchall()}
    odoo = releases.runner(platform, platform.registry.release(job.tenant.release))
    odoo.shell(database, OWNERS, {"modules": sorted(installed - job.tenant.modules.keys())})
    return None


def _record(platform: Platform, job: InstallJob, facts: Mapping[str, Any]) -> Facts:
    """What is installed now, the connector's rights on it, and the page goes away."""
    release = platform.registry.release(job.tenant.release)
    with platform.admin(job.tenant.database or "") as connection:
        give_rights(platform, connection)
        installed = tuple(name for (name,) in connection.execute(_INSTALLED).fetchall())
    if missing := sorted(set(job.modules) - set(installed)):
        raise StepFailed(f"Odoo ended without a word and did not install {', '.join(missing)}")
    modules = installed_modules(installed, release.modules, release.odoo_build)
    # What was there keeps the digest it was upgraded to.
    kept = modules | dict(job.tenant.modules)
    platform.registry.update(
        job.tenant.id, "installed", {"modules": list(job.modules)}, modules=kept, maintenance=None
    )
    return None


STEPS = (
    Step("maintenance", _close, "putting up the maintenance page"),
    Step("odoo", _install, "letting Odoo install"),
    Step("owners", _owners, "letting the owners use it"),
    Step("record", _record, "checking and noting what is installed"),
)
