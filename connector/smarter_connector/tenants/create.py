"""A new tenant: its database cloned from a template, made its own by SQL, and handed to Odoo.

Nothing serves it before the last step: until then the database has another name, belongs to the
administrator, and the registry's views do not show it. Every step may be repeated, so a command
that was killed is simply run again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from smarter_connector.registry import (
    Conflict,
    InvalidRequest,
    NewTenant,
    TemplateRow,
    TenantRow,
    UnknownTenant,
)
from smarter_connector.tenants import readers, templates
from smarter_connector.tenants.grants import give_rights_in_draft
from smarter_connector.tenants.invitation import invite
from smarter_connector.tenants.jobs import Drafted
from smarter_connector.tenants.platform import Platform, Say
from smarter_connector.tenants.publish import publish
from smarter_connector.tenants.reset import Identity, installed_modules, reset
from smarter_connector.tenants.steps import Facts, Step, run_steps
from smarter_domain.rut import Rut
from smarter_domain.tenancy import database_name, host_name, slug_from_name

KIND = "create"


@dataclass(frozen=True, kw_only=True)
class CreateRequest:
    """``rut`` in any format. Without ``slug`` it is made from the name, without ``hosts`` the host
    is ``slug.domain``. ``password`` is the administrator's first; else an invitation is made."""

    rut: str
    name: str
    admin_email: str
    plan: str = "free"
    slug: str = ""
    hosts: tuple[str, ...] = ()
    admin_name: str = ""
    password: str | None = field(default=None, repr=False)
    module_set: str = ""
    release: str = ""
    external_ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Created:
    """``invitation`` is a link that lets its bearer choose the password: show it, do not log it."""

    tenant: TenantRow
    url: str
    invitation: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class CreateJob(Drafted):
    request: CreateRequest
    template: TemplateRow

    @property
    def database(self) -> str:
        return database_name(self.tenant.rut)


def create(platform: Platform, request: CreateRequest, *, progress: Say | None = None) -> Created:
    """Make the tenant, or go on where a killed command stopped.

    Raises Conflict when RUT, slug or host is taken, Busy when another command makes this tenant at
    the moment, InvalidRequest, TemplateUnusable, and StepFailed; then nothing is served and the
    command can be run again.
    """
    platform = replace(platform, say=progress) if progress else platform
    template = templates.usable(platform, request.module_set, request.release)
    try:
        tenant = _reserve(platform, request, template)
    except Conflict:
        if (found := _published(platform, request)) is None:
            raise
        return _created(platform, found, request)
    with platform.registry.lock(tenant.id) as lock:
        tenant = _claim(platform, tenant.id, request, template)
        job = CreateJob(tenant, request, template)
        registry = platform.registry
        operation = registry.open_operation(tenant.id, KIND)
        if operation and operation.data.get("template") != template.database:
            registry.finish(operation, error="it was made from another template")
            operation = None
        data = {"template": template.database}
        operation = operation or registry.begin(tenant.id, KIND, data)
        run_steps(platform, lock, operation, STEPS, job)
    return _created(platform, tenant.id, request)


def _reserve(platform: Platform, request: CreateRequest, template: TemplateRow) -> TenantRow:
    if not request.admin_email:
        raise InvalidRequest("a tenant needs the e-mail address of its administrator")
    slug = request.slug or slug_from_name(request.name)
    new = NewTenant(
        rut=request.rut,
        name=request.name,
        slug=slug,
        plan=request.plan,
        hosts=request.hosts or (host_name(slug, platform.settings.domain),),
        admin_email=request.admin_email,
        release=template.release,
        module_set=template.module_set,
        external_ids=request.external_ids,
    )
    platform.say("reserving the RUT")
    return platform.registry.reserve(new)


def _published(platform: Platform, request: CreateRequest) -> int | None:
    """The id of the tenant whose creation was killed when only the end of it was not noted."""
    registry = platform.registry
    try:
        tenant = registry.tenant(Rut.parse(request.rut).plain)
    except UnknownTenant:
        return None
    if tenant.status != "active" or tenant.name != request.name:
        return None
    with registry.lock(tenant.id):
        operation = registry.open_operation(tenant.id, KIND)
        if operation is None:
            return None
        registry.finish(operation)
    return tenant.id


