"""A copy of a tenant for trials: its own host, its own identity, and nothing that leaves it.

The original is served on while it is copied. The copy belongs to the administrator until every
check says that it is harmless; the connector is never told of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from psycopg import sql

from smarter_connector.registry import InvalidRequest, NewTenant, OperationRow, TenantRow
from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants import backup_dump, releases, staging_reset
from smarter_connector.tenants.backup_snapshot import snapshot
from smarter_connector.tenants.jobs import SERVED, Drafted, held
from smarter_connector.tenants.platform import Platform, Say
from smarter_connector.tenants.publish import publish
from smarter_connector.tenants.steps import Facts, Step, run_steps
from smarter_domain.tenancy import SLUG_MAX, host_name, staging_name

KIND = "staging"
COPIES_MAX = 50


@dataclass(frozen=True)
class StagingJob(Drafted):
    source: TenantRow
    database: str


def clone_to_staging(
    platform: Platform, key: str | int, *, host: str = "", progress: Say | None = None
) -> TenantRow:
    """Copy a tenant to ``s_<rut>_<n>``; people log in with the passwords they have.

    A killed command is run again and goes on with the copy it began. Raises InvalidRequest,
    Conflict for a host that is taken, Busy, and StepFailed when the copy is not harmless; then
    nothing is served.
    """
    platform = replace(platform, say=progress) if progress else platform
    with held(platform, key) as (source, lock):
        if source.kind != "production" or source.status not in SERVED or not source.database:
            raise InvalidRequest(f"{source.slug} is no tenant that is served: {source.status}")
        tenant, operation = _begun(platform, source) or _begin(platform, source, host)
        job = StagingJob(tenant, source, str(operation.data["database"]))
        run_steps(platform, lock, operation, STEPS, job)
        return platform.registry.tenant(tenant.id)


def _begun(platform: Platform, source: TenantRow) -> tuple[TenantRow, OperationRow] | None:
    """The copy that a killed or failed command left in preparation."""
    registry = platform.registry
    for tenant in registry.tenants(kind="staging", status=("provisioning", "active")):
        if tenant.source_tenant != source.id:
            continue
        if operation := registry.open_operation(tenant.id, KIND):
            return tenant, operation
        if tenant.status == "provisioning":
            failed = registry.operations(tenant.id, 1)
            data = failed[0].data if failed else _facts(platform, source)
            return tenant, registry.begin(tenant.id, KIND, {"database": data["database"]})
    return None


def _begin(platform: Platform, source: TenantRow, host: str) -> tuple[TenantRow, OperationRow]:
    registry = platform.registry
    facts = _facts(platform, source)
    suffix = f"-prueba-{facts['number']}"
    slug = source.slug[: SLUG_MAX - len(suffix)].rstrip("-") + suffix
    tenant = registry.reserve(
        NewTenant(
            kind="staging", rut=source.rut, name=source.name, slug=slug, plan=source.plan,
            hosts=(host or host_name(slug, platform.settings.domain),),
            admin_email=source.admin_email, release=source.release,
            module_set=source.module_set, modules=dict(source.modules), source_tenant=source.id,
        )
    )  # fmt: skip
    return tenant, registry.begin(tenant.id, KIND, facts)


def _facts(platform: Platform, source: TenantRow) -> dict[str, Any]:
    """The first number whose database and slug are free."""
    taken = {row.slug for row in platform.registry.tenants(kind="staging")}
    for number in range(1, COPIES_MAX + 1):
        name = staging_name(source.rut, number)
        used = any(slug.endswith(f"-prueba-{number}") for slug in taken if _is_of(slug, source))
        if not used and not platform.databases.exists(name):
            return {"number": number, "database": name}
    raise InvalidRequest(f"{source.slug} has {COPIES_MAX} copies: delete some")


def _is_of(slug: str, source: TenantRow) -> bool:
    stem = slug.rpartition("-prueba-")[0]
    return bool(stem) and source.slug.startswith(stem)


def _copy(platform: Platform, job: StagingJob, facts: Mapping[str, Any]) -> Facts:
    source = str(job.source.database)
    with snapshot(platform, source) as state:
        if state.uuid != job.source.uuid:
            raise StepFailed(f"the database {source} is not that of {job.source.slug}")
        backup_dump.copy(platform, source, job.draft, state)
        platform.databases.copy_filestore(source, job.draft)
    return None


def _neutralize(platform: Platform, job: StagingJob, facts: Mapping[str, Any]) -> Facts:
    """Odoo's own statements, of every module that is installed, by the release's code."""
    role = platform.settings.odoo_role
    release = platform.registry.release(job.tenant.release)
    with platform.admin(job.draft) as connection:
        backup_dump.let_in(connection, role)
    releases.runner(platform, release).neutralize(job.draft)
    with platform.admin(job.draft) as connection:
        backup_dump.let_out(connection, role)
    return None


def _reset(platform: Platform, job: StagingJob, facts: Mapping[str, Any]) -> Facts:
    tenant = job.tenant
    copy = staging_reset.Copy(tenant.name, tenant.slug, platform.settings.base_url(tenant.host))
    with platform.admin(job.draft) as connection:
        return {"uuid": staging_reset.reset(connection, copy)}


def _prove(platform: Platform, job: StagingJob, facts: Mapping[str, Any]) -> Facts:
    """Raises StepFailed, and the copy stays where nobody reaches it."""
    database, role = sql.Identifier(job.draft), sql.Identifier(platform.settings.odoo_role)
    with platform.admin(job.draft) as connection:
        problems = staging_reset.audit(connection)
        # Odoo's role alone: the connector cannot even connect.
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, role))
    if problems:
        raise StepFailed(f"the copy is not harmless: {'; '.join(problems)}")
    return None


def _publish(platform: Platform, job: StagingJob, facts: Mapping[str, Any]) -> Facts:
    modules = dict(job.source.modules)
    detail = {"of": job.source.slug}
    publish(platform, job, KIND, "cloned", detail, uuid=facts["uuid"], modules=modules)
    platform.registry.note(job.source.id, "cloned to staging", {"as": job.database})
    return None


STEPS = (
    Step("copy", _copy, "copying database and files"),
    Step("neutralize", _neutralize, "letting Odoo neutralize the copy"),
    Step("reset", _reset, "taking away what could reach outside"),
    Step("prove", _prove, "proving that it is harmless"),
    Step("publish", _publish, "publishing"),
)