def _claim(
    platform: Platform, tenant_id: int, request: CreateRequest, template: TemplateRow
) -> TenantRow:
    """The row under our lock. What an earlier, killed command asked for gives way to this one."""
    registry = platform.registry
    tenant = registry.tenant(tenant_id)
    if tenant.status != "provisioning":
        raise Conflict(f"the RUT {tenant.rut} belongs to tenant {tenant.slug}, {tenant.status}")
    wanted = {
        "name": request.name, "slug": request.slug or tenant.slug, "plan": request.plan,
        "admin_email": request.admin_email, "release": template.release,
        "module_set": template.module_set, "external_ids": dict(request.external_ids),
    }  # fmt: skip
    changed = {key: value for key, value in wanted.items() if getattr(tenant, key) != value}
    if changed or request.password is not None:
        # The password of an earlier try may be another one, or none: nothing tells.
        _begin_anew(platform, tenant.id)
    if changed:
        tenant = registry.update(tenant.id, "reserved", {"again": sorted(changed)}, **changed)
    if request.hosts and tenant.hosts != tuple(host.lower() for host in request.hosts):
        _begin_anew(platform, tenant.id)
        registry.set_hosts(tenant.id, request.hosts)
        tenant = registry.tenant(tenant.id)
    return tenant


def _begin_anew(platform: Platform, tenant_id: int) -> None:
    if operation := platform.registry.open_operation(tenant_id, KIND):
        platform.registry.finish(operation, error="it was asked for otherwise")


def _clone(platform: Platform, job: CreateJob, facts: Mapping[str, Any]) -> Facts:
    platform.databases.clone(job.template.database, job.draft)
    return None


def _filestore(platform: Platform, job: CreateJob, facts: Mapping[str, Any]) -> Facts:
    platform.databases.copy_filestore(job.template.database, job.draft)
    return None


def _reset(platform: Platform, job: CreateJob, facts: Mapping[str, Any]) -> Facts:
    tenant, request = job.tenant, job.request
    identity = Identity(
        rut=tenant.rut,
        name=tenant.name,
        slug=tenant.slug,
        plan=tenant.plan,
        base_url=platform.settings.base_url(tenant.host),
        admin_email=tenant.admin_email,
        admin_name=request.admin_name,
        external_ids=request.external_ids,
        password=request.password,
    )
    with platform.admin(job.draft) as connection:
        outcome = reset(connection, identity)
    return {"uuid": outcome.uuid, "modules": list(outcome.modules)}


def _warehouse(platform: Platform, job: CreateJob, facts: Mapping[str, Any]) -> Facts:
    readers.enter(platform, job.tenant.rut, job.tenant.name)
    return None


def _publish(platform: Platform, job: CreateJob, facts: Mapping[str, Any]) -> Facts:
    release = platform.registry.release(job.template.release)
    modules = installed_modules(facts["modules"], release.modules, release.odoo_build)
    detail = {"template": job.template.database}
    publish(platform, job, KIND, "created", detail, uuid=facts["uuid"], modules=modules)
    return None


STEPS = (
    Step("clone", _clone, "cloning the template"),
    Step("filestore", _filestore, "linking the files"),
    Step("reset", _reset, "renewing secrets, writing whose it is"),
    Step("grants", give_rights_in_draft, "granting rights"),
    Step("warehouse", _warehouse, "entering it in the warehouse"),
    Step("publish", _publish, "publishing"),
)


def _created(platform: Platform, tenant_id: int, request: CreateRequest) -> Created:
    tenant = platform.registry.tenant(tenant_id)
    url = platform.settings.base_url(tenant.host)
    if request.password is not None or not tenant.database:
        return Created(tenant, url)
    hours = platform.settings.invitation_hours
    with platform.admin(tenant.database) as connection:
        return Created(tenant, url, invite(connection, url, now=platform.clock.time(), hours=hours))
